import type { SyncState } from '../copies/sync-state.js';
import { number, printable } from './doctor/words.js';

const NOBODY =
  'Nobody copies users now: a gateway (npm start) or a worker (npm run worker) does while it runs, unless USER_SYNC=off.';

/** How the copy of users stands, for people. @param isLed whether anybody copies users now */
export function describeSync(state: SyncState | null, isLed: boolean): string {
  if (state === null)
    return 'No user was ever copied: a gateway or a worker does it when it starts, or "npm run sync".';
  const { leader, phase, backfillDone, backfillTotal, backfilledAt, freshAt, problem, problemAt } = state;
  return [
    ...(problem === null ? [] : [`Users are not copied since ${shown(problemAt)}: ${printable(problem)}`]),
    ...(phase === null
      ? []
      : [`Being copied: ${number(backfillDone)} of ${number(backfillTotal ?? backfillDone)} users`]),
    completeness(backfilledAt, freshAt),
    isLed ? `Copied by ${printable(leader ?? 'nobody')}.` : NOBODY,
  ].join('\n');
}

/** The same for programs. */
export function syncAsJson(state: SyncState | null, isLed: boolean): string {
  if (state === null) return JSON.stringify({ backfilledAt: null }, null, 2);
  const { leader, phase, backfillDone, backfillTotal, backfillStartedAt, backfilledAt, freshAt, problem, problemAt } =
    state;
  const shownState = {
    leader: isLed ? leader : null,
    phase,
    backfillDone,
    backfillTotal,
    backfillStartedAt,
    backfilledAt,
    freshAt,
  };
  return JSON.stringify({ ...shownState, problem, problemAt }, null, 2);
}

function completeness(backfilledAt: Date | null, freshAt: Date | null): string {
  if (backfilledAt === null) return 'Not complete yet.';
  const whole = `All users were read for it at ${shown(backfilledAt)}`;
  return freshAt === null ? `${whole}.` : `${whole}; all changes until ${shown(freshAt)} are in it.`;
}

function shown(time: Date | null): string {
  return time === null ? 'never' : time.toISOString();
}
