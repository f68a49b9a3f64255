import { afterEach, describe, expect, test, vi } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import type { Step } from '../../src/ordering/protocol.js';
import { UserErasureRepository } from '../../src/ordering/user-erasure.repository.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const ERASE = { orders: 'KEEP', erase: true } as const;
const ADA = { username: 'Ada', email: 'ada@example.com' };

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const scope = () => createScope(databases.platform);
const later = () => performance.now() + 5_000;

afterEach(() => vi.restoreAllMocks());

/** A user with a copy, an order of Tandem's with its answer, and an old order whose copies follow nobody. */
async function customer(): Promise<UserId> {
  const { id } = await seed.user(ADA);
  await scope().ordering.createOrder({ userId: id, total: '1', idempotencyKey: `order of ${id}` });
  await seed.order({ userId: id.toUpperCase(), userName: 'Ada', userEmail: ADA.email });
  await scope().userSync.syncUser(id);
  return id as UserId;
}

/** How often each place names the user beside its id. */
async function named(id: string) {
  const [row] = await run(`SELECT
    (SELECT count(*)::int FROM "users" WHERE "mongoId" = '${id}' AND "users"::text ~ '\\yAda\\y') AS "copies",
    (SELECT count(*)::int FROM "orders" WHERE lower("userId") = '${id}' AND "orders"::text ~ '\\yAda\\y') AS "orders",
    (SELECT count(*)::int FROM tandem_idempotency_keys AS "keys" WHERE "outcome"::text ~ '${id}'
      AND "outcome"::text ~ '\\yAda\\y') AS "answers"`);
  return row;
}
const ALL = { copies: 1, orders: 2, answers: 1 };
const NONE = { copies: 0, orders: 0, answers: 0 };

const isThere = async (id: string) => (await scope().users.byId(id)) !== null;
const openDeletions = () => run(`SELECT "userId" FROM tandem_user_deletions WHERE "deletedAt" IS NULL`);

describe('an erasure that is refused', () => {
  test('by MongoDB has changed nothing, and its user can have orders again', async () => {
    const id = await customer();
    await asView(async () => {
      await expect(scope().userRemoval.deleteUser(id, ERASE)).rejects.toMatchObject({ code: 'WRITE_REFUSED' });
    });
    expect(await isThere(id)).toBe(true);
    expect(await named(id)).toEqual(ALL);
    expect(await openDeletions()).toEqual([]);
    expect(await scope().ordering.createOrder({ userId: id, total: '1' })).toMatchObject({ kind: 'created' });
  });

  test.each([
    ['with an error', 'RAISE EXCEPTION $m$names stay$m$'],
    ['without a word', 'RETURN OLD'],
  ])('by the table of copies, %s, has changed nothing, also of a user without orders', async (_how, act) => {
    const { id } = await seed.user(ADA);
    await scope().userSync.syncUser(id);
    await run(
      `CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${act}; END $f$`,
      'CREATE TRIGGER kept BEFORE UPDATE ON "users" FOR EACH ROW WHEN (NEW."email" IS NULL) EXECUTE FUNCTION kept()',
    );
    const erased = scope().userRemoval.deleteUser(id, { orders: 'REFUSE', erase: true });
    await expect(erased).rejects.toMatchObject({ code: 'WRITE_REFUSED' });
    await run('DROP FUNCTION kept CASCADE');
    expect(await isThere(id)).toBe(true);
    expect(await named(id)).toEqual({ ...NONE, copies: 1 });
    expect(await openDeletions()).toEqual([]);
  });

  test.each([
    ['with an error', 'RAISE EXCEPTION $m$names stay$m$'],
    ['without a word', 'RETURN NULL'],
  ])('by the table of orders, %s, has changed nothing', async (_how, act) => {
    const id = await customer();
    await run(
      `CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${act}; END $f$`,
      'CREATE TRIGGER kept BEFORE UPDATE ON "orders" FOR EACH ROW WHEN (NEW."userName" IS NULL) EXECUTE FUNCTION kept()',
    );
    await expect(scope().userRemoval.deleteUser(id, ERASE)).rejects.toMatchObject({ code: 'WRITE_REFUSED' });
    await run('DROP FUNCTION kept CASCADE');
    expect(await isThere(id)).toBe(true);
    expect(await named(id)).toEqual(ALL);
    expect(await openDeletions()).toEqual([]);
  });
});

test('an erasure is not done with while the table of copies keeps a name, and goes on when it does not', async () => {
  const id = await customer();
  await dyingAt('goneNoted', id);
  await run(
    'CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN OLD; END $f$',
    `UPDATE "users" SET "username" = 'Ada' WHERE "mongoId" = '${id}'`,
    'CREATE TRIGGER kept BEFORE UPDATE ON "users" FOR EACH ROW EXECUTE FUNCTION kept()',
  );
  await expect(scope().userRemoval.settle(id, later())).rejects.toMatchObject({ code: 'WRITE_REFUSED' });
  await run('DROP FUNCTION kept CASCADE');
  await scope().userRemoval.settle(id, later());
  expect(await named(id)).toEqual(NONE);
});

describe('an erasure whose process dies', () => {
  const STEPS: readonly (readonly [Step, object])[] = [
    ['userHeld', ALL],
    ['userDeleted', ALL],
    ['goneNoted', { ...ALL, copies: 0 }],
    ['copiesEmptied', NONE],
  ];

  test.each(STEPS)('at %s is completed by its job', async (step, left) => {
    const id = await customer();
    await dyingAt(step, id);
    expect(await named(id)).toEqual(left);
    await scope().userRemoval.settle(id, later());
    expect(await isThere(id)).toBe(false);
    expect(await named(id)).toEqual(NONE);
    expect(await run(`SELECT "key" FROM graphile_worker.jobs WHERE "key" = 'user ${id}'`)).toEqual([]);
  });

  test.each(STEPS)('at %s is completed by the same call', async (step) => {
    const id = await customer();
    await dyingAt(step, id);
    expect(await scope().userRemoval.deleteUser(id, ERASE)).toMatchObject({ kind: 'deleted', user: { id } });
    expect(await named(id)).toEqual(NONE);
    expect(await scope().userRemoval.deleteUser(id, ERASE)).toEqual({ kind: 'userNotFound', userId: id });
  });

  test('and whose user is there again from a back-up, is completed although deleting it again is refused', async () => {
    const id = await customer();
    await dyingAt('goneNoted', id);
    await seed.document('users', { _id: seed.objectId({ id }), ...ADA });
    await asView(async () => {
      await expect(scope().userRemoval.deleteUser(id, ERASE)).rejects.toMatchObject({ code: 'WRITE_REFUSED' });
    });
    await scope().userRemoval.settle(id, later());
    expect(await named(id)).toEqual(NONE);
  });

  test('has its job looked for, and is not forgotten while copies are left', async () => {
    const id = await customer();
    await dyingAt('goneNoted', id);
    await run(`SELECT graphile_worker.remove_job('user ${id}')`);
    const { OrderingHousekeeping } = await import('../../src/ordering/housekeeping.js');
    const { TransactionRepository } = await import('../../src/ordering/transaction.repository.js');
    const { postgres, mongo } = databases.platform;
    await new OrderingHousekeeping({
      postgres,
      transactions: new TransactionRepository(mongo),
      keyRetention: 24,
    }).run();
    expect(await run(`SELECT "key" FROM graphile_worker.jobs WHERE "key" = 'user ${id}'`)).toHaveLength(1);
    // No order is created for a user who is gone.
    expect(await scope().ordering.createOrder({ userId: id, total: '1' })).toMatchObject({ kind: 'userNotFound' });
  });
});

describe('copies are emptied in stretches', () => {
  test('of whatever size, and no other than those of the user', async () => {
    const id = await customer();
    const eve = await customer();
    await run('ALTER TABLE "orders" ALTER COLUMN "createdAt" DROP NOT NULL');
    await orders(id, 7);
    await run(
      `UPDATE "orders" SET "createdAt" = NULL WHERE "id" IN (SELECT "id" FROM "orders" WHERE "userId" = '${id}' LIMIT 3)`,
      `UPDATE "orders" SET "unfinished" = 'DELETE' WHERE "id" IN (SELECT "id" FROM "orders" WHERE "userId" = '${id}' LIMIT 1)`,
      // An order may be gone whose answer is kept.
      `DELETE FROM "orders" WHERE "id" = (SELECT "orderId" FROM tandem_idempotency_keys WHERE "key" = 'order of ${id}')`,
    );
    const erasures = new UserErasureRepository(databases.platform.postgres, 2);
    expect(await erasures.remembers(id)).toBe(true);
    expect(await erasures.empty(id, () => true)).toBe(true);
    expect(await named(id)).toEqual({ ...NONE, copies: 1 });
    expect(await named(eve)).toEqual(ALL);
    await run(`UPDATE "users" SET "username" = NULL, "email" = NULL WHERE "mongoId" = '${id}'`);
    expect(await erasures.remembers(id)).toBe(false);
    await run(
      'DELETE FROM "orders" WHERE "createdAt" IS NULL',
      'ALTER TABLE "orders" ALTER COLUMN "createdAt" SET NOT NULL',
    );
  });

  test('also where a reference wraps the id, and the graph shows the order to nobody', async () => {
    const id = await customer();
    const wrapped = [`"${id}"`, `ObjectId('${id.toUpperCase()}')`, ` ${id} `];
    for (const userId of wrapped) await seed.order({ userId, userName: 'Ada' });
    const other = await seed.order({ userId: `"${'0'.repeat(24)}"`, userName: 'Eve' });
    const erasures = new UserErasureRepository(databases.platform.postgres, 1);
    await run(`UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL WHERE lower("userId") = '${id}'`);
    expect(await erasures.remembers(id)).toBe(true);
    expect(await scope().userRemoval.deleteUser(id, ERASE)).toMatchObject({ kind: 'deleted' });
    const named = await run(`SELECT "id" FROM "orders" WHERE "userName" IS NOT NULL AND "userId" ~ '\\W'`);
    expect(named).toEqual([{ id: other.id }]);
  });

  test('which a walk that was cut short goes on with', async () => {
    const id = await customer();
    await orders(id, 5);
    const erasures = new UserErasureRepository(databases.platform.postgres, 2);
    let rounds = 0;
    expect(await erasures.empty(id, () => (rounds += 1) < 3)).toBe(false);
    expect(await named(id)).toEqual({ copies: 1, orders: 3, answers: 1 });
    expect(await erasures.empty(id, () => true)).toBe(true);
    expect(await named(id)).toEqual({ ...NONE, copies: 1 });
  });

  test('at once by several', async () => {
    const id = await customer();
    await orders(id, 60);
    const erasures = new UserErasureRepository(databases.platform.postgres, 7);
    await Promise.all([1, 2, 3, 4].map(() => erasures.empty(id, () => true)));
    expect(await named(id)).toEqual({ ...NONE, copies: 1 });
  });

  test('for as long as a call waits; it is pending then, and a job goes on', async () => {
    const id = await customer();
    const now = performance.now.bind(performance);
    const onStep = (step: string) => {
      if (step === 'goneNoted') vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
    };
    const outcome = await createScope({ ...databases.platform, onStep }).userRemoval.deleteUser(id, ERASE);
    vi.restoreAllMocks();
    expect(outcome).toEqual({ kind: 'pending', userId: id });
    expect(await isThere(id)).toBe(false);
    expect((await named(id))?.['orders']).toBeGreaterThan(0);
    await scope().userRemoval.settle(id, later());
    expect(await named(id)).toEqual(NONE);
  });
});

test('of more orders than are counted, a refusal says so', async () => {
  const { id } = await seed.user();
  await orders(id, 1_001);
  const answer = await execute(gql(`mutation RefuseMany($id: ID!) { deleteUser(id: $id) { user { id } } }`), { id });
  expect(answer.errors).toMatchObject([
    { extensions: { code: 'USER_HAS_ORDERS' }, message: expect.stringContaining('more than 1000 orders') as string },
  ]);
  await run(
    `DELETE FROM "orders" WHERE "userId" = '${id}' AND "id" IN (SELECT "id" FROM "orders" WHERE "userId" = '${id}' LIMIT 1)`,
  );
  expect(await scope().userRemoval.deleteUser(id, { orders: 'REFUSE', erase: false })).toEqual({
    kind: 'hasOrders',
    userId: id,
    orders: 1_000,
  });
});

/** Rows of a user, as other programs have written them. */
function orders(id: string, count: number) {
  return run(`INSERT INTO "orders" ("userId", "orderNumber", "total", "userName", "userEmail", "createdAt")
    SELECT '${id}', '${id} ' || "at", 1, 'Ada', '${ADA.email}', now() - make_interval(mins => ("at" / 3)::int)
    FROM generate_series(1, ${count}) AS "at"`);
}

async function dyingAt(step: Step, id: string): Promise<void> {
  const onStep = (at: string) => (at === step ? Promise.reject(new Error('the process dies')) : undefined);
  const erased = createScope({ ...databases.platform, onStep }).userRemoval.deleteUser(id, ERASE);
  await expect(erased).rejects.toThrow('the process dies');
}

/** Runs `work` while MongoDB refuses each write to users, which are shown by a view. */
async function asView(work: () => Promise<void>): Promise<void> {
  const { mongo } = databases.platform;
  await mongo.run((db) => db.renameCollection('users', 'people'));
  await mongo.run((db) => db.createCollection('users', { viewOn: 'people', pipeline: [] }));
  await work();
  await mongo.run((db) => db.collection('users').drop());
  await mongo.run((db) => db.renameCollection('people', 'users'));
}
