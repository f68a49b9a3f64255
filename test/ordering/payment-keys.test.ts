import { beforeEach, describe, expect, test } from 'vitest';
import { paymentId } from '../../src/ordering/payment-id.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);

const collection = () => databases.platform.mongo.connection.collection('transactions');
const scope = () => createScope(databases.platform);
const stored = async () => (await collection().find({}).toArray()).map(({ _id, amount }) => [_id, String(amount)]);

beforeEach(() => collection().deleteMany({}));

/** An order whose payment another program has brought here with its key as a text. */
async function imported(keepsObjectId: boolean): Promise<{ orderId: string; key: string }> {
  const { id: userId } = await seed.user();
  const outcome = await scope().ordering.createOrder({ userId, total: '1', transaction: 'REQUIRED' });
  if (outcome.kind !== 'created') throw new Error('there is no order');
  const key = paymentId(outcome.order.id);
  const [document] = await collection().find({}).toArray();
  if (!keepsObjectId) await collection().deleteMany({});
  await seed.document('transactions', { ...document, _id: key });
  return { orderId: outcome.order.id, key };
}

describe('a payment whose _id is a text', () => {
  test('gets the new amount of its order, and is not doubled', async () => {
    const { orderId, key } = await imported(false);
    expect(await scope().ordering.updateOrder(orderId, { total: '2' })).toMatchObject({
      order: { transactionState: 'RECORDED' },
    });
    expect(await stored()).toEqual([[key, '2.00']]);
  });

  test('is deleted with its order', async () => {
    const { orderId } = await imported(false);
    expect(await scope().ordering.deleteOrder(orderId)).toMatchObject({ kind: 'deleted' });
    expect(await stored()).toEqual([]);
  });
});

test('of two payments with one key none gets another amount, and the order says so', async () => {
  const { orderId } = await imported(true);
  const before = await stored();
  expect(await scope().ordering.updateOrder(orderId, { total: '2' })).toMatchObject({
    order: { transactionState: 'PENDING' },
  });
  expect(await stored()).toEqual(before);
});

describe('a transaction whose order is gone', () => {
  const ID = 'abcdefabcdef0123456789ab';
  const repaired = () => scope().repair.run({ isDry: false, orphanTransactions: 'DELETE' });
  beforeEach(() => seed.order());

  test.each([ID, ID.toUpperCase(), seed.objectId({ id: ID })])(
    'is deleted by a repair where its _id is %j',
    async (_id) => {
      await seed.document('transactions', { _id, orderId: '00000000-0000-4000-8000-00000000dead', amount: 1 });
      expect(await repaired()).toMatchObject({ acts: [{ id: ID, outcome: 'repaired' }] });
      expect(await stored()).toEqual([]);
    },
  );

  test('stays where the order of another with the same id is there', async () => {
    const order = await seed.order();
    await seed.document('transactions', { _id: seed.objectId({ id: ID }), orderId: 'no uuid', amount: 1 });
    await seed.document('transactions', { _id: ID, orderId: order.id, amount: '10.00' });
    const run = await repaired();
    expect(run.acts.find(({ id }) => id === ID)).toMatchObject({ outcome: 'left' });
    expect(await stored()).toHaveLength(2);
  });
});
