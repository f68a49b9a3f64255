import { expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

useTimings({ ordering: { lease: 1_000 } });
const databases = useDatabases();
const seed = new Seed(databases);
const create = (userId: string, orderNumber: string) =>
  createScope(databases.platform).ordering.createOrder({ userId, total: '1', orderNumber, idempotencyKey: 'the key' });

/** The connection on which an order is inserted ends before the insert does. */
function breakInserts(): Promise<unknown> {
  return sql(
    databases.databaseUrl,
    `CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NEW; END $$`,
    'CREATE TRIGGER cut AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION cut()',
  );
}

test('a connection that breaks inside the insert leaves the outcome open, and the same call with the key settles it', async () => {
  const ada = await seed.user();
  await breakInserts();
  const pending = await create(ada.id, 'cut');
  expect(pending).toEqual({ kind: 'pending', idempotencyKey: 'the key' });
  await sql(databases.databaseUrl, 'DROP TRIGGER cut ON orders');
  expect(await sql(databases.databaseUrl, `SELECT 1 FROM orders WHERE "orderNumber" = 'cut'`)).toEqual([]);
  const created = await create(ada.id, 'cut');
  expect(created).toMatchObject({ kind: 'created' });
  expect(await create(ada.id, 'cut')).toEqual(created);
});
