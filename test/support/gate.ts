import { afterAll, beforeAll } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import type { TestDatabases } from './databases.js';
import { sql } from './rows.js';

/** The databases as a gateway sees them whose role owns none of the tables but may read and write all. */
export interface Gate {
  readonly platform: Platform;
  readonly databaseUrl: string;
  readonly role: string;
}

/** Tables of which the role is no owner, not even as a member: row level security holds for it there. */
const OTHERS = ['orders', 'users', 'tandem_idempotency_keys', 'tandem_kept_rows'];

/** A role of the test file's own, and a platform that connects as it. */
export function useGate(databases: TestDatabases): Gate {
  const name = new URL(databases.databaseUrl).pathname.slice(1);
  const [role, keeper] = [`${name}_gate`, `${name}_keeper`];
  const url = Object.assign(new URL(databases.databaseUrl), { username: role, password: 'hunter2' }).href;
  let platform: Platform | undefined;

  beforeAll(async () => {
    const { databaseUrl, mongodbUri } = databases;
    await sql(
      databaseUrl,
      `CREATE ROLE ${keeper}`,
      `CREATE ROLE ${role} LOGIN PASSWORD 'hunter2' IN ROLE ${new URL(databaseUrl).username}`,
      ...OTHERS.map((table) => `ALTER TABLE ${table} OWNER TO ${keeper}`),
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    platform = await openPlatform({
      databaseUrl: url,
      mongodbUri,
      logger: createLogger('silent'),
      applicationName: name,
    });
  });

  afterAll(async () => {
    await platform?.[Symbol.asyncDispose]();
    const { databaseUrl } = databases;
    await sql(databaseUrl, `REASSIGN OWNED BY ${keeper} TO ${new URL(databaseUrl).username}`);
    for (const one of [role, keeper]) await sql(databaseUrl, `DROP OWNED BY ${one}`, `DROP ROLE ${one}`);
  });

  return {
    role,
    databaseUrl: url,
    get platform() {
      if (platform === undefined) throw new Error('the platform is there once the tests run');
      return platform;
    },
  };
}

/** Shows one of the rows of a table only, the one with this id, to whom row level security holds for. */
export function showingOnly(table: string, id: string): readonly string[] {
  return [`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`, `CREATE POLICY one ON ${table} USING (id::text = '${id}')`];
}

/** Shows all again. */
export function showingAll(table: string): readonly string[] {
  return [`DROP POLICY IF EXISTS one ON ${table}`, `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`];
}
