import pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import { UserCopyRepository } from '../../src/copies/user-copy.repository.js';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import { FollowingOrderRepository } from '../../src/ordering/following-order.repository.js';
import { UserDeletionRepository } from '../../src/ordering/user-deletion.repository.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useWorker } from '../support/worker.js';

const databases = useDatabases();
const worker = useWorker(databases);
const seed = new Seed(databases);

beforeEach(() => worker.stop());

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const copyOf = async (id: string) => (await run(`SELECT * FROM "users" WHERE "mongoId" = '${id}'`))[0];
const copiesOn = async (id: string) =>
  (await run(`SELECT "userName", "userEmail" FROM "orders" WHERE "id" = '${id}'`))[0];
const scope = () => createScope(databases.platform);
const sync = (id: string) => scope().userSync.syncUser(id);

const ADA = { username: 'Ada', email: 'ada@example.com', locCode: 'LOC6', power: 7 };
const NOTHING = { username: null, email: null, locCode: null, power: null };

async function customer(): Promise<{ id: UserId; orderId: string }> {
  const id = (await seed.user(ADA)).id as UserId;
  const outcome = await scope().ordering.createOrder({ userId: id, total: '1' });
  if (outcome.kind !== 'created') throw new Error('there is no order');
  await sync(id);
  return { id, orderId: outcome.order.id };
}

const erase = (id: string) => scope().userRemoval.deleteUser(id, { orders: 'KEEP', erase: true });

describe('a user who is erased', () => {
  test('leaves nothing but ids, in the copy and on orders', async () => {
    const { id, orderId } = await customer();
    expect(await erase(id)).toMatchObject({ kind: 'deleted' });
    expect(await copyOf(id)).toMatchObject({ id, ...NOTHING, erasedAt: expect.any(Date) as Date });
    expect(await copiesOn(orderId)).toEqual({ userName: null, userEmail: null });
    const left = [await run('SELECT * FROM "users"'), await run('SELECT * FROM "orders"')];
    // A word of its own: ids are in hex.
    expect(JSON.stringify(left)).not.toMatch(/\bada\b/i);
  });

  test('stays so, whatever was read of the time before is written later', async () => {
    const { id, orderId } = await customer();
    const { postgres, mongo, logger } = databases.platform;
    const before = await new UserSnapshots(mongo).ofIds([id]);
    await erase(id);
    await run(`DELETE FROM "users" WHERE "mongoId" = '${id}'`);
    await new UserCopyRepository(postgres, { follows: true, logger }).write(before);
    expect(await copyOf(id)).toMatchObject({ ...NOTHING, erasedAt: expect.any(Date) as Date });
    await sync(id);
    expect(await copyOf(id)).toMatchObject({
      ...NOTHING,
      deletedAt: expect.any(Date) as Date,
      erasedAt: expect.any(Date) as Date,
    });
    await worker.start();
    await expect.poll(() => run('SELECT "key" FROM graphile_worker.jobs'), { timeout: 5_000 }).toEqual([]);
    expect(await copiesOn(orderId)).toEqual({ userName: null, userEmail: null });
  });

  test('may have been deleted before, and is nobody where nothing but ids is kept', async () => {
    const { id, orderId } = await customer();
    await scope().userRemoval.deleteUser(id, { orders: 'KEEP', erase: false });
    // Nobody copies users here: who deletes one notes it.
    expect(await copyOf(id)).toMatchObject({ ...ADA, deletedAt: expect.any(Date) as Date, erasedAt: null });
    expect(await scope().userSync.getUser(id)).toBeNull();
    expect(await erase(id)).toMatchObject({ kind: 'deleted', user: { id, ...NOTHING } });
    expect(await copyOf(id)).toMatchObject({ ...NOTHING, erasedAt: expect.any(Date) as Date });
    expect(await copiesOn(orderId)).toEqual({ userName: null, userEmail: null });
    expect(await erase(id)).toEqual({ kind: 'userNotFound', userId: id });
  });

  test('and is not deleted after all, has copies again', async () => {
    const { id, orderId } = await customer();
    const deletions = new UserDeletionRepository(databases.platform.postgres);
    const { hold } = await deletions.begin(id, { orders: 'KEEP', erase: true });
    expect(await copyOf(id)).toMatchObject(NOTHING);
    await sync(id);
    expect(await copyOf(id)).toMatchObject(NOTHING);
    if (hold === null) throw new Error('the user is not held');
    expect(await deletions.abandon(hold)).toBe(true);
    await worker.start();
    await expect.poll(() => copyOf(id), { timeout: 5_000 }).toMatchObject({ ...ADA, erasedAt: null });
    await expect.poll(() => copiesOn(orderId), { timeout: 5_000 }).toEqual({ userName: 'Ada', userEmail: ADA.email });
  });
});

describe('a name that is on its way to an order', () => {
  test('while its user is erased, does not stay', async () => {
    const { id, orderId } = await customer();
    const { postgres, mongo } = databases.platform;
    const { at } = await new UserSnapshots(mongo).ofIds([id]);
    await run(`UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL WHERE "id" = '${orderId}'`);
    await using held = await transaction(`SELECT 1 FROM "orders" WHERE "id" = '${orderId}' FOR UPDATE`);
    const following = new FollowingOrderRepository(postgres).write({
      userId: id,
      userName: 'Ada',
      userEmail: null,
      at,
    });
    await waiting(1);
    const begun = new UserDeletionRepository(postgres).begin(id, { orders: 'KEEP', erase: true });
    await waiting(2);
    await held.commit();
    expect(await following).toBe(1);
    expect((await begun).hold).not.toBeNull();
    expect(await copiesOn(orderId)).toEqual({ userName: null, userEmail: null });
  });

  test('that still arrives while the deletion is noted, does not stay either', async () => {
    const { id, orderId } = await customer();
    const deletions = new UserDeletionRepository(databases.platform.postgres);
    await deletions.begin(id, { orders: 'KEEP', erase: true });
    const updatedAt = async () => (await run(`SELECT "updatedAt" FROM "orders" WHERE "id" = '${orderId}'`))[0];
    const begunAt = await updatedAt();
    await using held = await transaction(
      `SELECT 1 FROM "users" WHERE "mongoId" = '${id}' FOR SHARE`,
      `UPDATE "orders" SET "userName" = 'Ada' WHERE "id" = '${orderId}'`,
    );
    const finished = deletions.finish(id);
    await waiting(1);
    await held.commit();
    await finished;
    expect(await copiesOn(orderId)).toEqual({ userName: null, userEmail: null });
    expect(await updatedAt()).not.toEqual(begunAt);
  });

  test('stays where the user is not erased', async () => {
    const { id, orderId } = await customer();
    const deletions = new UserDeletionRepository(databases.platform.postgres);
    await deletions.begin(id, { orders: 'KEEP', erase: false });
    await deletions.finish(id);
    expect(await copiesOn(orderId)).toEqual({ userName: 'Ada', userEmail: ADA.email });
  });
});

/** A transaction of somebody else's, with what it has locked. */
async function transaction(...statements: string[]) {
  const client = new pg.Client({ connectionString: databases.databaseUrl });
  await client.connect();
  for (const statement of ['BEGIN', ...statements]) await client.query(statement);
  return { commit: () => client.query('COMMIT'), [Symbol.asyncDispose]: () => client.end() };
}

/** Until so many statements wait for locks. */
async function waiting(count: number): Promise<void> {
  const waiters = `SELECT count(*)::int AS "count" FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await expect.poll(() => run(waiters), { timeout: 5_000, interval: 20 }).toEqual([{ count }]);
}

test('a user who is deleted, and not erased, leaves the copy as it was, marked', async () => {
  const { id } = await customer();
  await scope().userRemoval.deleteUser(id, { orders: 'KEEP', erase: false });
  await sync(id);
  expect(await copyOf(id)).toMatchObject({ ...ADA, deletedAt: expect.any(Date) as Date, erasedAt: null });
});
