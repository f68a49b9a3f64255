import type { SyncState } from '../copies/sync-state.js';
import { number, printable } from './doctor/words.js';

/** How the copy of users stands, for people. */
export function describeSync(state: SyncState | null): string {
  if (state === null)
    return 'No user was ever copied: a gateway or a worker does it when it starts, or "npm run sync".';
  const { leader, phase, backfillDone, backfillTotal, backfilledAt, freshAt, problem, problemAt } = state;
  return [
    ...(problem === null ? [] : [`Users are not copied since ${shown(problemAt)}: ${printable(problem)}`]),
    ...(phase === null
      ? []
      : [`Being copied: ${number(backfillDone)} of ${number(backfillTotal ?? backfillDone)} users`]),
    completeness(backfilledAt, freshAt),
    `Copied by ${printable(leader ?? 'nobody')}.`,
  ].join('\n');
}

/** The same for programs. */
export function syncAsJson(state: SyncState | null): string {
  if (state === null) return JSON.stringify({ backfilledAt: null }, null, 2);
  const { leader, phase, backfillDone, backfillTotal, backfillStartedAt, backfilledAt, freshAt, problem, problemAt } =
    state;
  const shownState = { leader, phase, backfillDone, backfillTotal, backfillStartedAt, backfilledAt, freshAt };
  return JSON.stringify({ ...shownState, problem, problemAt }, null, 2);
}

function completeness(backfilledAt: Date | null, freshAt: Date | null): string {
  if (backfilledAt === null) return 'Not complete yet.';
  const complete = `Complete as of ${shown(backfilledAt)}`;
  return freshAt === null ? `${complete}.` : `${complete}; all changes until ${shown(freshAt)} are in the copy.`;
}

function shown(time: Date | null): string {
  return time === null ? 'never' : time.toISOString();
}
