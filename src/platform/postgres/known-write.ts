import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError, type AppError } from '../../errors/app-error.js';
import { unavailable } from './postgres-errors.js';
import type { PostgresDatabase, Sql } from './postgres.js';
import { TIMINGS } from '../timings.js';

type Row = Record<string, unknown>;

/** What a statement returns for {@link writeKnown}: the id of its transaction. */
export const TRANSACTION_ID = 'pg_current_xact_id()::text AS "~transaction"';

const FIRST_PAUSE = 50;

/** What {@link writeKnown} runs in one transaction. */
export interface KnownWrite {
  /** Statements to run before: locks, which the statement's snapshot has to be younger than. */
  readonly first?: readonly Sql[];
  /** Returns {@link TRANSACTION_ID} with the rows that it has written. */
  readonly statement: Sql;
  /** Whether what was written may stay; else the transaction is rolled back, and no row is returned. */
  readonly isKept?: (rows: readonly Row[]) => boolean;
}

/** Rolls a transaction back whose rows are not to stay. */
class NotKept extends Error {}

/**
 * Runs a statement that writes, and finds out what became of it when the connection breaks: where its answer has not
 * come, the COMMIT behind it was never sent, and where it has, PostgreSQL is asked by the transaction's id (`pg_xact_status`)
 * whether it was committed. What was not is made again.
 *
 * @param what is going on, for the message
 * @param write the statement, and what surrounds it
 * @param until until when, by `performance.now()`
 * @throws {AppError} POSTGRES_UNAVAILABLE and WRITE_REFUSED when nothing was written; OUTCOME_UNKNOWN when PostgreSQL was
 * out of reach for all that time. Any other error, a unique violation too, as it comes
 */
export async function writeKnown(
  postgres: PostgresDatabase,
  what: string,
  write: KnownWrite,
  until: number,
): Promise<readonly Row[]> {
  const { first = [], statement, isKept = () => true } = write;
  for (let pause = FIRST_PAUSE; ; pause *= 2) {
    const attempt: { rows: readonly Row[] | null } = { rows: null };
    try {
      return await postgres.write(what, (prisma) =>
        prisma.$transaction(async (transaction) => {
          for (const { sql, parameters } of first) await transaction.$queryRawUnsafe(sql, ...parameters);
          const rows = await transaction.$queryRawUnsafe<Row[]>(statement.sql, ...statement.parameters);
          if (!isKept(rows)) throw new NotKept();
          attempt.rows = rows;
          return rows;
        }),
      );
    } catch (error) {
      if (error instanceof NotKept) return [];
      if (!isAppError(error, 'OUTCOME_UNKNOWN')) throw error;
      const [row] = attempt.rows ?? [];
      const asking = Math.max(until, performance.now() + TIMINGS.postgres.commitStatus);
      if (row !== undefined && (await isCommitted(postgres, row['~transaction'], asking, error)))
        return attempt.rows ?? [];
      if (performance.now() + pause > until) throw unavailable(error);
      await sleep(pause);
    }
  }
}

/** @throws {AppError} `unknown` when it cannot be found out in time */
async function isCommitted(
  postgres: PostgresDatabase,
  id: unknown,
  until: number,
  unknown: AppError,
): Promise<boolean> {
  for (let pause = FIRST_PAUSE; ; pause *= 2) {
    const status = await statusOf(postgres, id);
    if (status === 'committed' || status === 'aborted') return status === 'committed';
    if (performance.now() + pause > until) throw unknown;
    await sleep(pause);
  }
}

/** `committed`, `aborted`, or anything else where that is not known yet: the server may not have noticed the end. */
async function statusOf(postgres: PostgresDatabase, id: unknown): Promise<unknown> {
  try {
    const [row] = await postgres.query('SELECT pg_xact_status($1::text::xid8) AS "status"', id);
    return row?.['status'];
  } catch {
    // Away still; or another server by now, to which such a transaction is yet to come.
    return null;
  }
}
