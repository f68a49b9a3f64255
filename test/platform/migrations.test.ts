import { describe, expect, test } from 'vitest';
import { applyMigrations, pendingMigrations } from '../../src/platform/postgres/migrations.js';
import { useEmptyDatabases } from '../support/empty-databases.js';
import { sql as rowsOf } from '../support/rows.js';

const databases = useEmptyDatabases();
const sql = (...statements: string[]) => rowsOf(databases.databaseUrl, ...statements);

const ALL = ['000_baseline', '001_orders', '002_order_writes', '003_user_copies', '004_kept_rows'];
const TABLES = [
  ...['_prisma_migrations', 'orders', 'tandem_idempotency_keys', 'tandem_kept_rows', 'tandem_repairs', 'tandem_sync'],
  ...['tandem_tombstones', 'tandem_user_deletions', 'tandem_workers', 'users'],
];

async function tablesOf(schema: string): Promise<unknown[]> {
  const rows = await sql(`SELECT tablename AS name FROM pg_tables WHERE schemaname = '${schema}' ORDER BY 1`);
  return rows.map(({ name }) => name);
}

async function columnsOfOrders(): Promise<unknown[]> {
  const rows = await sql(`SELECT attname AS name FROM pg_attribute
    WHERE attrelid = '"orders"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`);
  return rows.map(({ name }) => name);
}

describe('migrations', () => {
  test('an empty database gets them all, in order; the second time there is nothing to do', async () => {
    const pending = await pendingMigrations(databases.databaseUrl);
    expect(pending.map(({ name }) => name)).toEqual(ALL);
    expect(pending[1]?.sql).toContain('CREATE TABLE IF NOT EXISTS "orders"');
    expect(pending[2]?.sql).toContain('ADD COLUMN "unfinished"');
    expect(pending[3]?.sql).toContain('CREATE TABLE IF NOT EXISTS "users"');
    expect(await applyMigrations(databases.databaseUrl)).toEqual(ALL);
    expect(await tablesOf('public')).toEqual(TABLES);
    expect(await columnsOfOrders()).toEqual([
      ...['id', 'userId', 'orderNumber', 'total', 'userName', 'userEmail', 'createdAt', 'updatedAt'],
      ...['transactionState', 'transactionError', 'unfinished', 'settlingUntil', 'copiedAt'],
    ]);
    expect(await pendingMigrations(databases.databaseUrl)).toEqual([]);
    expect(await applyMigrations(databases.databaseUrl)).toEqual([]);
  });

  test("the jobs' tables are made in a schema of their own, also where no migration is to be applied", async () => {
    await applyMigrations(databases.databaseUrl);
    const made = await tablesOf('graphile_worker');
    expect(made).toContain('_private_jobs');
    expect(await applyMigrations(databases.databaseUrl)).toEqual([]);
    await sql('DROP SCHEMA graphile_worker CASCADE');
    expect(await applyMigrations(databases.databaseUrl)).toEqual([]);
    expect(await tablesOf('graphile_worker')).toEqual(made);
    const inSales = new URL(databases.databaseUrl);
    inSales.searchParams.set('schema', 'sales');
    await sql('CREATE SCHEMA sales');
    expect(await applyMigrations(inSales.href)).toEqual(ALL);
    expect(await tablesOf('sales')).toEqual(TABLES);
    expect(await tablesOf('graphile_worker_sales')).toEqual(made);
  });

  test('looking at what is pending changes nothing', async () => {
    await pendingMigrations(databases.databaseUrl);
    expect(await sql("SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace")).toEqual([]);
    expect(await sql("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'graphile_worker%'")).toEqual([]);
  });

  test("they are recorded where Prisma's own engine finds them", async () => {
    await applyMigrations(databases.databaseUrl);
    const rows = await sql(
      'SELECT migration_name, finished_at IS NOT NULL AS finished FROM _prisma_migrations ORDER BY 1',
    );
    expect(rows).toEqual(ALL.map((name) => ({ migration_name: name, finished: true })));
  });

  test("a database that also has migrations of somebody else's is told the same, and gets the same", async () => {
    await applyMigrations(databases.databaseUrl);
    await sql(
      `DELETE FROM _prisma_migrations`,
      `DROP TABLE orders`,
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ('1', 'x', '20200101000000_theirs', now(), 1)`,
    );
    const pending = (await pendingMigrations(databases.databaseUrl)).map(({ name }) => name);
    expect(pending).toEqual(ALL);
    expect(await applyMigrations(databases.databaseUrl)).toEqual(pending);
    expect(await columnsOfOrders()).toContain('unfinished');
  });

  test('one that was cut short is applied by the next call', async () => {
    await applyMigrations(databases.databaseUrl);
    await sql(
      `DROP TABLE orders`,
      `UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0 WHERE migration_name = '001_orders'`,
    );
    expect((await pendingMigrations(databases.databaseUrl)).map(({ name }) => name)).toEqual(['001_orders']);
    expect(await applyMigrations(databases.databaseUrl)).toEqual(['001_orders']);
    expect(await sql('SELECT count(*)::int AS count FROM orders')).toEqual([{ count: 0 }]);
  });

  test('one that fails in its middle leaves nothing', async () => {
    // A view in the place of the table: creating passes, adding a column fails.
    await sql('CREATE VIEW orders AS SELECT 1 AS id, 1 AS "userName"');
    await expect(applyMigrations(databases.databaseUrl)).rejects.toThrow(
      'The migration 001_orders failed: ALTER action ADD COLUMN cannot be performed on relation "orders". Nothing of it is left.',
    );
    expect(await tablesOf('public')).toEqual(['_prisma_migrations']);
    expect(await tablesOf('graphile_worker')).toEqual([]);
    await sql('DROP VIEW orders');
    expect(await applyMigrations(databases.databaseUrl)).toEqual(ALL.slice(1));
  });

  test('so does one that comes after others: those stay, and are not applied again', async () => {
    // The columns are added by then: the view stands where a table gets its index.
    await sql('CREATE VIEW tandem_idempotency_keys AS SELECT 1 AS "orderId"');
    await expect(applyMigrations(databases.databaseUrl)).rejects.toThrow(
      /^The migration 002_order_writes failed: .*"tandem_idempotency_keys".*\. Nothing of it is left\.$/,
    );
    expect(await columnsOfOrders()).not.toContain('transactionState');
    expect(await tablesOf('graphile_worker')).toEqual([]);
    await sql('DROP VIEW tandem_idempotency_keys');
    expect(await applyMigrations(databases.databaseUrl)).toEqual(ALL.slice(2));
    expect(await columnsOfOrders()).toContain('transactionState');
    expect(await tablesOf('public')).toEqual(TABLES);
  });

  test('an orders table that is there is adopted: what it lacks is added, and no row is lost', async () => {
    await sql(
      `CREATE TABLE orders ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid(), "userId" varchar(24) NOT NULL,
       "orderNumber" varchar(50) NOT NULL UNIQUE, "total" numeric(10,2) NOT NULL,
       "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL)`,
      `INSERT INTO orders ("userId", "orderNumber", "total", "createdAt", "updatedAt")
       SELECT 'U', 'N' || n, n, now(), now() FROM generate_series(1, 100) n`,
    );
    expect((await pendingMigrations(databases.databaseUrl)).map(({ name }) => name)).toEqual(
      expect.arrayContaining(ALL.slice(1)),
    );
    const stored = () => sql(`SELECT md5(string_agg(ctid || ' ' || xmin || ' ' || id, ',' ORDER BY id)) FROM orders`);
    const before = await stored();
    expect(await applyMigrations(databases.databaseUrl)).toEqual(ALL.slice(1));
    const rows = await sql(`
      SELECT "transactionState", count(*)::int AS count, count("userName")::int AS copies,
        num_nonnulls(max("transactionError"), max("unfinished"), max("settlingUntil"), max("copiedAt")) AS others
      FROM orders GROUP BY 1`);
    expect(rows).toEqual([{ transactionState: 'NONE', count: 100, copies: 0, others: 0 }]);
    expect(await stored(), 'no row was written anew').toEqual(before);
  });

  test('an orders table of the version before gets the columns that it lacks, and keeps those that it has', async () => {
    await applyMigrations(databases.databaseUrl);
    await sql(
      `INSERT INTO orders ("userId", "orderNumber", total, "transactionState") VALUES ('U', 'N1', 1, 'RECORDED')`,
      'ALTER TABLE orders DROP "unfinished", DROP "settlingUntil"',
      `DELETE FROM _prisma_migrations WHERE migration_name = '002_order_writes'`,
    );
    expect(await applyMigrations(databases.databaseUrl)).toEqual(['002_order_writes']);
    expect(await sql('SELECT "transactionState", "unfinished", "settlingUntil" FROM orders')).toEqual([
      { transactionState: 'RECORDED', unfinished: null, settlingUntil: null },
    ]);
  });
});
