import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
 * migration of ours that was cut short has left nothing, since each is one transaction, and is applied again.
 *
 * @returns the names of the migrations applied now; none when the database was up to date.
 */
export async function applyMigrations(url: string): Promise<readonly string[]> {
  const list = await migrationList();
  return withSchemaEngine(url, async (engine) => {
    const apply = () => engine.applyMigrations({ migrationsList: list, filters: FILTERS });
    await forgetFailures(engine, list);
    try {
      return (await apply()).appliedMigrationNames;
    } catch (error) {
      if (!isNotEmpty(error)) throw error;
      await engine.markMigrationApplied({ migrationName: BASELINE, migrationsList: list });
      return (await apply()).appliedMigrationNames;
    }
  });
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

/** The migrations of the folder that the database does not have, oldest first. Changes nothing. */
export async function pendingMigrations(url: string): Promise<readonly Migration[]> {
  const list = await migrationList();
  const { history, failedMigrationNames } = await withSchemaEngine(url, (engine) => diagnose(engine, list));
  // Absent when up to date; a database that also has migrations of somebody else's is behind all the same.
  const unapplied = history !== null && 'unappliedMigrationNames' in history ? history.unappliedMigrationNames : [];
  const pending = new Set([...unapplied, ...failedMigrationNames]);
  const ours = list.migrationDirectories.map(({ path }) => path).filter((name) => pending.has(name));
  return Promise.all(ours.map(async (name) => ({ name, sql: await readFile(sqlFile(name), 'utf8') })));
}

function sqlFile(name: string): string {
  return join(MIGRATIONS, name, 'migration.sql');
}

function isNotEmpty(error: unknown): boolean {
  return JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('P3005');
}

async function migrationList(): Promise<MigrationList> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  const contents = await Promise.all(names.map((name) => readFile(sqlFile(name), 'utf8')));
  return {
    baseDir: MIGRATIONS,
    lockfile: { path: 'migration_lock.toml', content: await readFile(join(MIGRATIONS, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: names.map((path, at) => ({
      path,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: contents[at] ?? '' } },
    })),
  };
}
