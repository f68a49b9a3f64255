import mongoose from 'mongoose';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { auditTransactions } from '../../src/audit/transactions.js';
import { paymentId } from '../../src/ordering/payment-id.js';
import { useDatabases } from '../support/databases.js';
import { Seed, type Seeded } from '../support/seed.js';
import { countsOf, damage, emptied, onlyFinding, ordered, payment } from './transactions-support.js';

const { Decimal128, UUID } = mongoose.mongo.BSON;

const databases = useDatabases();
const seed = new Seed(databases);
let ada: Seeded;

beforeEach(async () => {
  await emptied(databases.platform);
  ada = await seed.user();
  // What is found is found among others.
  for (const mode of ['NONE', 'REQUIRED', 'EVENTUAL'] as const) await ordered(databases.platform, ada, mode);
});

const transactions = <T>(work: (collection: mongoose.mongo.Collection) => Promise<T>) =>
  databases.platform.mongo.run((db) => work(db.collection('transactions')));
const find = (kind: Parameters<typeof onlyFinding>[1]) => onlyFinding(databases.platform, kind);

test('what the audit takes for the payment of an order is what the protocol records', () => {
  const id = randomUUID();
  expect(paymentId(id)).toBe(payment(id).toHexString());
});

describe('lost', () => {
  test('a transaction that is gone', async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await transactions((collection) => collection.deleteOne({ _id: payment(id) }));
    expect(await find('lost')).toEqual({
      orderId: id,
      transactionIds: [payment(id).toHexString()],
      problem: 'the order is RECORDED, and its transaction is not there',
    });
  });

  test('a tombstone in the place of a transaction', async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await transactions((collection) => collection.replaceOne({ _id: payment(id) }, { voidedAt: new Date() }));
    expect(await find('lost')).toMatchObject({ orderId: id });
  });

  test("people's own transaction in the place of the one that Tandem has recorded", async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await transactions((collection) => collection.deleteOne({ _id: payment(id) }));
    await seed.transaction({ id });
    expect(await find('lost')).toMatchObject({ orderId: id });
  });

  test.each([
    [
      'PENDING',
      'DELETE FROM graphile_worker._private_jobs WHERE key = $1',
      'there is no job to record its transaction',
    ],
    ['PENDING', 'UPDATE graphile_worker._private_jobs SET attempts = max_attempts WHERE key = $1', 'its job is parked'],
    [
      'FAILED',
      `WITH failed AS (UPDATE orders SET "transactionState" = 'FAILED' WHERE 'order ' || id = $1)
       DELETE FROM graphile_worker._private_jobs WHERE key = $1`,
      'there is no job to replay',
    ],
  ])('an order that is %s and that no job settles: %s', async (state, sql, problem) => {
    const id = await ordered(databases.platform, ada, 'EVENTUAL');
    await damage(databases.platform, sql, `order ${id}`);
    expect(await find('lost')).toMatchObject({ orderId: id, problem: `the order is ${state}, and ${problem}` });
  });

  test.each(['CREATE', 'DELETE'])('a hidden order (%s) that no job completes', async (unfinished) => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await damage(databases.platform, 'UPDATE orders SET unfinished = $2 WHERE id = $1::uuid', id, unfinished);
    expect(await find('lost')).toMatchObject({
      orderId: id,
      problem: `the order is hidden (${unfinished}), and there is no job to complete it`,
    });
  });

  test('a call that is under way, and whose order is gone', async () => {
    const id = await ordered(databases.platform, ada, 'NONE');
    await damage(
      databases.platform,
      'UPDATE tandem_idempotency_keys SET outcome = NULL WHERE "orderId" = $1::uuid',
      id,
    );
    await damage(databases.platform, 'DELETE FROM orders WHERE id = $1::uuid', id);
    expect(await find('lost')).toMatchObject({ orderId: id });
  });
});

describe('doubles', () => {
  test.each([
    ['as it is', (id: string) => id],
    ['in upper case', (id: string) => id.toUpperCase()],
    ['as a binary UUID', (id: string) => new UUID(id)],
  ])('a second transaction that names the order %s', async (_, form) => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    const second = await seed.transaction({ id }, { orderId: form(id) });
    const found = await find('doubles');
    expect(found).toMatchObject({ orderId: id, problem: 'the order has 2 transactions' });
    expect(found?.transactionIds.toSorted()).toEqual([payment(id).toHexString(), second.id].toSorted());
  });
});

describe('wrongAmounts', () => {
  test.each([
    ['another number', Decimal128.fromString('12.49'), '12.49'],
    ['no number', 'twelve', 'no number'],
  ])('an amount that is %s', async (_, amount, shown) => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await transactions((collection) => collection.updateOne({ _id: payment(id) }, { $set: { amount } }));
    expect(await find('wrongAmounts')).toEqual({
      orderId: id,
      transactionIds: [payment(id).toHexString()],
      problem: `the order's total is 12.5, and its transaction's amount ${shown}`,
    });
  });
});

describe('an order that is gone', () => {
  test('leaves its transaction an orphan, where nobody remembers it', async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await damage(databases.platform, 'DELETE FROM tandem_idempotency_keys WHERE "orderId" = $1::uuid', id);
    await damage(databases.platform, 'DELETE FROM orders WHERE id = $1::uuid', id);
    expect(await find('orphans')).toMatchObject({ orderId: id, transactionIds: [payment(id).toHexString()] });
  });

  test('is missing where a client was told of it', async () => {
    const id = await ordered(databases.platform, ada, 'NONE');
    await damage(databases.platform, 'DELETE FROM orders WHERE id = $1::uuid', id);
    expect(await find('missingOrders')).toMatchObject({ orderId: id, transactionIds: [] });
  });

  test('is both where both is so', async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await damage(databases.platform, 'DELETE FROM orders WHERE id = $1::uuid', id);
    const audit = await auditTransactions(databases.platform, { pause: 0 });
    expect(countsOf(audit)).toEqual({ ...countsOf(null), orphans: 1, missingOrders: 1 });
  });
});

describe('leftovers of a refused order', () => {
  const refuse = (id: string) =>
    damage(
      databases.platform,
      `UPDATE tandem_idempotency_keys SET outcome = '{"kind":"transactionFailed"}' WHERE "orderId" = $1::uuid`,
      id,
    );

  test('the order', async () => {
    const id = await ordered(databases.platform, ada, 'NONE');
    await refuse(id);
    expect(await find('leftovers')).toEqual({
      orderId: id,
      transactionIds: [],
      problem: 'the client was told transactionFailed, and there is the order',
    });
  });

  test('its transaction, which is an orphan, too', async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await refuse(id);
    await damage(databases.platform, 'DELETE FROM orders WHERE id = $1::uuid', id);
    const audit = await auditTransactions(databases.platform, { pause: 0 });
    expect(countsOf(audit)).toEqual({ ...countsOf(null), orphans: 1, leftovers: 1 });
    expect(audit.leftovers.examples).toMatchObject([{ orderId: id, transactionIds: [payment(id).toHexString()] }]);
  });
});

test.each([
  ['an order that is not there', { orderId: randomUUID() }],
  ['no order', { orderId: undefined }],
  ['what is no id', { orderId: 'ORD-1' }],
])("people's transaction that names %s is a stranger, and no fault", async (_, fields) => {
  const { id } = await seed.transaction({ id: '' }, fields);
  expect(await find('strangers')).toMatchObject({ transactionIds: [id] });
});

test('of 25 findings of a kind all are counted, and 20 are shown', async () => {
  await Promise.all(Array.from({ length: 25 }, () => ordered(databases.platform, ada, 'REQUIRED')));
  await transactions((collection) => collection.deleteMany({}));
  const { lost } = await auditTransactions(databases.platform, { pause: 0, size: 10 });
  expect(lost.count).toBe(26);
  expect(lost.examples).toHaveLength(20);
});

test('what is found once, and is put right by the time that it is looked at again, is no finding', async () => {
  const id = await ordered(databases.platform, ada, 'REQUIRED');
  const document = await transactions((collection) => collection.findOneAndDelete({ _id: payment(id) }));
  if (document === null) throw new Error('a required transaction is there');
  const audit = auditTransactions(databases.platform, { pause: 2_000 });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await transactions((collection) => collection.insertOne(document));
  expect(await audit).toMatchObject({ isSound: true, lost: { count: 0, examples: [] } });
});
