import { SOURCES } from '../domains/catalogue.js';
import { examineCollections } from '../platform/mongo/collection-fitness.js';
import * as mongoIndexes from '../platform/mongo/indexes.js';
import type { Platform } from '../platform/platform.js';
import { createIndexes } from '../platform/postgres/index-creation.js';
import * as postgresIndexes from '../platform/postgres/indexes.js';
import { applyMigrations } from '../platform/postgres/migrations.js';
import { missingColumns } from '../platform/postgres/missing.js';
import { tableFacts } from '../platform/postgres/table-facts.js';
import { examineColumns } from '../platform/postgres/table-fitness.js';
import type { Task } from '../platform/task.js';
import { planAdoption, refuseUnfit } from './adoption.js';
import type { Databases } from './databases.js';
import { insertDemonstrationData, isEmpty } from './demonstration-data.js';
import { missingIndexes } from './indexes.js';
import { writeTables } from './write-tables.js';

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
  const { own } = databases;
  await makeReady(platform, databases, task);
  if (own.mongo) await warnOfCollections(platform);
  if (!own.postgres && !own.mongo && (await isEmpty(platform))) {
    await task('Insert demonstration data', (update) => insertDemonstrationData(platform, update));
  }
}

/** The same without data. @throws {NotMigratedError} as {@link prepare} does */
export async function makeReady(platform: Platform, databases: Databases, task: Task): Promise<void> {
  const { own, databaseUrl } = databases;
  if (own.postgres) await checkTables(platform, databaseUrl);
  else await task('Apply migrations', () => applyMigrations(databaseUrl));
  const { postgres: inPostgres, mongo: inMongo } = await missingIndexes(platform);
  if (own.postgres) warnOfIndexes(platform, 'DATABASE_URL', inPostgres.map(postgresIndexes.describeIndex));
  else if (inPostgres.length > 0) {
    await task('Create indexes in PostgreSQL', () => createIndexes(databaseUrl, inPostgres));
  }
  if (own.mongo) warnOfIndexes(platform, 'MONGODB_URI', inMongo.map(mongoIndexes.describeIndex));
  else if (inMongo.length > 0) {
    await task('Create indexes in MongoDB', () => mongoIndexes.createIndexes(platform.mongo, inMongo));
  }
}

/** A database without the collections is served, and is rarely meant. */
async function warnOfCollections({ logger, mongo }: Platform): Promise<void> {
  const [first] = await examineCollections(mongo, SOURCES);
  if (first !== undefined) logger.warn(`${first.problem}; ${first.remedy}`);
}

/** Without them every answer is right, and slow. */
function warnOfIndexes({ logger }: Platform, variable: string, missing: readonly string[]): void {
  if (missing.length === 0) return;
  logger.warn(
    `the database of ${variable} lacks indexes that joins need; "npm run migrate" creates them: ${missing.join('; ')}`,
  );
}

/**
 * Looks whether PostgreSQL has what the sources read. Changes nothing.
 *
 * @throws {NotMigratedError} where "npm run migrate" adds what is missing
 * @throws {NotAdoptableError} where it does not, or where what is there cannot be read
 */
export async function checkTables(platform: Platform, databaseUrl: string): Promise<void> {
  const tables = await tableFacts(platform.postgres, SOURCES);
  const forWrites = await writeTables(platform);
  const missing = [...missingColumns(tables, SOURCES), ...forWrites.missing];
  if (missing.length === 0) {
    refuseUnfit([...examineColumns(tables, SOURCES), ...forWrites.findings]);
    return;
  }
  const { pending, jobSchema, findings } = await planAdoption(platform, databaseUrl);
  refuseUnfit(findings);
  const remedy =
    pending.length > 0 || jobSchema !== null
      ? '"npm run migrate" adds it ("npm run migrate -- --dry-run" shows the SQL first)'
      : 'no migration in prisma/migrations adds it: write one (docs/adding-a-domain.md)';
  throw new NotMigratedError(
    `The database of DATABASE_URL lacks ${missing.join(', ')}. Nothing was changed; ${remedy}.`,
  );
}
