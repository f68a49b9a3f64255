import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import type { Sql } from '../platform/postgres/postgres.js';

/** How far the copy of users has come, and who makes it. */
export interface SyncState {
  /** Grows with each leader. */
  readonly epoch: string;
  readonly leader: string | null;
  /** Where the change stream goes on, as EJSON; null where that is not known. */
  readonly token: string | null;
  /** The last change that the stream has given, as a token; null before the first. */
  readonly lastChange: string | null;
  /** The server's process that the stream was read from; null where that is not known. */
  readonly server: string | null;
  /** The collection that it is a stream of: its UUID; null where there was none. */
  readonly collection: string | null;
  /** All changes up to here are in the copy, unless a backfill is under way. */
  readonly coveredTo: ClusterTime | null;
  /** When that was so the last time. */
  readonly freshAt: Date | null;
  readonly phase: 'users' | 'deletions' | null;
  /** The last key that the phase is through with, as EJSON. */
  readonly after: string | null;
  readonly backfillFrom: ClusterTime | null;
  readonly backfillDone: number;
  readonly backfillTotal: number | null;
  readonly backfillStartedAt: Date | null;
  /** When the copy was complete the last time. */
  readonly backfilledAt: Date | null;
  /** Since when somebody wants a backfill that has not begun. */
  readonly requestedAt: Date | null;
  /** What keeps the copy from being kept; null where nothing does. */
  readonly problem: string | null;
  readonly problemAt: Date | null;
}

/** Whether all changes up to a moment are in the copy. */
export function isCovered({ phase, coveredTo }: SyncState, moment: ClusterTime): boolean {
  return phase === null && coveredTo !== null && coveredTo >= moment;
}

/** The first half of the key of the leader's advisory lock: "sync", in ASCII. The second is the schema's name. */
export const LEADER_LOCK = 0x73796e63;

/** The row of the collection. */
const SOURCE = 'users';

const COLUMNS = `"epoch"::text, "leader", "token"::text, "lastChange"::text, "server", "collection", "coveredTo", "freshAt",
  "phase", "after", "backfillFrom", "backfillDone"::int, "backfillTotal"::int, "backfillStartedAt", "backfilledAt",
  "requestedAt", "problem", "problemAt"`;

/** Reads it; no row before the first leader. */
export const READ_STATE = `SELECT ${COLUMNS} FROM "tandem_sync" WHERE "source" = '${SOURCE}'`;

/** Makes the row that leaders change. */
export const MAKE_STATE = `INSERT INTO "tandem_sync" ("source") VALUES ('${SOURCE}') ON CONFLICT DO NOTHING`;

/** For a new leader: from now on nobody else's changes count. $1 is its name. */
export const TAKE_STATE = `UPDATE "tandem_sync" SET "epoch" = "epoch" + 1, "leader" = $1::text WHERE "source" = '${SOURCE}'
  RETURNING ${COLUMNS}`;

/** Asks for a backfill, unless one is under way or asked for already. */
export const REQUEST_BACKFILL = `UPDATE "tandem_sync" SET "requestedAt" = COALESCE("requestedAt", clock_timestamp())
  WHERE "source" = '${SOURCE}' AND "phase" IS NULL`;

/** What a leader changes; what is absent stays. */
export type StateChange = Partial<Omit<SyncState, 'epoch' | 'leader'>>;

const TYPES: Readonly<Record<keyof StateChange, string>> = {
  token: 'jsonb',
  lastChange: 'jsonb',
  server: 'text',
  collection: 'text',
  coveredTo: 'text',
  freshAt: 'timestamptz',
  phase: 'text',
  after: 'text',
  backfillFrom: 'text',
  backfillDone: 'bigint',
  backfillTotal: 'bigint',
  backfillStartedAt: 'timestamptz',
  backfilledAt: 'timestamptz',
  requestedAt: 'timestamptz',
  problem: 'text',
  problemAt: 'timestamptz',
};

/** A leader's change; it gives the row as it is then, and none to one who leads no more. */
export function changeState(epoch: string, change: StateChange): Sql {
  const entries = Object.entries(change) as [keyof StateChange, StateChange[keyof StateChange]][];
  const sets = ['"epoch" = "epoch"', ...entries.map(([name], at) => `"${name}" = $${at + 2}::text::${TYPES[name]}`)];
  const sql = `UPDATE "tandem_sync" SET ${sets.join(', ')} WHERE "source" = '${SOURCE}' AND "epoch" = $1::text::bigint
    RETURNING ${COLUMNS}`;
  return { sql, parameters: [epoch, ...entries.map(([, value]) => textOf(value))] };
}

function textOf(value: string | number | Date | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  return value instanceof Date ? value.toISOString() : String(value);
}

export function toState(row: Readonly<Record<string, unknown>>): SyncState {
  return row as unknown as SyncState;
}
