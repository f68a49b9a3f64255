import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { useLinks } from '../support/linked-platform.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

useTimings({ ordering: { call: 2_000 }, postgres: { statement: 2_000, commitStatus: 1_000 } });
const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);
let holder: pg.Client;

// A change is committed only when nobody holds the first lock, and has its answer only when nobody holds the second.
const [COMMIT, ANSWER] = [4712, 4713];

beforeAll(async () => {
  await sql(
    databases.databaseUrl,
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint); RETURN NULL; END $$`,
    `CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION wait('${COMMIT}')`,
    `CREATE TRIGGER at_answer AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION wait('${ANSWER}')`,
  );
  holder = new pg.Client({ connectionString: databases.databaseUrl });
  await holder.connect();
});
afterEach(() => holder.query('SELECT pg_advisory_unlock_all()'));
afterAll(() => holder.end());

const totalOf = async (id: string) =>
  (await sql(databases.databaseUrl, `SELECT total::text FROM orders WHERE id = '${id}'`))[0]?.['total'];

/** Begins a change over the link, and gives it back in the middle of what waits for the lock. */
async function changing(id: string, total: string, lock: number) {
  await holder.query(`SELECT pg_advisory_lock(${lock})`);
  const outcome = createScope(links.platform)
    .ordering.updateOrder(id, { total })
    .catch((error: unknown) => error);
  const waiting = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${lock} AND NOT granted`;
  await expect.poll(() => sql(databases.databaseUrl, waiting)).not.toEqual([]);
  const end = async () => {
    for (const { pid } of await sql(databases.databaseUrl, waiting)) {
      await sql(databases.databaseUrl, `SELECT pg_terminate_backend(${String(pid)})`);
    }
  };
  return { outcome, end, goOn: () => holder.query(`SELECT pg_advisory_unlock(${lock})`) };
}

test('the connection breaks in the middle of a COMMIT that is carried out: the change is told as made, once', async () => {
  const order = await seed.order({ total: '1.00' });
  const { outcome, goOn } = await changing(order.id, '2', COMMIT);
  links.postgres.cut();
  await sleep(300);
  await goOn();
  expect(await outcome).toMatchObject({ kind: 'updated', order: { total: '2.00' } });
  expect(await totalOf(order.id)).toBe('2.00');
});

test('the connection falls silent in the middle of a COMMIT that is carried out: another one is asked', async () => {
  const order = await seed.order({ total: '1.00' });
  const { outcome, goOn } = await changing(order.id, '2', COMMIT);
  links.postgres.hold('answers');
  await goOn();
  await expect.poll(() => totalOf(order.id)).toBe('2.00');
  links.postgres.forget();
  expect(await outcome).toMatchObject({ kind: 'updated', order: { total: '2.00' } });
  // Nobody gets the silent one again.
  expect(await createScope(links.platform).ordering.getOrderWithUser(order.id)).toMatchObject({ kind: 'found' });
});

test('of a COMMIT that is not carried out: the change is made again', async () => {
  const order = await seed.order({ total: '1.00' });
  const { outcome, end, goOn } = await changing(order.id, '2', COMMIT);
  links.postgres.cut();
  await end();
  await goOn();
  expect(await outcome).toMatchObject({ kind: 'updated', order: { total: '2.00' } });
  expect(await totalOf(order.id)).toBe('2.00');
});

test('before the answer, so that no COMMIT was sent: the change is made again, and nothing of the first is left', async () => {
  const order = await seed.order({ total: '1.00' });
  const { outcome, goOn } = await changing(order.id, '2', ANSWER);
  links.postgres.cut();
  await sleep(300);
  await goOn();
  expect(await outcome).toMatchObject({ kind: 'updated', order: { total: '2.00' } });
  expect(await totalOf(order.id)).toBe('2.00');
});

test('and PostgreSQL is out of reach for good: OUTCOME_UNKNOWN after the COMMIT, POSTGRES_UNAVAILABLE before it', async () => {
  for (const [lock, code] of [
    [COMMIT, 'OUTCOME_UNKNOWN'],
    [ANSWER, 'POSTGRES_UNAVAILABLE'],
  ] as const) {
    const order = await seed.order({ total: '1.00' });
    const { outcome, goOn } = await changing(order.id, '2', lock);
    links.postgres.refuse();
    links.postgres.cut();
    expect(await outcome).toMatchObject({ code });
    await goOn();
    links.postgres.heal();
    await expect.poll(() => totalOf(order.id)).toBe(lock === COMMIT ? '2.00' : '1.00');
  }
});
