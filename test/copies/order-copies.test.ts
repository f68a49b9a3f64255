import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { users } from '../../src/domains/user/user.source.js';
import { allFields } from '../../src/join/source.js';
import { createScope } from '../../src/scope.js';
import type { Platform } from '../../src/platform/platform.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useWorker } from '../support/worker.js';

const databases = useDatabases();
const worker = useWorker(databases);

beforeEach(() => worker.stop());
const seed = new Seed(databases);

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const jobs = () =>
  run('SELECT "key", "last_error", "attempts", "locked_by", "run_at"::text, now()::text FROM graphile_worker.jobs');

afterEach(async () => {
  await expect.poll(jobs, { timeout: 10_000 }).toEqual([]);
});

async function order(userId: string, platform: Platform = databases.platform): Promise<string> {
  const outcome = await createScope(platform).ordering.createOrder({ userId, total: '1' });
  if (outcome.kind !== 'created') throw new Error(`there is no order: ${JSON.stringify(outcome)}`);
  return outcome.order.id;
}

const copiesOn = async (id: string) =>
  (await run(`SELECT "userName", "userEmail", "updatedAt"::text FROM "orders" WHERE "id" = '${id}'`))[0];

/** As the change stream does when it hears of the user. */
const synced = (id: string, platform = databases.platform) => createScope(platform).userSync.syncUser(id);

const rename = (id: string, username: string, email?: string) =>
  createScope(databases.platform).users.update(id, { username, ...(email === undefined ? {} : { email }) });

describe('the copies on an order', () => {
  test('follow the user, and the order itself is not changed', async () => {
    const { id } = await seed.user({ username: 'Ada', email: 'ada@example.com' });
    const orderId = await order(id);
    const first = await copiesOn(orderId);
    await synced(id);
    await worker.start();
    await rename(id, 'Ada Lovelace', 'lovelace@example.com');
    await synced(id);
    await expect
      .poll(() => copiesOn(orderId), { timeout: 5_000 })
      .toEqual({
        ...first,
        userName: 'Ada Lovelace',
        userEmail: 'lovelace@example.com',
      });
  });

  test('follow in stretches, and in whatever case the orders have the id', async () => {
    const { id } = await seed.user({ username: 'Ada' });
    await synced(id);
    await order(id);
    await run(
      `INSERT INTO "orders" ("id", "userId", "orderNumber", "total", "userName", "copiedAt", "createdAt", "updatedAt")
       SELECT gen_random_uuid(), upper('${id}'), 'many ' || n, 1, 'Ada', now(), now(), now()
       FROM generate_series(1, 2500) AS n`,
    );
    await rename(id, 'Ada Lovelace');
    await synced(id);
    await worker.start();
    const stale = `SELECT count(*)::int AS "count" FROM "orders"
      WHERE lower("userId") = '${id}' AND "userName" = 'Ada'`;
    await expect.poll(() => run(stale), { timeout: 10_000 }).toEqual([{ count: 0 }]);
  });

  test('stay as they are on orders that were there before', async () => {
    const { id } = await seed.user({ username: 'Ada' });
    const old = await seed.order({ userId: id, userName: 'Countess' });
    const mine = await order(id);
    await synced(id);
    await rename(id, 'Ada Lovelace');
    await synced(id);
    await worker.start();
    await expect.poll(() => copiesOn(mine), { timeout: 5_000 }).toMatchObject({ userName: 'Ada Lovelace' });
    expect(await copiesOn(old.id)).toMatchObject({ userName: 'Countess' });
  });

  test('stay as they were made where they are frozen', async () => {
    const platform = { ...databases.platform, orderCopies: 'frozen' as const };
    const { id } = await seed.user({ username: 'Ada' });
    const orderId = await order(id, platform);
    await synced(id, platform);
    await rename(id, 'Ada Lovelace');
    await synced(id, platform);
    expect(await jobs()).toEqual([]);
    expect(await copiesOn(orderId)).toMatchObject({ userName: 'Ada' });
  });

  test('that were read before the user changed, and written after, are brought up to date', async () => {
    const { id } = await seed.user({ username: 'Ada' });
    await synced(id);
    await rename(id, 'Ada Lovelace');
    await synced(id);
    // Whoever has read the user a moment ago writes this.
    const orderId = await lateOrder(id);
    await worker.start();
    await expect.poll(() => copiesOn(orderId), { timeout: 5_000 }).toMatchObject({ userName: 'Ada Lovelace' });
  });

  test('of a user who was deleted stay', async () => {
    const { id } = await seed.user({ username: 'Ada' });
    const orderId = await order(id);
    await synced(id);
    expect(
      await createScope(databases.platform).userRemoval.deleteUser(id, { orders: 'KEEP', erase: false }),
    ).toMatchObject({ kind: 'deleted' });
    await synced(id);
    await worker.start();
    await expect.poll(jobs, { timeout: 5_000 }).toEqual([]);
    expect(await copiesOn(orderId)).toMatchObject({ userName: 'Ada' });
  });
});

/** An order of one who has read the user when the name was another. */
async function lateOrder(userId: string): Promise<string> {
  const { platform } = databases;
  const stale = await platform.mongoPrimary.findByKeys(users, 'id', [userId], allFields(users), null);
  const mongoPrimary = { findByKeys: () => Promise.resolve(stale.map((user) => ({ ...user, username: 'Ada' }))) };
  return order(userId, { ...platform, mongoPrimary } as unknown as Platform);
}
