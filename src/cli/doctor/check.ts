import { reasonOf } from './reason.js';

/** `warning`: the graph works, and something is worse than it could be. `skipped`: it could not be looked at. */
export type Status = 'ok' | 'warning' | 'error' | 'skipped';

/** What was looked at, and what came of it. */
export interface Check {
  /** Its group, a dot, and what was looked at: `postgres.indexes`. Several findings about one thing share it. */
  readonly id: string;
  readonly status: Status;
  /** What is so, in one line. */
  readonly message: string;
  /** More lines for people; programs find the same in `data`. */
  readonly details: readonly string[];
  /** What to do, where possible as something to type; null where there is nothing to do. */
  readonly remedy: string | null;
  readonly data: Data;
}

export type Data = Readonly<Record<string, unknown>>;

export function ok(id: string, message: string, data: Data = {}): Check {
  return { id, status: 'ok', message, details: [], remedy: null, data };
}

export function skipped(id: string, message: string, data: Data = {}): Check {
  return { id, status: 'skipped', message, details: [], remedy: null, data };
}

export function warning(id: string, message: string, remedy: string, data: Data = {}): Check {
  return { id, status: 'warning', message, details: [], remedy, data };
}

export function failure(id: string, message: string, remedy: string, data: Data = {}): Check {
  return { id, status: 'error', message, details: [], remedy, data };
}

/** How a statement ends that took longer than one may. */
const TOO_LONG = /time ?out|time limit|in time/i;

/**
 * Looks at one thing. Whatever keeps it from being looked at is a finding too, and ends none of the others: a warning
 * where it only takes too long, as it may with very many rows.
 */
export async function guarded(
  id: string,
  look: () => Promise<readonly Check[]> | readonly Check[],
): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    const reason = reasonOf(error);
    const message = `${id.slice(id.indexOf('.') + 1)} could not be looked at: ${reason}`;
    if (TOO_LONG.test(reason)) return [warning(id, message, 'run this again while the server is less busy')];
    return [failure(id, message, 'mend what it names, then run this again')];
  }
}
