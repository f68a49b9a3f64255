import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import type * as bindingsModule from '@prisma/schema-engine-wasm';
import { connectionConfig } from './connection.js';
import { MigrationError } from '../migration-error.js';

type Bindings = typeof bindingsModule;
export type SchemaEngine = bindingsModule.SchemaEngine;
export type MigrationList = bindingsModule.MigrationList;

/** How long a connection, and a lock on a table, is waited for, in milliseconds: behind a waiting lock all others wait. */
const CONNECT_TIMEOUT = 5_000;
const LOCK_TIMEOUT = 10_000;

/** Once per process: the bindings hold one instance, and a second would pull it from under the first. */
let bindings: Promise<Bindings> | undefined;

/**
 * Runs `work` with Prisma's own schema engine on a database; afterwards no connection of it is left.
 *
 * @throws {MigrationError} with what PostgreSQL said of a script, or the engine of anything else
 */
export async function withSchemaEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  // A pool of our own: the engine leaves its connections, and with them its advisory lock, to whoever opened them.
  const pool = new pg.Pool({
    // It takes as long as it takes, whatever the role's own limit is.
    ...connectionConfig(url, ['statement_timeout=0']),
    application_name: 'tandem migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    lock_timeout: LOCK_TIMEOUT,
  });
  // A connection that breaks fails the statement on it; unheard, the event would end the process.
  pool.on('error', () => undefined);
  try {
    const { rows } = await pool.query<{ schema: string | null }>('SELECT current_schema() AS schema');
    const adapter = new WholeScripts(pool, rows[0]?.schema ?? 'public');
    bindings ??= loadBindings();
    const { SchemaEngine } = await bindings;
    const factory = bindMigrationAwareSqlAdapterFactory(adapter);
    const engine = await SchemaEngine.new({ datamodels: undefined }, () => undefined, factory);
    try {
      return await work(engine);
    } catch (error) {
      throw MigrationError.ofEngine(error, adapter.failure);
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}

/**
 * Prisma's adapter cuts a script at its semicolons, also those inside a function's body, and runs the pieces one by one.
 * Sent whole it is one transaction: a migration that is cut short leaves nothing.
 */
class WholeScripts extends PrismaPg {
  readonly #pool: pg.Pool;
  /** Why the last script failed: the engine knows no more of it than that it did. */
  failure: unknown;

  constructor(pool: pg.Pool, schema: string) {
    super(pool, { schema });
    this.#pool = pool;
  }

  override async connect(): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect();
    adapter.executeScript = async (script) => {
      await this.#pool.query(script).catch((error: unknown) => {
        this.failure = error;
        throw error;
      });
    };
    return adapter;
  }
}

/** The package imports its `.wasm` as a module, which Node 20 cannot; this does by hand what that import would do. */
async function loadBindings(): Promise<Bindings> {
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
