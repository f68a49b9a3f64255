import pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import { UserCopyRepository } from '../../src/copies/user-copy.repository.js';
import { batchOf } from '../../src/copies/copy-batch.js';
import { copyStatements } from '../../src/copies/copy-statements.js';
import { copyTable } from '../../src/copies/copy-table.js';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import { FollowingOrderRepository } from '../../src/ordering/following-order.repository.js';
import { UserDeletionRepository } from '../../src/ordering/user-deletion.repository.js';
import { UserErasureRepository } from '../../src/ordering/user-erasure.repository.js';
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

const ERASE = { orders: 'KEEP', erase: true } as const;
const erase = (id: string) => scope().userRemoval.deleteUser(id, ERASE);

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

  test('keeps its copies, and has new ones, until MongoDB has deleted it', async () => {
    const { id, orderId } = await customer();
    const deletions = new UserDeletionRepository(databases.platform.postgres);
    const { hold } = await deletions.begin(id, ERASE);
    expect(await copyOf(id)).toMatchObject({ ...ADA, erasedAt: null });
    await scope().users.update(id, { username: 'Augusta' });
    await sync(id);
    await worker.start();
    await expect.poll(() => copiesOn(orderId), { timeout: 5_000 }).toMatchObject({ userName: 'Augusta' });
    expect(await copyOf(id)).toMatchObject({ ...ADA, username: 'Augusta', erasedAt: null });
    if (hold === null) throw new Error('the user is not held');
    expect(await deletions.abandon(hold)).toBe(true);
    expect(await copiesOn(orderId)).toEqual({ userName: 'Augusta', userEmail: ADA.email });
  });
});

describe('a name that is on its way', () => {
  test('to an order, while MongoDB has deleted its user, does not stay', async () => {
    const { id, orderId } = await customer();
    const { postgres, mongo } = databases.platform;
    const { at } = await new UserSnapshots(mongo).ofIds([id]);
    const deletions = new UserDeletionRepository(postgres);
    await deletions.begin(id, ERASE);
    await run(`UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL WHERE "id" = '${orderId}'`);
    await using held = await transaction(`SELECT 1 FROM "orders" WHERE "id" = '${orderId}' FOR UPDATE`);
    const following = new FollowingOrderRepository(postgres).write({
      userId: id,
      userName: 'Ada',
      userEmail: null,
      at,
    });
    await waiting(1);
    const noted = deletions.noteGone(id);
    await waiting(2);
    await held.commit();
    expect(await following).toBe(1);
    expect(await noted).toBe(true);
    await emptied(id);
    expect(await copiesOn(orderId)).toEqual({ userName: null, userEmail: null });
  });

  test('to an order does not arrive once that is noted', async () => {
    const { id, orderId } = await customer();
    const { postgres, mongo } = databases.platform;
    const { at } = await new UserSnapshots(mongo).ofIds([id]);
    const deletions = new UserDeletionRepository(postgres);
    await deletions.begin(id, ERASE);
    await deletions.noteGone(id);
    await emptied(id);
    const names = { userId: id, userName: 'Ada', userEmail: ADA.email, at };
    expect(await new FollowingOrderRepository(postgres).write(names)).toBe(0);
    // Not even where another program has removed the copy, and its user is copied late.
    await run(`DELETE FROM "users" WHERE "mongoId" = '${id}'`);
    const late = await new UserSnapshots(mongo).ofIds([id]);
    await new UserCopyRepository(postgres, { follows: false, logger: databases.platform.logger }).write(late);
    expect(await copyOf(id)).toMatchObject(NOTHING);
    expect(await new FollowingOrderRepository(postgres).write(names)).toBe(0);
    expect(await copiesOn(orderId)).toEqual({ userName: null, userEmail: null });
  });

  test('to the copy, by who has read it before, is waited for and emptied', async () => {
    const { id } = await customer();
    const deletions = new UserDeletionRepository(databases.platform.postgres);
    await deletions.begin(id, ERASE);
    await run(`DELETE FROM "users" WHERE "mongoId" = '${id}'`);
    await using copier = await copying(id);
    const noted = deletions.noteGone(id);
    await waiting(1);
    await copier.commit();
    await noted;
    expect(await copyOf(id)).toMatchObject({ ...NOTHING, erasedAt: expect.any(Date) as Date });
  });

  test('to a copy that was not there, by who has read it before the deletion began, is waited for and emptied', async () => {
    const { id } = await customer();
    await run(`DELETE FROM "users" WHERE "mongoId" = '${id}'`);
    await using copier = await copying(id);
    const deletions = new UserDeletionRepository(databases.platform.postgres);
    await deletions.begin(id, ERASE);
    await deletions.noteGone(id);
    await emptied(id);
    const finished = deletions.finish(id);
    await waiting(1);
    await copier.commit();
    await finished;
    expect(await copyOf(id)).toMatchObject({ ...NOTHING, erasedAt: expect.any(Date) as Date });
  });

  test('to the copy, by who comes while the deletion is noted, waits and is kept out', async () => {
    const { id } = await customer();
    const { postgres, mongo, logger } = databases.platform;
    const before = await new UserSnapshots(mongo).ofIds([id]);
    await new UserDeletionRepository(postgres).begin(id, ERASE);
    await run(`DELETE FROM "users" WHERE "mongoId" = '${id}'`);
    await using noting = await transaction(
      `UPDATE tandem_user_deletions SET "deletedAt" = 'infinity' WHERE "userId" = '${id}'`,
    );
    const copied = new UserCopyRepository(postgres, { follows: true, logger }).write(before);
    await waiting(1);
    await noting.commit();
    await copied;
    expect(await copyOf(id)).toMatchObject({ ...NOTHING, erasedAt: expect.any(Date) as Date });
  });

  test('stays where the user is not erased', async () => {
    const { id, orderId } = await customer();
    const deletions = new UserDeletionRepository(databases.platform.postgres);
    await deletions.begin(id, { orders: 'KEEP', erase: false });
    expect(await deletions.noteGone(id)).toBe(false);
    expect(await copiesOn(orderId)).toEqual({ userName: 'Ada', userEmail: ADA.email });
  });
});

/** A copier in the middle of its transaction, with the user as it is now. */
async function copying(id: UserId) {
  const { postgres, mongo } = databases.platform;
  const table = await copyTable(postgres);
  const batch = batchOf(await new UserSnapshots(mongo).ofIds([id]), table.lengths);
  const client = await transaction();
  const { schema } = postgres;
  for (const { sql: text, parameters } of copyStatements(batch, { table, schema, follows: true, buries: false }))
    await client.query(text, [...parameters]);
  return client;
}

function emptied(id: UserId): Promise<boolean> {
  return new UserErasureRepository(databases.platform.postgres).empty(id, () => true);
}

/** A transaction of somebody else's, with what it has locked. */
async function transaction(...statements: string[]) {
  const client = new pg.Client({ connectionString: databases.databaseUrl });
  await client.connect();
  for (const statement of ['BEGIN', ...statements]) await client.query(statement);
  return {
    query: (text: string, parameters: unknown[]) => client.query(text, parameters),
    commit: () => client.query('COMMIT'),
    [Symbol.asyncDispose]: () => client.end(),
  };
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
