import type { ResultOf } from '@graphql-typed-document-node/core';
import mongoose from 'mongoose';
import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph, type Answer } from '../support/graph.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const { Decimal128, ObjectId } = mongoose.Types;

const TRANSACTIONS = gql(`query TransactionsOfOrder($id: ID!, $first: Int, $after: String) { order(id: $id) {
  transactions(first: $first, after: $after) {
    totalCount nodes { id amount createdAt } pageInfo { hasNextPage endCursor } } } }`);

test('references in another form are found from both ends: a user id as a string, an order id in upper case', async () => {
  const ada = await seed.user();
  const order = await seed.order({ user: ada });
  const { id } = await seed.transaction(order, { userId: ada.id, orderId: order.id.toUpperCase() });
  const answer = await execute(
    gql(`query BothEnds($id: ID!, $order: ID!, $user: ID!) {
      transaction(id: $id) { order { id } user { id } }
      order(id: $order) { transactions { totalCount nodes { id } } }
      user(id: $user) { transactions { totalCount nodes { id } } }
    }`),
    { id, order: order.id, user: ada.id },
  );
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
    const whole = await execute(TRANSACTIONS, { id: order.id });
    const wanted = whole.data.order?.transactions?.nodes ?? [];
    expect(wanted.filter((node) => node?.createdAt === '1970-01-01T00:00:00.002Z')).toHaveLength(3);
    expect(new Set(wanted.map((node) => node?.id)).size).toBe(times.length);
    const seen = [];
    let after: string | null | undefined = null;
    for (let more: boolean | undefined = true; more === true;) {
      const answer: Answer<ResultOf<typeof TRANSACTIONS>> = await execute(TRANSACTIONS, {
        id: order.id,
        first: 1,
        after,
      });
      const list = answer.data.order?.transactions;
      seen.push(...(list?.nodes ?? []));
      more = list?.pageInfo.hasNextPage;
      after = list?.pageInfo.endCursor;
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
    const answer = await execute(TRANSACTIONS, { id: order.id });
    expect(answer.errors).toEqual([]);
    expect(answer.data.order?.transactions?.nodes.map((node) => node?.amount)).toEqual([
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
    const answer = await execute(TRANSACTIONS, { id: order.id });
    expect(answer.errors).toEqual([]);
    expect(answer.data.order?.transactions?.nodes).toEqual([{ id: `odd ${order.id}`, amount: null, createdAt: null }]);
  });

  test('a page for each of 20 orders is one statement, and the counts are one more', async () => {
    const orders = [];
    for (let at = 0; at < 20; at += 1) {
      const order = await seed.order({ createdAt: `2040-01-01T00:00:${String(at + 10)}Z` });
      for (let transaction = 0; transaction < at % 4; transaction += 1) await seed.transaction(order);
      orders.unshift({ id: order.id, transactions: at % 4 });
    }
    const answer = await execute(
      gql(`query CountedTransactionsOfOrders {
        orders(first: 20) {
          nodes { id transactions(first: 2) { totalCount nodes { id } pageInfo { hasNextPage } } }
        }
      }`),
    );
    const nodes = answer.data.orders?.nodes ?? [];
    expect(nodes.map((node) => ({ id: node?.id, transactions: node?.transactions?.totalCount }))).toEqual(orders);
    for (const node of nodes) {
      const count = node?.transactions?.totalCount ?? 0;
      expect(node?.transactions?.nodes).toHaveLength(Math.min(count, 2));
      expect(node?.transactions?.pageInfo.hasNextPage).toBe(count > 2);
    }
    expect(answer).toHaveCost({ postgres: 1, mongo: 2 });
    const uncounted = gql(`query TransactionsOfOrders {
      orders(first: 20) { nodes { id transactions(first: 2) { nodes { id } } } }
    }`);
    expect(await execute(uncounted)).toHaveCost({ postgres: 1, mongo: 1 });
  });

  test('a page per parent reads from the index what it returns, not all that there is', async () => {
    const order = await seed.order();
    const { mongo } = databases.platform;
    const many = Array.from({ length: 2_000 }, (_, at) => ({ orderId: order.id, createdAt: new Date(at) }));
    await mongo.run((db) => db.collection('transactions').insertMany(many));
    // Of this database alone: others are read at the same time.
    await mongo.run((db) => db.setProfilingLevel('all'));
    const answer = await execute(
      gql(`query UncountedTransactionsOfOrder($id: ID!) {
        order(id: $id) {
          transactions(first: 5) { nodes { id amount createdAt } pageInfo { hasNextPage endCursor } }
        }
      }`),
      { id: order.id },
    );
    expect(answer.data.order?.transactions?.nodes).toHaveLength(5);
    const profile = await mongo.run(async (db) => {
      await db.setProfilingLevel('off');
      return db
        .collection('system.profile')
        .find({ 'command.aggregate': { $exists: true } })
        .toArray();
    });
    expect(profile).toHaveLength(1);
    expect(Number(profile[0]?.['docsExamined'])).toBeLessThan(200);
  });

  test('siblings in one level are side by side: users and transactions of 3 orders cost one statement each', async () => {
    const ada = await seed.user();
    for (let at = 0; at < 3; at += 1)
      await seed.transaction(await seed.order({ user: ada }), { userId: new ObjectId(ada.id) });
    const query = gql(`query Siblings {
      orders(first: 3) { nodes { user { username } transactions { nodes { userId amount } } } }
    }`);
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
