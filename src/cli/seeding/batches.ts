import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/codes.js';
import type { Progress } from '../../platform/task.js';
import type { Destination } from './destination.js';

/** Rows of one statement, and statements under way: while the database writes one batch, the next is made. */
const BATCH = 1_000;
const UNDER_WAY = 2;

const PAUSES = [250, 1_000, 3_000];
const PASSING: readonly ErrorCode[] = ['POSTGRES_UNAVAILABLE', 'MONGO_UNAVAILABLE', 'OUTCOME_UNKNOWN'];

/**
 * Writes all rows of a destination, batch after batch. Returns, or throws, when none is under way any more.
 *
 * @throws what a write throws, or what the signal says; then no further one is begun
 */
export async function writeAll(destination: Destination, update: Progress, signal: AbortSignal): Promise<void> {
  const { name, planned } = destination;
  let [next, done] = [0, 0];
  const writeOn = async (): Promise<void> => {
    while (next < planned) {
      const [from, to] = [next, Math.min(next + BATCH, planned)];
      next = to;
      await persistently(() => destination.write(from, to), signal);
      done += to - from;
      update(done / planned, `${inWords(done)} of ${inWords(planned)} ${name}`);
    }
  };
  const writers = Array.from({ length: UNDER_WAY }, async () => {
    try {
      await writeOn();
    } finally {
      next = planned;
    }
  });
  const failed = (await Promise.allSettled(writers)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/**
 * Does what may be done twice; again after a while, where the database was away.
 *
 * @throws what `work` throws, the last time, or what the signal says
 */
export async function persistently(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (const pause of PAUSES) {
    signal.throwIfAborted();
    try {
      await work();
      return;
    } catch (error) {
      if (!PASSING.some((code) => isAppError(error, code))) throw error;
      await sleep(pause, undefined, { signal });
    }
  }
  await work();
}

const COUNT = new Intl.NumberFormat('en-US');

/** A number for people: 1,000,000. */
export function inWords(count: number): string {
  return COUNT.format(count);
}
