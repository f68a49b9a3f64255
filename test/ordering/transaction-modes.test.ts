import { describe, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { useLinks } from '../support/linked-platform.js';
import { keyOf, orderIdOf, refusing, remainsOf } from '../support/remains.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const links = useLinks(databases);
const execute = useGraph(databases);
const seed = new Seed(databases);
const ordering = () => createScope(databases.platform).ordering;

const CREATE = gql(`mutation CreateOrderInMode($input: CreateOrderInput!) {
  createOrder(input: $input) {
    order { id total transactionState transactionError transactions { totalCount nodes { id amount } } }
    transaction { id orderId userId amount createdAt order { id } user { id } }
  }
}`);

const countOrders = async () => {
  const [row] = await databases.platform.postgres.query('SELECT count(*)::int AS "count" FROM "orders"');
  return row?.['count'];
};

describe('NONE', () => {
  test('leaves MongoDB alone, and no job', async () => {
    const ada = await seed.user();
    const { data } = await execute(CREATE, { input: { userId: ada.id, total: '1', transaction: 'NONE' } });
    const { order, transaction } = data.createOrder;
    expect(order).toMatchObject({ transactionState: 'NONE', transactionError: null, transactions: { totalCount: 0 } });
    expect(transaction).toBeNull();
    expect(await remainsOf(databases.platform, order.id)).toMatchObject({ transactions: [], tombstones: [], jobs: [] });
  });
});

describe('REQUIRED', () => {
  test('order and transaction are there when the call returns, and no job is left', async () => {
    const ada = await seed.user();
    const answer = await execute(CREATE, { input: { userId: ada.id, total: '12.5', transaction: 'REQUIRED' } });
    expect(answer.errors).toEqual([]);
    const { order, transaction } = answer.data.createOrder;
    const id = keyOf(order.id).toHexString();
    expect(order).toMatchObject({
      total: '12.50',
      transactionState: 'RECORDED',
      transactionError: null,
      transactions: { totalCount: 1, nodes: [{ id, amount: '12.50' }] },
    });
    expect(transaction).toMatchObject({
      id,
      orderId: order.id,
      userId: ada.id,
      amount: '12.50',
      order: { id: order.id },
      user: { id: ada.id },
    });
    const remains = await remainsOf(databases.platform, order.id);
    expect(remains).toMatchObject({ row: { unfinished: null }, tombstones: [], jobs: [] });
    expect(remains.transactions).toEqual([
      {
        _id: keyOf(order.id),
        userId: seed.objectId(ada),
        orderId: order.id,
        amount: expect.objectContaining({ _bsontype: 'Decimal128' }) as unknown,
        createdAt: new Date(transaction?.createdAt ?? 0),
      },
    ]);
  });

  test('what MongoDB refuses for certain leaves nothing, and the same key is told the same when it would not refuse', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '1', transaction: 'REQUIRED', idempotencyKey: 'refused' } as const;
    const before = await countOrders();
    const failed = [{ extensions: { code: 'TRANSACTION_FAILED', compensated: true } }];
    const first = await refusing(databases.platform, () => execute(CREATE, { input }));
    expect(first.errors).toMatchObject(failed);
    expect(first.errors[0]?.message).toContain('nothing is left of either');
    const id = await orderIdOf(databases.platform, 'refused');
    const nothing = { row: null, transactions: [], tombstones: [], jobs: [] };
    expect(await remainsOf(databases.platform, id)).toEqual(nothing);
    expect(await countOrders()).toBe(before);

    const again = await execute(CREATE, { input });
    expect(again.errors).toMatchObject(failed);
    expect(again.errors[0]?.message).toBe(first.errors[0]?.message);
    expect(await remainsOf(databases.platform, id)).toEqual(nothing);

    const other = await execute(CREATE, { input: { ...input, idempotencyKey: 'another' } });
    expect(other.data.createOrder.order.transactionState).toBe('RECORDED');
  });

  test('without a key a refusal leaves nothing either', async () => {
    const ada = await seed.user();
    const before = await countOrders();
    const input = { userId: ada.id, total: '1', transaction: 'REQUIRED' } as const;
    const outcome = await refusing(databases.platform, () => ordering().createOrder(input));
    expect(outcome).toMatchObject({ kind: 'transactionFailed' });
    expect(await countOrders()).toBe(before);
  });

  test('a rule of the collection for transactions lets a sound one in', async () => {
    const ada = await seed.user();
    const rule = {
      $jsonSchema: { required: ['orderId', 'userId', 'amount'], properties: { amount: { bsonType: 'decimal' } } },
    };
    const input = { userId: ada.id, total: '1', transaction: 'REQUIRED' } as const;
    const outcome = await refusing(databases.platform, () => ordering().createOrder(input), rule);
    expect(outcome).toMatchObject({ kind: 'created', order: { transactionState: 'RECORDED' } });
  });

  test('with MongoDB away before the user is looked for nothing is written, and the key stays free', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '1', transaction: 'REQUIRED', idempotencyKey: 'unverifiable' } as const;
    links.mongo.refuse();
    links.mongo.cut();
    const outcome = await createScope(links.platform).ordering.createOrder(input);
    expect(outcome).toEqual({ kind: 'userUnverifiable', userId: ada.id });
    await expect(orderIdOf(databases.platform, 'unverifiable')).rejects.toThrow('no order was begun');
    expect(await ordering().createOrder(input)).toMatchObject({ kind: 'created' });
  });

  test('with MongoDB away once the order is inserted, for certain, it is taken back', async () => {
    const ada = await seed.user();
    const cutting = {
      ...links.platform,
      onStep: async (step: string) => {
        if (step !== 'orderInserted') return;
        links.mongo.refuse();
        links.mongo.cut();
        // Until the driver has seen it: what is never sent is certain.
        await new Promise((resolve) => setTimeout(resolve, 300));
      },
    };
    const input = { userId: ada.id, total: '1', transaction: 'REQUIRED', idempotencyKey: 'never sent' } as const;
    const outcome = await createScope(cutting).ordering.createOrder(input);
    expect(outcome).toMatchObject({
      kind: 'transactionFailed',
      reason: expect.stringContaining('MONGO_UNAVAILABLE') as string,
    });
    const id = await orderIdOf(databases.platform, 'never sent');
    expect(await remainsOf(databases.platform, id)).toEqual({ row: null, transactions: [], tombstones: [], jobs: [] });
  });
});
