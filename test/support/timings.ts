import { afterAll, beforeAll } from 'vitest';
import { setTimings, type TimingChanges } from '../../src/platform/timings.js';

/** Shortens durations for the test file that calls it. It stands before useDatabases(), which opens with them. */
export function useTimings(changes: TimingChanges): void {
  let restore: (() => void) | undefined;
  beforeAll(() => {
    restore = setTimings(changes);
  });
  afterAll(() => restore?.());
}

/** A copier that looks for changes, and says how far it is, ten times in a second. */
export const QUICK_SYNC: TimingChanges = { userSync: { wait: 100, checkpoint: 100, freshness: 50, firstRest: 100 } };

/** An audit that waits for such a copier no longer than it takes. */
export const QUICK_AUDIT: TimingChanges = {
  ...QUICK_SYNC,
  audit: { pause: 30, patience: 800, clientPatience: 500 },
};
