import { beforeEach, describe, expect, test } from 'vitest';
import type { RepairPolicies } from '../../src/audit/repair-policies.js';
import { auditTransactions } from '../../src/audit/transactions.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { showingAll, showingOnly, useGate } from '../support/gate.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { collection, consistencyOf, copiedOnce, countsIn, nothingIn } from './consistency-support.js';

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const gate = useGate(databases);
const execute = useGraph(gate);
const seed = new Seed(databases);
const rows = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const transactions = () => collection(databases.platform, 'transactions').countDocuments();
const orders = async () => (await rows('SELECT FROM orders')).length;
const repair = (policies: Partial<RepairPolicies>, isDry = false) =>
  createScope(gate.platform).repair.run({ isDry, ...policies });

const COUNT = 5;

let shown: Seeded;

beforeEach(async () => {
  await rows(...['orders', 'users'].flatMap(showingAll));
  await nothingIn(databases);
  const ada = await seed.user();
  for (let at = 0; at < COUNT; at += 1) {
    const order = await seed.order({ user: ada });
    await seed.transaction(order);
    if (at === 0) shown = order;
  }
  await copiedOnce(databases);
  // Where no stream is known, none is waited for.
  await rows('TRUNCATE tandem_sync');
});

describe('with a policy that shows one order of five', () => {
  beforeEach(() => rows(...showingOnly('orders', shown.id)).then(() => undefined));

  test('the audit calls no transaction an orphan, and nothing sound', async () => {
    const audit = await consistencyOf(gate.platform);
    expect(countsIn(audit)).toMatchObject({ orphanTransactions: 0, danglingOrders: 0 });
    expect(audit).toMatchObject({ isComplete: false, isSound: false, orders: 1 });
    expect(audit.unproved).toMatchObject([
      {
        about: 'orders',
        problem: expect.stringContaining('row level security (one)') as string,
        remedy: expect.stringContaining('BYPASSRLS') as string,
      },
    ]);
  });

  test('repair deletes no transaction, and says why each is left', async () => {
    const run = await repair({ orphanTransactions: 'DELETE', danglingOrders: 'DELETE' });
    expect(await transactions()).toBe(COUNT);
    expect(run.isComplete).toBe(false);
    expect(run.results.find(({ kind }) => kind === 'orphanTransactions')).toMatchObject({
      repaired: 0,
      left: COUNT - 1,
    });
    expect(run.acts[0]).toMatchObject({
      outcome: 'left',
      because: expect.stringContaining('row level security') as string,
    });
    expect(await rows('SELECT FROM tandem_repairs')).toEqual([]);
  });

  test('a dry run plans no deletion', async () => {
    const run = await repair({ orphanTransactions: 'DELETE' }, true);
    expect(new Set(run.acts.map(({ outcome }) => outcome))).toEqual(new Set(['left']));
  });

  test('the graph tells the same', async () => {
    const { data } = await execute.text<{ consistency: object }>(
      '{ consistency { isSound isComplete unproved { about problem remedy } orphanTransactions { count } } }',
    );
    expect(data.consistency).toMatchObject({
      isSound: false,
      isComplete: false,
      unproved: [{ about: 'orders' }],
      orphanTransactions: { count: 0 },
    });
  });

  test('the check of orders against transactions finds nothing, and calls nothing sound', async () => {
    const audit = await auditTransactions(gate.platform, { pause: 0 });
    expect(audit).toMatchObject({
      isSound: false,
      orphans: { count: 0 },
      strangers: { count: 0 },
      missingOrders: { count: 0 },
    });
    expect(audit.unproved).toMatchObject([{ about: 'orders' }]);
  });
});

test('a policy that fails without a setting ends no audit, and deletes nothing', async () => {
  await rows(
    'ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
    `CREATE POLICY one ON orders USING ("orderNumber" = current_setting('app.number'))`,
  );
  expect(await consistencyOf(gate.platform)).toMatchObject({ isSound: false, isComplete: false });
  expect(await auditTransactions(gate.platform, { pause: 0 })).toMatchObject({ isSound: false });
  expect(await repair({ orphanTransactions: 'DELETE', danglingOrders: 'DELETE' })).toMatchObject({ isComplete: false });
  expect([await orders(), await transactions()]).toEqual([COUNT, COUNT]);
});

test('a missing right to read orders ends no audit, and deletes nothing', async () => {
  await rows(`REVOKE ALL ON orders FROM ${gate.role}`);
  try {
    expect(await consistencyOf(gate.platform)).toMatchObject({ isSound: false, isComplete: false });
    expect(await repair({ orphanTransactions: 'DELETE' })).toMatchObject({ isComplete: false });
    expect(await transactions()).toBe(COUNT);
  } finally {
    await rows(`GRANT ALL ON orders TO ${gate.role}`);
  }
});

test('a policy on the copies of users keeps those that are not seen from being called missing', async () => {
  await rows('ALTER TABLE users ENABLE ROW LEVEL SECURITY');
  const audit = await consistencyOf(gate.platform);
  expect(countsIn(audit).staleCopies).toBe(0);
  expect(audit).toMatchObject({ isSound: false, isComplete: false });
  expect(audit.unproved).toMatchObject([{ about: 'users' }]);
});

test('a policy that is enabled after a finding keeps the transaction from being deleted', async () => {
  const orphan = await seed.transaction({ id: '00000000-0000-4000-8000-00000000000f' });
  const scan = createScope(gate.platform).audit.scan();
  const found = [];
  for await (const step of scan.steps({ size: 100, batch: 100, rows: 1_000, until: Number.POSITIVE_INFINITY }))
    found.push(...step.found);
  expect(found).toMatchObject([{ id: orphan.id, reason: 'NO_ORDER' }]);
  await rows(...showingOnly('orders', shown.id));
  const [finding] = found;
  expect(finding === undefined ? null : await scan.again(finding)).toMatchObject({ doubt: { about: 'orders' } });
});

describe('in MongoDB', () => {
  const rename = async (from: string, to: string) => {
    await databases.platform.mongo.run((db) => db.collection(from).rename(to));
  };
  const viewed = async (name: string, pipeline: object[], work: () => Promise<void>) => {
    await rename(name, 'people');
    await databases.platform.mongo.run((db) => db.createCollection(name, { viewOn: 'people', pipeline }));
    try {
      await work();
    } finally {
      await databases.platform.mongo.run((db) => db.collection(name).drop());
      await rename('people', name);
    }
  };

  test('a view that leaves users out makes no order dangling', async () => {
    await viewed('users', [{ $match: { username: 'nobody' } }], async () => {
      const audit = await consistencyOf(databases.platform);
      expect(countsIn(audit)).toMatchObject({ danglingOrders: 0, staleCopies: 0 });
      expect(audit).toMatchObject({ isSound: false, isComplete: false });
      expect(audit.unproved).toMatchObject([
        { about: 'users', problem: expect.stringContaining('view of MongoDB') as string },
      ]);
      const run = await createScope(databases.platform).repair.run({
        isDry: false,
        danglingOrders: 'DELETE',
        staleCopies: 'RELINK',
      });
      expect(run).toMatchObject({ isComplete: false });
      expect(await orders()).toBe(COUNT);
      expect(await rows('SELECT FROM users WHERE "deletedAt" IS NOT NULL')).toEqual([]);
    });
  });

  test('a view that leaves transactions out is called incomplete', async () => {
    await viewed('transactions', [{ $match: { amount: 0 } }], async () => {
      expect(await consistencyOf(databases.platform)).toMatchObject({ isSound: false, isComplete: false });
      expect(await auditTransactions(databases.platform, { pause: 0 })).toMatchObject({ isSound: false });
    });
  });

  test('a view that only chooses fields shows every user', async () => {
    await viewed('users', [{ $project: { password: 0 } }, { $set: { more: 1 } }], async () => {
      expect((await consistencyOf(databases.platform)).unproved).toEqual([]);
    });
  });
});

test('a role that sees every row finds what is wrong, and repairs it', async () => {
  expect(await consistencyOf(gate.platform)).toMatchObject({ isSound: true, isComplete: true, unproved: [] });
  await seed.transaction({ id: '00000000-0000-4000-8000-00000000000f' });
  const dangling = await seed.order();
  expect(countsIn(await consistencyOf(gate.platform))).toMatchObject({ orphanTransactions: 1, danglingOrders: 1 });
  expect(await repair({ orphanTransactions: 'DELETE', danglingOrders: 'DELETE' })).toMatchObject({ isComplete: true });
  expect([await orders(), await transactions()]).toEqual([COUNT, COUNT]);
  expect(await rows(`SELECT FROM orders WHERE id = '${dangling.id}'`)).toEqual([]);
});
