import type { Logger } from 'pino';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { batchOf } from './copy-batch.js';
import { writeInParts } from './copy-in-parts.js';
import { copyStatements, type CopyOptions } from './copy-statements.js';
import { copyTable } from './copy-table.js';
import { logRefused } from './refused-row.js';
import type { UserSnapshot } from './user-snapshot.repository.js';

/** How a snapshot is copied, and into what. */
export interface CopySnapshot extends Pick<CopyOptions, 'follows' | 'buries' | 'isAgain'> {
  readonly postgres: PostgresDatabase;
  readonly logger: Logger;
}

/**
 * Copies what a snapshot has, but for what is newer already. It can be made again, late, and by several at once.
 *
 * @param write runs statements in one transaction; the last call has all that was not written before, which may be nothing
 * @throws what PostgreSQL says, but for a row that the table refuses
 */
export async function copySnapshot(
  snapshot: UserSnapshot,
  { postgres, logger, ...options }: CopySnapshot,
  write: (statements: readonly Sql[], isLast: boolean) => Promise<unknown>,
): Promise<void> {
  const table = await copyTable(postgres);
  const { schema } = postgres;
  await writeInParts(
    batchOf(snapshot, table.lengths),
    (part, isLast) => write(part.rows.length === 0 ? [] : copyStatements(part, { table, schema, ...options }), isLast),
    logRefused(logger),
  );
}
