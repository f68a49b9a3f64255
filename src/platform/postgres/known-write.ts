import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError, type AppError } from '../../errors/app-error.js';
import { unavailable } from './postgres-errors.js';
import type { PostgresDatabase, Sql } from './postgres.js';
import { TIMINGS } from '../timings.js';

type Row = Record<string, unknown>;

/** What a statement returns for {@link writeKnown}: the id of its transaction. */
export const TRANSACTION_ID = 'pg_current_xact_id()::text AS "~transaction"';

const FIRST_PAUSE = 50;

/**
 * Runs a statement that writes, and finds out what became of it when the connection breaks: where its answer has not
 * come, the COMMIT behind it was never sent, and where it has, PostgreSQL is asked by the transaction's id (`pg_xact_status`)
 * whether it was committed. What was not is made again.
 *
 * @param what is going on, for the message
 * @param statement returns {@link TRANSACTION_ID} with the rows that it has written
 * @param until until when, by `performance.now()`
 * @throws {AppError} POSTGRES_UNAVAILABLE and WRITE_REFUSED when nothing was written; OUTCOME_UNKNOWN when PostgreSQL was
 * out of reach for all that time. Any other error, a unique violation too, as it comes
 */
export async function writeKnown(
  postgres: PostgresDatabase,
  what: string,
  statement: Sql,
  until: number,
): Promise<readonly Row[]> {
  for (let pause = FIRST_PAUSE; ; pause *= 2) {
    const attempt: { rows: readonly Row[] | null } = { rows: null };
    try {
      return await postgres.write(what, (prisma) =>
        prisma.$transaction(async (transaction) => {
          attempt.rows = await transaction.$queryRawUnsafe<Row[]>(statement.sql, ...statement.parameters);
          return attempt.rows;
        }),
      );
    } catch (error) {
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
