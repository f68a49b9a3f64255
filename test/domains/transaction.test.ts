import mongoose from 'mongoose';
import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { useGraph } from '../support/graph.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const { Decimal128, ObjectId } = mongoose.Types;

interface Connection {
  readonly nodes: readonly { readonly id: string; readonly amount: string | null; readonly createdAt: string | null }[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}
interface OrderData {
  readonly order: { readonly transactions: Connection };
}
interface OrdersData {
  readonly orders: { readonly nodes: readonly { readonly id: string; readonly transactions: Connection }[] };
}

const TRANSACTIONS = `query ($id: ID!, $first: Int, $after: String) { order(id: $id) {
  transactions(first: $first, after: $after) {
    totalCount nodes { id amount createdAt } pageInfo { hasNextPage endCursor } } } }`;

test('references in another form are found from both ends: a user id as a string, an order id in upper case', async () => {
  const ada = await seed.user();
  const order = await seed.order({ user: ada });
  const { id } = await seed.transaction(order, { userId: ada.id, orderId: order.id.toUpperCase() });
  const answer = await execute(`{
    transaction(id: "${id}") { order { id } user { id } }
    order(id: "${order.id}") { transactions { totalCount nodes { id } } }
    user(id: "${ada.id}") { transactions { totalCount nodes { id } } } }`);
  expect(answer.data).toEqual({
    transaction: { order: { id: order.id }, user: { id: ada.id } },
    order: { transactions: { totalCount: 1, nodes: [{ id }] } },
    user: { transactions: { totalCount: 1, nodes: [{ id }] } },
  });
});

describe('Order.transactions', () => {
  test('the newest come first, and pages lose and double nothing, also where times tie, lack or are odd', async () => {
    const order = await seed.order();
    const times = [
      new Date(2),
      new Date(1),
      new Date(2),
      null,
      undefined,
      'yesterday',
      17,
      new Date(2),
      undefined,
      true,
      [new Date(2), new Date(0)],
      [],
      {},
      { $oid: 'x' },
      /x/,
    ];
    for (const createdAt of times) await seed.transaction(order, { createdAt });
    const whole = await execute<OrderData>(TRANSACTIONS, { id: order.id });
    const wanted = whole.data.order.transactions.nodes;
    expect(wanted.filter(({ createdAt }) => createdAt === '1970-01-01T00:00:00.002Z')).toHaveLength(3);
    expect(new Set(wanted.map(({ id }) => id)).size).toBe(times.length);
    const seen = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const answer: { data: OrderData } = await execute<OrderData>(TRANSACTIONS, { id: order.id, first: 1, after });
      const { nodes, pageInfo } = answer.data.order.transactions;
      seen.push(...nodes);
      more = pageInfo.hasNextPage;
      after = pageInfo.endCursor;
    }
    expect(seen).toEqual(wanted);
  });

  test('amounts are exact however they are stored, and null where they are no number', async () => {
    const order = await seed.order();
    const amounts = [
      Decimal128.fromString('0.10'),
      0.1,
      '0.1',
      12,
      Decimal128.fromString('1E+2'),
      'much',
      Number.NaN,
      '1e1000000',
      {},
    ];
    for (const [at, amount] of amounts.entries()) await seed.transaction(order, { amount, createdAt: new Date(-at) });
    const answer = await execute<OrderData>(TRANSACTIONS, { id: order.id });
    expect(answer.errors).toEqual([]);
    expect(answer.data.order.transactions.nodes.map(({ amount }) => amount)).toEqual([
      '0.10',
      '0.10',
      '0.10',
      '12.00',
      '100.00',
      null,
      null,
      null,
      null,
    ]);
  });

  test('a document whose _id is no ObjectId is listed all the same', async () => {
    const order = await seed.order();
    await seed.document('transactions', { _id: `odd ${order.id}` as never, orderId: order.id });
    const answer = await execute<OrderData>(TRANSACTIONS, { id: order.id });
    expect(answer.errors).toEqual([]);
    expect(answer.data.order.transactions.nodes).toEqual([{ id: `odd ${order.id}`, amount: null, createdAt: null }]);
  });

  test('a page for each of 20 orders is one statement, and the counts are one more', async () => {
    const orders = [];
    for (let at = 0; at < 20; at += 1) {
      const order = await seed.order({ createdAt: `2040-01-01T00:00:${String(at + 10)}Z` });
      for (let transaction = 0; transaction < at % 4; transaction += 1) await seed.transaction(order);
      orders.unshift({ id: order.id, transactions: at % 4 });
    }
    const query = (fields: string) => `{ orders(first: 20) { nodes { id transactions(first: 2) { ${fields} } } } }`;
    const answer = await execute<OrdersData>(query('totalCount nodes { id } pageInfo { hasNextPage }'));
    const { nodes } = answer.data.orders;
    expect(nodes.map(({ id, transactions }) => ({ id, transactions: transactions.totalCount }))).toEqual(orders);
    for (const { transactions } of nodes) {
      expect(transactions.nodes).toHaveLength(Math.min(transactions.totalCount, 2));
      expect(transactions.pageInfo.hasNextPage).toBe(transactions.totalCount > 2);
    }
    expect(answer).toHaveCost({ postgres: 1, mongo: 2 });
    expect(await execute(query('nodes { id }'))).toHaveCost({ postgres: 1, mongo: 1 });
  });

  test('a page per parent reads from the index what it returns, not all that there is', async () => {
    const order = await seed.order();
    const { mongo } = databases.platform;
    const many = Array.from({ length: 2_000 }, (_, at) => ({ orderId: order.id, createdAt: new Date(at) }));
    await mongo.run((db) => db.collection('transactions').insertMany(many));
    const examined = () =>
      mongo.run(async (db) => {
        const { queryExecutor } = (await db.command({ serverStatus: 1 }))['metrics'] as Record<
          string,
          Record<string, number>
        >;
        return Number(queryExecutor?.['scannedObjects']);
      });
    const before = await examined();
    const answer = await execute<OrderData>(TRANSACTIONS.replace('totalCount', ''), { id: order.id, first: 5 });
    expect(answer.data.order.transactions.nodes).toHaveLength(5);
    expect((await examined()) - before).toBeLessThan(200);
  });

  test('siblings in one level are side by side: users and transactions of 3 orders cost one statement each', async () => {
    const ada = await seed.user();
    for (let at = 0; at < 3; at += 1)
      await seed.transaction(await seed.order({ user: ada }), { userId: new ObjectId(ada.id) });
    const query = '{ orders(first: 3) { nodes { user { username } transactions { nodes { userId amount } } } } }';
    expect(await execute(query)).toHaveCost({ postgres: 1, mongo: 2 });
  });

  test('a page size that is not allowed names the field, and the order is served all the same', async () => {
    const order = await seed.order();
    const answer = await execute(TRANSACTIONS, { id: order.id, first: 0 });
    expect(answer).toMatchObject({
      data: { order: { transactions: null } },
      errors: [{ path: ['order', 'transactions'], extensions: { code: 'BAD_USER_INPUT', field: 'first' } }],
    });
  });

  test('a forged cursor is BAD_USER_INPUT', async () => {
    const order = await seed.order();
    for (const parts of [
      ['transactions', '{"$where":"1"}', '{'],
      ['transactions', 'x', 'y'],
      ['orders', null, null],
    ]) {
      const after = Buffer.from(JSON.stringify(parts)).toString('base64url');
      const answer = await execute(TRANSACTIONS, { id: order.id, after });
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }]);
    }
  });
});
