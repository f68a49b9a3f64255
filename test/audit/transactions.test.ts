import mongoose from 'mongoose';
import { beforeEach, expect, test } from 'vitest';
import { auditTransactions } from '../../src/audit/transactions.js';
import { recordStatements } from '../../src/platform/statements.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { refusing } from '../support/remains.js';
import { Seed, type Seeded } from '../support/seed.js';
import { countsOf, damage, emptied, ordered, payment } from './transactions-support.js';

const databases = useDatabases();
const seed = new Seed(databases);
let ada: Seeded;

beforeEach(async () => {
  await emptied(databases.platform);
  ada = await seed.user();
});

test('databases with nothing in them are sound', async () => {
  const audit = await auditTransactions(databases.platform);
  expect(audit).toMatchObject({ orders: 0, transactions: 0, promised: 0, waiting: 0, parked: 0, isSound: true });
});

test('orders of every kind are sound: what is pending has a job', async () => {
  await ordered(databases.platform, ada, 'NONE');
  await ordered(databases.platform, ada, 'REQUIRED');
  await ordered(databases.platform, ada, 'EVENTUAL');
  expect(await auditTransactions(databases.platform)).toMatchObject({
    orders: 3,
    transactions: 1,
    promised: 2,
    unfinished: 0,
    failed: 0,
    waiting: 1,
    parked: 0,
    isSound: true,
  });
});

test('orders that were changed and deleted are sound', async () => {
  const { ordering } = createScope(databases.platform);
  const changed = await ordered(databases.platform, ada, 'REQUIRED');
  await ordering.updateOrder(changed, { total: '99.9' });
  await ordering.deleteOrder(await ordered(databases.platform, ada, 'REQUIRED'));
  await ordering.deleteOrder(await ordered(databases.platform, ada, 'EVENTUAL'));
  expect(await auditTransactions(databases.platform)).toMatchObject({ orders: 1, transactions: 1, isSound: true });
});

test('an amount is compared as a number, whatever type it is stored as', async () => {
  await ordered(databases.platform, ada, 'REQUIRED');
  await databases.platform.mongo.run((db) =>
    db.collection('transactions').updateMany({}, { $set: { amount: '12.500' } }),
  );
  expect(await auditTransactions(databases.platform)).toMatchObject({ transactions: 1, isSound: true });
});

test('an order that MongoDB refused has left nothing', async () => {
  const order = { userId: ada.id, total: '1', transaction: 'REQUIRED' } as const;
  const outcome = await refusing(databases.platform, () => createScope(databases.platform).ordering.createOrder(order));
  expect(outcome.kind).toBe('transactionFailed');
  expect(await auditTransactions(databases.platform)).toMatchObject({ orders: 0, transactions: 0, isSound: true });
});

test('a hidden order with a job, and an order that failed and can be replayed, are counted, and no faults', async () => {
  const hidden = await ordered(databases.platform, ada, 'EVENTUAL');
  const failed = await ordered(databases.platform, ada, 'EVENTUAL');
  await damage(databases.platform, `UPDATE orders SET unfinished = 'CREATE' WHERE id = $1::uuid`, hidden);
  await damage(databases.platform, `UPDATE orders SET "transactionState" = 'FAILED' WHERE id = $1::uuid`, failed);
  await damage(
    databases.platform,
    'UPDATE graphile_worker._private_jobs SET attempts = max_attempts WHERE key = $1',
    `order ${failed}`,
  );
  const audit = await auditTransactions(databases.platform);
  expect(audit).toMatchObject({ unfinished: 1, failed: 1, waiting: 1, parked: 1, isSound: true });
});

test('a hidden order whose job is parked is a fault: nobody completes it', async () => {
  const id = await ordered(databases.platform, ada, 'EVENTUAL');
  await damage(databases.platform, `UPDATE orders SET unfinished = 'CREATE' WHERE id = $1::uuid`, id);
  const park = 'UPDATE graphile_worker._private_jobs SET attempts = max_attempts WHERE key = $1';
  await damage(databases.platform, park, `order ${id}`);
  const problem = 'the order is hidden (CREATE), and its job is parked';
  expect(await auditTransactions(databases.platform)).toMatchObject({
    ...{ unfinished: 0, parked: 1, isSound: false },
    lost: { count: 1, examples: [{ orderId: id, problem }] },
  });
});

test('of an order that is being deleted, any of its transactions may be gone, or not', async () => {
  const [gone, kept] = [
    await ordered(databases.platform, ada, 'REQUIRED'),
    await ordered(databases.platform, ada, 'REQUIRED'),
  ];
  for (const id of [gone, kept]) {
    await damage(databases.platform, `UPDATE orders SET unfinished = 'DELETE', total = 1 WHERE id = $1::uuid`, id);
    const job = `SELECT graphile_worker.add_job('tandem_settle_order', job_key := $1)`;
    await databases.platform.postgres.query(job, `order ${id}`);
  }
  await databases.platform.mongo.run((db) => db.collection('transactions').deleteOne({ _id: payment(gone) }));
  await seed.transaction({ id: kept });
  expect(await auditTransactions(databases.platform)).toMatchObject({ unfinished: 2, waiting: 2, isSound: true });
});

test("jobs that were superseded, and other people's, are not counted", async () => {
  await ordered(databases.platform, ada, 'EVENTUAL');
  await damage(databases.platform, 'UPDATE graphile_worker._private_jobs SET attempts = max_attempts, key = NULL');
  await damage(databases.platform, 'UPDATE orders SET "transactionState" = \'NONE\'');
  await damage(databases.platform, "SELECT graphile_worker.add_job('send_mail')");
  expect(await auditTransactions(databases.platform)).toMatchObject({ waiting: 0, parked: 0, isSound: true });
});

test("people's own duplicates and orphans do no harm", async () => {
  const old = await seed.order();
  await seed.transaction(old);
  await seed.transaction(old, { amount: new mongoose.mongo.BSON.Decimal128('99') });
  await seed.transaction({ id: 'ORD-1' });
  const audit = await auditTransactions(databases.platform);
  expect(countsOf(audit)).toEqual({ ...countsOf(null), strangers: 1 });
  expect(audit.isSound).toBe(true);
});

test('what lies in many stretches is seen once', async () => {
  const modes = ['REQUIRED', 'NONE', 'REQUIRED', 'EVENTUAL', 'REQUIRED', 'REQUIRED', 'NONE'] as const;
  for (const mode of modes) await ordered(databases.platform, ada, mode);
  const whole = await auditTransactions(databases.platform);
  expect(whole).toMatchObject({ orders: 7, transactions: 4, promised: 5, isSound: true });
  for (const size of [1, 2, 7]) expect(await auditTransactions(databases.platform, { size })).toEqual(whole);
});

test('a stretch costs one statement in each database, one for each end, and six prove that all is seen', async () => {
  for (let at = 0; at < 5; at += 1) await ordered(databases.platform, ada, 'REQUIRED');
  const audited = await recordStatements(() => auditTransactions(databases.platform));
  // Orders, the orders of transactions, what clients were told, and jobs; transactions of orders, and all of them.
  const audit = { postgres: 4, mongo: 2 };
  // Whether rows may be hidden: the catalogue, and whether a standby answers; a read and the kind of each collection.
  const proof = { postgres: 2, mongo: 4 };
  expect(audited).toHaveCost({ postgres: audit.postgres + proof.postgres, mongo: audit.mongo + proof.mongo });
});
