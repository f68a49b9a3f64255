import { afterAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { applyMigrations, pendingMigrations } from '../../src/platform/postgres/migrations.js';
import { freshName, onServer } from '../support/databases.js';
import { withDatabase } from '../support/global-setup.js';
import { sql as rowsOf } from '../support/rows.js';

const names: string[] = [];
let url: string;

beforeEach(async () => {
  const name = freshName();
  names.push(name);
  url = withDatabase(inject('postgresUrl'), name);
  await onServer((client) => client.query(`CREATE DATABASE ${name}`));
});
// Without FORCE: a connection that a migration has left open fails this.
afterAll(() =>
  onServer(async (client) => {
    for (const name of names) await client.query(`DROP DATABASE ${name}`);
  }),
);

const sql = (...statements: string[]) => rowsOf(url, ...statements);

describe('migrations', () => {
  test('an empty database gets them all, in order; the second time there is nothing to do', async () => {
    const pending = await pendingMigrations(url);
    expect(pending.map(({ name }) => name)).toEqual(['000_baseline', '001_orders']);
    expect(pending[1]?.sql).toContain('CREATE TABLE IF NOT EXISTS "orders"');
    expect(await applyMigrations(url)).toEqual(['000_baseline', '001_orders']);
    expect(await pendingMigrations(url)).toEqual([]);
    expect(await applyMigrations(url)).toEqual([]);
  });

  test('looking at what is pending changes nothing', async () => {
    await pendingMigrations(url);
    expect(await sql("SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace")).toEqual([]);
  });

  test("they are recorded where Prisma's own engine finds them", async () => {
    await applyMigrations(url);
    const rows = await sql(
      'SELECT migration_name, finished_at IS NOT NULL AS finished FROM _prisma_migrations ORDER BY 1',
    );
    expect(rows).toEqual([
      { migration_name: '000_baseline', finished: true },
      { migration_name: '001_orders', finished: true },
    ]);
  });

  test("a database that also has migrations of somebody else's is told the same, and gets the same", async () => {
    await applyMigrations(url);
    await sql(
      `DELETE FROM _prisma_migrations`,
      `DROP TABLE orders`,
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ('1', 'x', '20200101000000_theirs', now(), 1)`,
    );
    const pending = (await pendingMigrations(url)).map(({ name }) => name);
    expect(pending).toEqual(['000_baseline', '001_orders']);
    expect(await applyMigrations(url)).toEqual(pending);
  });

  test('one that was cut short is applied by the next call', async () => {
    await applyMigrations(url);
    await sql(
      `DROP TABLE orders`,
      `UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0 WHERE migration_name = '001_orders'`,
    );
    expect((await pendingMigrations(url)).map(({ name }) => name)).toEqual(['001_orders']);
    expect(await applyMigrations(url)).toEqual(['001_orders']);
    expect(await sql('SELECT count(*)::int AS count FROM orders')).toEqual([{ count: 0 }]);
  });

  test('one that fails in its middle leaves nothing', async () => {
    // A view in the place of the table: creating passes, adding a column fails.
    await sql('CREATE VIEW orders AS SELECT 1 AS id, 1 AS "userName"');
    await expect(applyMigrations(url)).rejects.toThrow(
      'The migration 001_orders failed: ALTER action ADD COLUMN cannot be performed on relation "orders". Nothing of it is left.',
    );
    await sql('DROP VIEW orders');
    expect(await applyMigrations(url)).toEqual(['001_orders']);
  });

  test('an orders table that is there is adopted: what it lacks is added, and no row is lost', async () => {
    await sql(
      `CREATE TABLE orders ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "userId" varchar(24) NOT NULL,
       "orderNumber" varchar(50) NOT NULL UNIQUE, "total" numeric(10,2) NOT NULL,
       "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL)`,
      `INSERT INTO orders ("userId", "orderNumber", "total", "createdAt", "updatedAt")
       SELECT 'U', 'N' || n, n, now(), now() FROM generate_series(1, 100) n`,
    );
    expect((await pendingMigrations(url)).map(({ name }) => name)).toContain('001_orders');
    expect(await applyMigrations(url)).toEqual(['001_orders']);
    const rows = await sql('SELECT count(*)::int AS count, count("userName")::int AS copies FROM orders');
    expect(rows).toEqual([{ count: 100, copies: 0 }]);
  });
});
