import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CreateOrder } from '../../src/ordering/checked-order.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { useLinks } from '../support/linked-platform.js';
import { remainsOf } from '../support/remains.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

useTimings({ ordering: { call: 2_000, lease: 1_000 } });
const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);
let holder: pg.Client;

// An order is committed only when nobody holds this lock: so long a COMMIT can be looked at while it is under way.
const LOCK = 4711;

beforeAll(async () => {
  await sql(
    databases.databaseUrl,
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${LOCK}); RETURN NULL; END $$`,
    `CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION wait()`,
  );
  holder = new pg.Client({ connectionString: databases.databaseUrl });
  await holder.connect();
});
afterEach(() => holder.query('SELECT pg_advisory_unlock_all()'));
afterAll(() => holder.end());

const ordersOf = (userId: string) => sql(databases.databaseUrl, `SELECT id FROM orders WHERE "userId" = '${userId}'`);
const create = (input: CreateOrder, platform = databases.platform) => createScope(platform).ordering.createOrder(input);

/** Begins a call over the link, and gives it back in the middle of its COMMIT. */
async function committing(input: CreateOrder) {
  await holder.query(`SELECT pg_advisory_lock(${LOCK})`);
  const outcome = create(input, links.platform).catch((error: unknown) => error);
  const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${LOCK} AND NOT granted`;
  await expect.poll(() => sql(databases.databaseUrl, waiting), { timeout: 5_000 }).not.toEqual([]);
  return { outcome, commit: () => holder.query(`SELECT pg_advisory_unlock(${LOCK})`) };
}

describe('the connection breaks in the middle of a COMMIT, which is carried out', () => {
  test('and PostgreSQL is out of reach behind it: the call is pending, not undone', async () => {
    const { id: userId } = await seed.user();
    const { outcome, commit } = await committing({ userId, total: '1' });
    links.postgres.refuse();
    links.postgres.cut();
    const told = await outcome;
    await commit();
    await expect.poll(() => ordersOf(userId)).toHaveLength(1);
    expect(told).toMatchObject({ kind: 'pending' });
  });

  test.each(['NONE', 'REQUIRED', 'EVENTUAL'] as const)(
    'and comes back: the order is found, once, %s',
    async (transaction) => {
      const { id: userId } = await seed.user();
      const { outcome, commit } = await committing({ userId, total: '1', transaction });
      links.postgres.cut();
      await sleep(300);
      await commit();
      expect(await outcome).toMatchObject({ kind: 'created', order: { userId } });
      const [order, ...more] = await ordersOf(userId);
      expect(more).toEqual([]);
      const { row } = await remainsOf(databases.platform, String(order?.['id']));
      expect(row).toMatchObject({ unfinished: null });
    },
  );
});

test('the same call, made while the COMMIT of the first is under way, gets the same order', async () => {
  const { id: userId } = await seed.user();
  const input = { userId, total: '1', transaction: 'REQUIRED', idempotencyKey: 'twice' } as const;
  const { outcome, commit } = await committing(input);
  links.postgres.refuse();
  links.postgres.cut();
  const again = create(input);
  await outcome;
  await commit();
  await expect.poll(() => ordersOf(userId)).not.toEqual([]);
  const [order, ...more] = await ordersOf(userId);
  expect(more).toEqual([]);
  expect(await again).toMatchObject({ kind: 'created', order: { id: order?.['id'] } });
});
