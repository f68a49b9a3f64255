import { RELATIONS, SOURCES } from '../domains/catalogue.js';
import {
  createIndexes,
  describeIndex,
  missingIndexes,
  neededIndexes,
  type NeededIndex,
} from '../platform/mongo/indexes.js';
import type { Platform } from '../platform/platform.js';
import { applyMigrations } from '../platform/postgres/migrations.js';
import { missingColumns } from '../platform/postgres/missing.js';
import type { Task } from '../platform/task.js';
import type { Databases } from './databases.js';
import { insertDemonstrationData, isEmpty } from './demonstration-data.js';

/** A database of people's own lacks what the graph reads. */
export class NotMigratedError extends Error {
  readonly code = 'NOT_MIGRATED';
}

/**
 * Makes embedded databases ready: tables, indexes, demonstration data where both are empty. People's own databases are
 * only looked at.
 *
 * @throws {NotMigratedError} that says what a database of people's own lacks, and what to do
 */
export async function prepare(platform: Platform, databases: Databases, task: Task): Promise<void> {
  const { own, databaseUrl } = databases;
  if (own.postgres) await checkTables(platform);
  else await task('Apply migrations', () => applyMigrations(databaseUrl));
  const indexes = await missingIndexes(platform.mongo, neededIndexes(SOURCES, RELATIONS));
  if (own.mongo) warnOfIndexes(platform, indexes);
  else if (indexes.length > 0) await task('Create indexes', () => createIndexes(platform.mongo, indexes));
  if (!own.postgres && !own.mongo && (await isEmpty(platform))) {
    await task('Insert demonstration data', (update) => insertDemonstrationData(platform, update));
  }
}

/** Without them every answer is right, and slow. */
function warnOfIndexes({ logger }: Platform, indexes: readonly NeededIndex[]): void {
  if (indexes.length === 0) return;
  const missing = indexes.map(describeIndex).join('; ');
  logger.warn(`the database of MONGODB_URI lacks indexes that joins need; "npm run migrate" creates them: ${missing}`);
}

async function checkTables({ postgres }: Platform): Promise<void> {
  const missing = await missingColumns(postgres, SOURCES);
  if (missing.length === 0) return;
  throw new NotMigratedError(
    `The database of DATABASE_URL lacks ${missing.join(', ')}. Nothing was changed; "npm run migrate" adds it ` +
      '("npm run migrate -- --dry-run" shows the SQL first).',
  );
}
