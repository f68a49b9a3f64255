import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import type * as bindingsModule from '@prisma/schema-engine-wasm';

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
 * that already has tables gets the empty baseline marked as applied first: the engine refuses it otherwise (P3005).
 *
 * @returns the names of the migrations applied now; none when the database was up to date.
 */
export async function applyMigrations(url: string): Promise<readonly string[]> {
  const list = await migrationList();
  return withEngine(url, async (engine) => {
    const apply = () => engine.applyMigrations({ migrationsList: list, filters: FILTERS });
    try {
      return (await apply()).appliedMigrationNames;
    } catch (error) {
      if (!isNotEmpty(error)) throw error;
      await engine.markMigrationApplied({ migrationName: BASELINE, migrationsList: list });
      return (await apply()).appliedMigrationNames;
    }
  });
}

/** The migrations of the folder that the database does not have, oldest first. Changes nothing. */
export async function pendingMigrations(url: string): Promise<readonly Migration[]> {
  const list = await migrationList();
  const { history } = await withEngine(url, (engine) =>
    engine.diagnoseMigrationHistory({ migrationsList: list, optInToShadowDatabase: false, filters: FILTERS }),
  );
  // Absent when up to date; a database that also has migrations of somebody else's is behind all the same.
  const pending = history !== null && 'unappliedMigrationNames' in history ? history.unappliedMigrationNames : [];
  return Promise.all(pending.map(async (name) => ({ name, sql: await readFile(sqlFile(name), 'utf8') })));
}

function sqlFile(name: string): string {
  return join(MIGRATIONS, name, 'migration.sql');
}

function isNotEmpty(error: unknown): boolean {
  return JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('P3005');
}

async function migrationList(): Promise<bindingsModule.MigrationList> {
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

async function withEngine<T>(url: string, work: (engine: bindingsModule.SchemaEngine) => Promise<T>): Promise<T> {
  // A pool of our own: the engine leaves its connections, and with them its advisory lock, to whoever opened them.
  const pool = new pg.Pool({ connectionString: url, application_name: 'tandem migrate' });
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool));
  bindings ??= loadEngine();
  const { SchemaEngine } = await bindings;
  const engine = await SchemaEngine.new({ datamodels: undefined }, () => undefined, factory);
  try {
    return await work(engine);
  } finally {
    engine.free();
    await pool.end();
  }
}

type Bindings = typeof bindingsModule;

/** Once per process: the bindings hold one instance, and a second would pull it from under the first. */
let bindings: Promise<Bindings> | undefined;

/** The package imports its `.wasm` as a module, which Node 20 cannot; this does by hand what that import would do. */
async function loadEngine(): Promise<Bindings> {
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg'));
  const glue = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as unknown as Bindings & {
    __wbg_set_wasm(exports: unknown): void;
  };
  const { instance } = await instantiate(await readFile(join(folder, 'schema_engine_bg.wasm')), glue);
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  // Where the engine reports a panic; without it a panic is an endless wait.
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: fail } });
  return glue;
}

function fail(message: string): never {
  throw new Error(`Prisma's schema engine failed: ${message}`);
}

/** `WebAssembly.instantiate`; its types come with the DOM's, which a server has no use for. */
function instantiate(code: Uint8Array, glue: object): Promise<{ instance: { exports: Record<string, unknown> } }> {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { instantiate: (...args: unknown[]) => never } };
  return WebAssembly.instantiate(code, { './schema_engine_bg.js': glue });
}
