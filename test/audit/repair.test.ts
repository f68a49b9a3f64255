import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { REPORT_ALL, type RepairPolicies } from '../../src/audit/repair-policies.js';
import { createScope } from '../../src/scope.js';
import { working } from '../cli/commands-support.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { collection, consistencyOf, copiedOnce, countsIn, nothingIn } from './consistency-support.js';
import { ordered, payment } from './transactions-support.js';

const { ObjectId } = mongoose.mongo.BSON;

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const rows = (statement: string) => sql(databases.databaseUrl, statement);
const log = () => rows('SELECT "runId", kind, subject, policy, before, after FROM tandem_repairs ORDER BY "at", id');
const repair = (policies: Partial<RepairPolicies>, isDry = false) =>
  createScope(databases.platform).repair.run({ isDry, ...policies });
const transactions = () => collection(databases.platform, 'transactions');

const EVERYTHING = {
  danglingOrders: 'DELETE',
  orphanTransactions: 'DELETE',
  wrongAmounts: 'FIX',
  staleCopies: 'RELINK',
  conflictingCopies: 'RELINK',
  staleOrderCopies: 'RELINK',
} as const satisfies Partial<RepairPolicies>;

let ada: Seeded;

/** One thing of every kind that is wrong. */
interface Planted {
  readonly dangling: Seeded;
  readonly ofDangling: Seeded;
  readonly orphan: Seeded;
  readonly wrong: string;
  readonly stale: Seeded;
  readonly gone: Seeded;
  readonly missing: Seeded;
  readonly conflicting: Seeded;
  readonly order: string;
}

beforeEach(async () => {
  await nothingIn(databases);
  ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
});

async function planted(): Promise<Planted> {
  const [stale, gone, missing, conflicting] = [
    await seed.user(),
    await seed.user(),
    await seed.user(),
    await seed.user(),
  ];
  const dangling = await seed.order({ userName: 'Nobody' });
  const ofDangling = await seed.transaction(dangling);
  const orphan = await seed.transaction({ id: randomUUID() });
  const wrong = await ordered(databases.platform, ada, 'REQUIRED');
  const order = await ordered(databases.platform, ada, 'NONE');
  await copiedOnce(databases);
  await transactions().updateOne({ _id: payment(wrong) }, { $set: { amount: 1 } });
  await rows(`UPDATE users SET username = 'somebody else' WHERE "mongoId" = '${stale.id}'`);
  await collection(databases.platform, 'users').deleteOne({ _id: new ObjectId(gone.id) });
  await rows(`DELETE FROM users WHERE "mongoId" = '${missing.id}'`);
  await rows(`UPDATE users SET email = NULL, "emailConflict" = true WHERE "mongoId" = '${conflicting.id}'`);
  await rows(`UPDATE orders SET "userName" = 'Eda' WHERE id = '${order}'`);
  return { dangling, ofDangling, orphan, wrong, stale, gone, missing, conflicting, order };
}

const FOUND = {
  danglingOrders: 1,
  orphanTransactions: 1,
  wrongAmounts: 1,
  staleCopies: 3,
  conflictingCopies: 1,
  staleOrderCopies: 1,
  wrappedReferences: 0,
  otherTypeReferences: 0,
};

async function everything() {
  const tables = [
    rows('SELECT * FROM orders ORDER BY id'),
    rows('SELECT * FROM users ORDER BY id'),
    rows('SELECT key FROM graphile_worker.jobs'),
    log(),
  ];
  return [...(await Promise.all(tables)), await transactions().find().sort({ _id: 1 }).toArray()];
}

test('a dry run tells what would be done, and changes nothing', async () => {
  const { dangling } = await planted();
  const before = await everything();
  const run = await repair(EVERYTHING, true);
  expect(await everything()).toEqual(before);
  expect(run).toMatchObject({ runId: null, isDry: true, isComplete: true });
  expect(Object.fromEntries(run.results.map(({ kind, found }) => [kind, found]))).toEqual(FOUND);
  expect(run.acts).toHaveLength(8);
  expect(run.acts).toContainEqual(
    expect.objectContaining({ kind: 'danglingOrders', id: dangling.id, policy: 'DELETE', outcome: 'planned' }),
  );
});

test('without a policy nothing is done', async () => {
  await planted();
  const before = await everything();
  const run = await repair({});
  expect(await everything()).toEqual(before);
  expect(run.acts).toEqual([]);
  expect(run.results.every(({ policy }) => policy === 'REPORT')).toBe(true);
  expect(run.results.map(({ kind, found }) => [kind, found])).toEqual(Object.entries(FOUND));
});

test('everything is mended, logged, and found no more', async () => {
  const { dangling, ofDangling, orphan, wrong, stale, gone, missing, conflicting, order } = await planted();
  const run = await repair(EVERYTHING);
  expect(run.results.map(({ kind, repaired, underWay, left }) => [kind, repaired + underWay, left])).toEqual(
    Object.entries(FOUND).map(([kind, count]) => [kind, count, 0]),
  );
  await working(databases, () =>
    expect.poll(() => rows('SELECT key FROM graphile_worker.jobs'), { timeout: 10_000 }).toEqual([]),
  );
  const audit = await consistencyOf(databases.platform);
  expect(countsIn(audit)).toEqual(countsIn({}));
  expect(audit.isSound).toBe(true);
  expect(
    await transactions().countDocuments({ _id: { $in: [ofDangling, orphan].map(({ id }) => new ObjectId(id)) } }),
  ).toBe(0);
  expect(await rows(`SELECT "userName" FROM orders WHERE id = '${order}'`)).toEqual([{ userName: 'Ada' }]);
  const entries = await log();
  expect(entries.map(({ kind, subject }) => `${String(kind)} ${String(subject)}`).sort()).toEqual(
    [
      `danglingOrders ${dangling.id}`,
      `orphanTransactions ${orphan.id}`,
      `wrongAmounts ${payment(wrong).toHexString()}`,
      ...[stale, gone, missing].map(({ id }) => `staleCopies ${id}`),
      `conflictingCopies ${conflicting.id}`,
      `staleOrderCopies ${order}`,
    ].sort(),
  );
  expect(entries.every(({ runId, after }) => runId === run.runId && after !== null)).toBe(true);
  expect(entries.find(({ subject }) => subject === dangling.id)).toMatchObject({
    ...{ policy: 'DELETE', before: { id: dangling.id, total: 10 }, after: { kind: 'repaired' } },
  });
  expect(JSON.stringify(entries)).not.toContain('Nobody');
  const again = await repair(EVERYTHING);
  expect(again.acts).toEqual([]);
  expect(await log()).toHaveLength(entries.length);
});

test.each(Object.entries(EVERYTHING))('%s alone is mended where it alone has a policy (%s)', async (kind, policy) => {
  await planted();
  const run = await repair({ ...REPORT_ALL, [kind]: policy });
  expect(run.acts.every((act) => act.kind === kind)).toBe(true);
  const kinds = new Set((await log()).map((entry) => entry['kind']));
  expect([...kinds]).toEqual([kind]);
  expect((await rows('SELECT count(*)::int AS "count" FROM orders'))[0]).toEqual({
    count: kind === 'danglingOrders' ? 2 : 3,
  });
});

test('orders that were brought up to date with another of their user count, and stand in its entry', async () => {
  const orders = [1, 2, 3].map(() => ordered(databases.platform, ada, 'NONE'));
  await Promise.all(orders);
  await copiedOnce(databases);
  await rows(`UPDATE orders SET "userName" = 'Eda'`);
  const run = await repair({ staleOrderCopies: 'RELINK' });
  expect(run.results.find(({ kind }) => kind === 'staleOrderCopies')).toMatchObject({ found: 3, repaired: 3, left: 0 });
  const changed = (await log()).map(({ after }) => (after as { orders?: number }).orders ?? 0);
  expect(changed.reduce((sum, count) => sum + count, 0)).toBe(3);
});

describe('a run that is killed', () => {
  test('before an act is done leaves an entry that says so, and the next run does it', async () => {
    const orders = await Promise.all(Array.from({ length: 5 }, () => seed.order()));
    const { platform } = databases;
    let acts = 0;
    const dying = {
      ...platform,
      onStep: (step: string) => {
        if (step === 'orderHidden' && (acts += 1) === 3) throw new Error('killed');
      },
    };
    await expect(createScope(dying).repair.run({ isDry: false, danglingOrders: 'DELETE' })).rejects.toThrow('killed');
    expect((await log()).some(({ after }) => after === null)).toBe(true);
    await working(databases, async () => {
      await expect.poll(() => rows('SELECT key FROM graphile_worker.jobs'), { timeout: 20_000 }).toEqual([]);
      await repair({ danglingOrders: 'DELETE' });
    });
    expect(await rows('SELECT id FROM orders')).toEqual([]);
    expect(await consistencyOf(platform)).toMatchObject({ isSound: true });
    expect(orders).toHaveLength(5);
  });
});

test('what cannot be mended is left, and says why', async () => {
  const foreign = await seed.transaction(await seed.order({ user: ada }), { amount: 9 });
  await seed.document('transactions', { _id: 'odd', orderId: randomUUID(), amount: 1 });
  const { acts } = await repair(EVERYTHING);
  expect(acts).toHaveLength(2);
  const reasonOf = (id: string) => acts.find((act) => act.id === id && act.outcome === 'left')?.because;
  expect(reasonOf('odd')).toContain('no ObjectId');
  expect(reasonOf(foreign.id)).toContain('another program');
});

test('nothing is deleted because the other database is the wrong one: it has no user, or no order, at all', async () => {
  const order = await seed.order({ user: ada });
  await collection(databases.platform, 'users').deleteMany({});
  const [act] = (await repair(EVERYTHING)).acts;
  expect(act).toMatchObject({
    id: order.id,
    outcome: 'left',
    because: expect.stringContaining('MONGODB_URI') as string,
  });
  const { id } = await seed.transaction(order);
  await rows('DELETE FROM orders');
  const [other] = (await repair(EVERYTHING)).acts;
  expect(other).toMatchObject({ id, outcome: 'left', because: expect.stringContaining('DATABASE_URL') as string });
});

test('what is mended by somebody else meanwhile is left alone', async () => {
  await Promise.all(Array.from({ length: 6 }, () => seed.order()));
  const [first, second] = await Promise.all([
    repair({ danglingOrders: 'DELETE' }),
    repair({ danglingOrders: 'DELETE' }),
  ]);
  const repaired = [first, second].flatMap(({ results }) => results.map((result) => result.repaired + result.left));
  expect(await rows('SELECT id FROM orders')).toEqual([]);
  expect(Math.max(...repaired)).toBeLessThanOrEqual(6);
});

describe('the mutation', () => {
  const REPAIR = gql(`
    mutation Repair($input: RepairInput!) {
      repair(input: $input) {
        runId isDry isComplete consistencyToken
        results { kind policy found repaired underWay left }
        acts { kind id reason policy outcome because }
      }
    }
  `);

  test('is dry unless told otherwise', async () => {
    const { id } = await seed.order();
    const { data } = await execute(REPAIR, { input: { danglingOrders: 'DELETE' } });
    expect(data.repair).toMatchObject({ runId: null, isDry: true, isComplete: true });
    expect(data.repair.acts).toEqual([
      { kind: 'DANGLING_ORDERS', id, reason: 'NOBODY', policy: 'DELETE', outcome: 'PLANNED', because: null },
    ]);
    expect(await rows('SELECT id FROM orders')).toHaveLength(1);
  });

  test('mends', async () => {
    await seed.order();
    const { data } = await execute(REPAIR, { input: { dryRun: false, danglingOrders: 'DELETE' } });
    const result = { kind: 'DANGLING_ORDERS', policy: 'DELETE', found: 1, repaired: 1, underWay: 0, left: 0 };
    expect(data.repair.results[0]).toEqual(result);
    expect(await rows('SELECT id FROM orders')).toEqual([]);
  });
});
