import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isPassing } from '../../src/errors/app-error.js';
import type { UserId } from '../../src/domains/user/user.source.js';
import { UserCopyRepository } from '../../src/copies/user-copy.repository.js';
import { UserSnapshots, type UserSnapshot } from '../../src/copies/user-snapshot.repository.js';
import { FollowingOrderRepository } from '../../src/ordering/following-order.repository.js';
import { UserFollowing } from '../../src/ordering/user-following.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const scope = () => createScope(databases.platform);
const sync = (id: string) => scope().userSync.syncUser(id);
const rename = (id: string, username: string) => scope().users.update(id, { username });
const snapshotOf = (id: UserId) => new UserSnapshots(databases.platform.mongo).ofIds([id]);
const nameOn = async (orderId: string) =>
  (await run(`SELECT "userName" FROM "orders" WHERE "id" = '${orderId}'`))[0]?.['userName'];

const BEHIND: unknown = expect.toSatisfy(isPassing);

/** A user whose copy is there, and an order with the user's name. */
async function customer(): Promise<{ id: UserId; orderId: string }> {
  const id = (await seed.user({ username: 'Ada', email: 'Ada@Example.com' })).id as UserId;
  const outcome = await scope().ordering.createOrder({ userId: id, total: '1' });
  if (outcome.kind !== 'created') throw new Error('there is no order');
  await sync(id);
  return { id, orderId: outcome.order.id };
}

/** As a job does whose MongoDB tells of this moment. */
function followAsOf(id: UserId, snapshot: UserSnapshot): Promise<number> {
  const { postgres, logger } = databases.platform;
  const snapshots = { ofIds: () => Promise.resolve(snapshot) } as unknown as UserSnapshots;
  const copies = new UserCopyRepository(postgres, { follows: true, logger });
  const followingOrders = new FollowingOrderRepository(postgres);
  return new UserFollowing({ snapshots, copies, followingOrders, follows: true }).follow(id);
}

describe('a user is not followed by what is older than the copy', () => {
  test('which is to be tried again, until MongoDB tells of a later moment', async () => {
    const { id, orderId } = await customer();
    const stale = await snapshotOf(id);
    await rename(id, 'Ada Lovelace');
    await sync(id);
    await expect(followAsOf(id, stale)).rejects.toEqual(BEHIND);
    expect(await nameOn(orderId)).toBe('Ada');
    await followAsOf(id, await snapshotOf(id));
    expect(await nameOn(orderId)).toBe('Ada Lovelace');
  });

  test('nor is one whom MongoDB seems not to have yet', async () => {
    const { id } = await customer();
    const { at } = await snapshotOf(id);
    await rename(id, 'Ada Lovelace');
    await sync(id);
    await expect(followAsOf(id, { at, users: [], gone: [id], unsure: [], last: undefined })).rejects.toEqual(BEHIND);
  });

  test('but one who is erased, and whom nobody is to follow, is done with', async () => {
    const { id, orderId } = await customer();
    const stale = await snapshotOf(id);
    await rename(id, 'Ada Lovelace');
    await sync(id);
    await scope().userRemoval.deleteUser(id, { orders: 'KEEP', erase: true });
    await followAsOf(id, stale);
    expect(await nameOn(orderId)).toBeNull();
  });

  test('but one of a MongoDB that was set back is followed from there', async () => {
    const { id, orderId } = await customer();
    await run(
      `UPDATE "orders" SET "userName" = 'another' WHERE "id" = '${orderId}'`,
      `UPDATE "users" SET "namedVersion" = repeat('f', 16), "sourceVersion" = NULL WHERE "mongoId" = '${id}'`,
    );
    await followAsOf(id, await snapshotOf(id));
    expect(await nameOn(orderId)).toBe('Ada');
  });
});

describe('in a table that changes what is written to it', () => {
  beforeEach(() =>
    run(
      `CREATE TABLE "touched" ("id" uuid)`,
      `CREATE FUNCTION "normalized"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO "touched" VALUES (NEW."id");
         NEW."userEmail" = lower(NEW."userEmail");
         RETURN NEW;
       END $$`,
      `CREATE TRIGGER "normalized" BEFORE UPDATE ON "orders" FOR EACH ROW EXECUTE FUNCTION "normalized"()`,
    ),
  );
  afterEach(() => run(`DROP FUNCTION "normalized" CASCADE`, `DROP TABLE "touched"`));

  test('each order is written once', async () => {
    const id = (await seed.user({ username: 'Ada', email: 'Ada@Example.com' })).id as UserId;
    await sync(id);
    await run(
      `INSERT INTO "orders" ("id", "userId", "orderNumber", "total", "copiedAt", "createdAt", "updatedAt")
       SELECT gen_random_uuid(), '${id}', 'many ' || n, 1, now(), now(), now() FROM generate_series(1, 2100) AS n`,
    );
    const { at } = await snapshotOf(id);
    const orders = new FollowingOrderRepository(databases.platform.postgres);
    expect(await orders.write({ userId: id, userName: 'Ada', userEmail: 'Ada@Example.com', at })).toBe(2_100);
    expect(await run(`SELECT count(*)::int AS "all", count(DISTINCT "id")::int AS "orders" FROM "touched"`)).toEqual([
      { all: 2_100, orders: 2_100 },
    ]);
    expect(await run(`SELECT DISTINCT "userName", "userEmail" FROM "orders" WHERE "userId" = '${id}'`)).toEqual([
      { userName: 'Ada', userEmail: 'ada@example.com' },
    ]);
  });
});
