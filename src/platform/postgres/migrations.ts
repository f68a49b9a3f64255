import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrateJobs } from '../jobs/job-schema.js';
import { withSchemaEngine, type MigrationList, type SchemaEngine } from './schema-engine.js';

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));
const FILTERS = { externalTables: [], externalEnums: [] };
const BASELINE = '000_baseline';

/** A migration of the folder. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * Applies the migrations that the database lacks, in order, with Prisma's own schema engine (as WebAssembly, so that no
 * engine is downloaded), which records them in `_prisma_migrations` where `prisma migrate deploy` finds them. A database
 * that already has tables gets the empty baseline marked as applied first: the engine refuses it otherwise (P3005). A
 * migration of ours that was cut short has left nothing, since each is one transaction, and is applied again. The jobs'
 * tables are graphile-worker's, which migrates them itself.
 *
 * @returns the names of the migrations applied now; none when the database was up to date.
 * @throws {MigrationError} with what PostgreSQL said; of the migration that failed nothing is left
 */
export async function applyMigrations(url: string): Promise<readonly string[]> {
  const list = await migrationList(await folderMigrations());
  const applied = await withSchemaEngine(url, async (engine) => {
    const apply = () => engine.applyMigrations({ migrationsList: list, filters: FILTERS });
    try {
      return (await apply()).appliedMigrationNames;
    } catch (error) {
      if (hasCode(error, NOT_EMPTY)) await markBaseline(engine, list);
      else if (hasCode(error, FAILED_MIGRATIONS)) await forgetFailures(engine, list);
      else throw error;
      return (await apply()).appliedMigrationNames;
    }
  });
  await migrateJobs(url);
  return applied;
}

/** What stands in the database's way to the migrations of the folder. */
export interface MigrationState {
  /** Those that it does not have, oldest first. */
  readonly pending: readonly Migration[];
  /** Those of another project, in the same table of Prisma's, that have failed: the engine goes no further then. */
  readonly failedElsewhere: readonly string[];
}

/** Changes nothing. */
export async function migrationState(url: string): Promise<MigrationState> {
  const migrations = await folderMigrations();
  const list = await migrationList(migrations);
  const { history, failedMigrationNames } = await withSchemaEngine(url, (engine) => diagnose(engine, list));
  // Absent when up to date; a database that also has migrations of somebody else's is behind all the same.
  const unapplied = history !== null && 'unappliedMigrationNames' in history ? history.unappliedMigrationNames : [];
  const pending = new Set([...unapplied, ...failedMigrationNames]);
  const ours = new Set(migrations.map(({ name }) => name));
  return {
    pending: migrations.filter(({ name }) => pending.has(name)),
    failedElsewhere: failedMigrationNames.filter((name) => !ours.has(name)),
  };
}

/** The migrations of the folder that the database does not have, oldest first. Changes nothing. */
export async function pendingMigrations(url: string): Promise<readonly Migration[]> {
  return (await migrationState(url)).pending;
}

/** Prisma's codes: the database has tables and no history; a migration was begun and not finished. */
const NOT_EMPTY = 'P3005';
const FAILED_MIGRATIONS = 'P3009';

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function markBaseline(engine: SchemaEngine, list: MigrationList): Promise<void> {
  await engine.markMigrationApplied({ migrationName: BASELINE, migrationsList: list });
}

async function forgetFailures(engine: SchemaEngine, list: MigrationList): Promise<void> {
  const { failedMigrationNames } = await diagnose(engine, list);
  const ours = new Set(list.migrationDirectories.map(({ path }) => path));
  for (const migrationName of failedMigrationNames.filter((name) => ours.has(name))) {
    await engine.markMigrationRolledBack({ migrationName });
  }
}

function diagnose(engine: SchemaEngine, list: MigrationList) {
  return engine.diagnoseMigrationHistory({ migrationsList: list, optInToShadowDatabase: false, filters: FILTERS });
}

async function folderMigrations(): Promise<readonly Migration[]> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => ({ name, sql: await readFile(join(MIGRATIONS, name, 'migration.sql'), 'utf8') })),
  );
}

async function migrationList(migrations: readonly Migration[]): Promise<MigrationList> {
  return {
    baseDir: MIGRATIONS,
    lockfile: { path: 'migration_lock.toml', content: await readFile(join(MIGRATIONS, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
}
