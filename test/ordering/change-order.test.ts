import type { ResultOf } from '@graphql-typed-document-node/core';
import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

const UPDATE = gql(`mutation UpdateOrder($id: ID!, $input: UpdateOrderInput!) { updateOrder(id: $id, input: $input) {
  order { orderNumber total userName updatedAt user { username } } } }`);
const DELETE = gql(`mutation DeleteWholeOrder($id: ID!) {
  deleteOrder(id: $id) { order { id total user { username } transactions { nodes { id } } } }
}`);
const UPDATED_AT = gql(`query UpdatedAt($id: ID!) { order(id: $id) { updatedAt } }`);
const NOBODY = '00000000-0000-4000-8000-000000000000';

const updatedAt = async (id: string) => (await execute(UPDATED_AT, { id })).data.order?.updatedAt ?? 'nothing is there';

describe('updateOrder', () => {
  test('changes what is named, leaves the rest, and gives the order with its joins', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const order = await seed.order({ user: ada, orderNumber: 'U-1', total: '10.00', userName: 'copy' });
    const before = await updatedAt(order.id);
    const answer = await execute(UPDATE, { id: order.id.toUpperCase(), input: { total: (12.5).toString() } });
    expect(answer.errors).toEqual([]);
    expect(answer.data.updateOrder.order).toMatchObject({
      orderNumber: 'U-1',
      total: '12.50',
      userName: 'copy',
      user: { username: 'Ada' },
    });
    expect(Date.parse(answer.data.updateOrder.order.updatedAt)).toBeGreaterThan(Date.parse(before));
    expect(answer).toHaveCost({ postgres: 1, mongo: 1 });
    const renamed = await execute(UPDATE, { id: order.id, input: { orderNumber: 'U-2' } });
    expect(renamed.data).toMatchObject({ updateOrder: { order: { orderNumber: 'U-2', total: '12.50' } } });
  });

  test('who has read an older state is refused with CONFLICT, also within one millisecond', async () => {
    const order = await seed.order();
    const expectedUpdatedAt = await updatedAt(order.id);
    const outcomes = await Promise.all(
      ['1', '2', '3', '4', '5'].map((total) => execute(UPDATE, { id: order.id, input: { total, expectedUpdatedAt } })),
    );
    const refused = outcomes.filter(({ errors }) => errors.length > 0);
    expect(refused).toHaveLength(4);
    for (const { errors } of refused) {
      expect(errors).toMatchObject([{ extensions: { code: 'CONFLICT', field: 'input.expectedUpdatedAt' } }]);
    }
    const next = await execute(UPDATE, {
      id: order.id,
      input: { total: '9', expectedUpdatedAt: await updatedAt(order.id) },
    });
    expect(next.data.updateOrder.order.total).toBe('9.00');
  });

  test('of two numbers that are the same the second is ORDER_NUMBER_TAKEN, and nothing is changed', async () => {
    const [first, second] = [await seed.order({ orderNumber: 'TAKEN' }), await seed.order({ orderNumber: 'FREE' })];
    const answer = await execute(UPDATE, { id: second.id, input: { orderNumber: 'TAKEN', total: '99' } });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'ORDER_NUMBER_TAKEN', field: 'input.orderNumber' } }]);
    const orders = await execute(
      gql(
        `query TwoNumbers($a: ID!, $b: ID!) { a: order(id: $a) { orderNumber } b: order(id: $b) { orderNumber total } }`,
      ),
      { a: first.id, b: second.id },
    );
    expect(orders.data).toEqual({ a: { orderNumber: 'TAKEN' }, b: { orderNumber: 'FREE', total: '10.00' } });
  });

  test.each([
    [NOBODY, {}, { code: 'NOT_FOUND', field: 'id' }],
    ['nonsense', {}, { code: 'BAD_USER_INPUT', field: 'id' }],
    [NOBODY, { total: null }, { code: 'BAD_USER_INPUT', field: 'input.total' }],
    [NOBODY, { total: '-1' }, { code: 'BAD_USER_INPUT', field: 'input.total' }],
    [NOBODY, { orderNumber: '' }, { code: 'BAD_USER_INPUT', field: 'input.orderNumber' }],
    [NOBODY, { orderNumber: null }, { code: 'BAD_USER_INPUT', field: 'input.orderNumber' }],
    [
      NOBODY,
      { expectedUpdatedAt: '0000-01-01T00:00:00Z' },
      { code: 'BAD_USER_INPUT', field: 'input.expectedUpdatedAt' },
    ],
    [
      NOBODY,
      { expectedUpdatedAt: '9999-12-31T23:59:59-23:00' },
      { code: 'BAD_USER_INPUT', field: 'input.expectedUpdatedAt' },
    ],
    [NOBODY, { expectedUpdatedAt: 'yesterday' }, { code: 'BAD_USER_INPUT', field: 'input.expectedUpdatedAt' }],
  ])('of %s with %j it is %j', async (id, input, extensions) => {
    expect((await execute(UPDATE, { id, input })).errors).toMatchObject([{ extensions }]);
  });
});

describe('deleteOrder', () => {
  test('gives the order that was there, with its joins; the second time it is NOT_FOUND', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const order = await seed.order({ user: ada, total: '7.00' });
    await seed.transaction(order);
    const answer = await execute(DELETE, { id: order.id });
    expect(answer.data).toEqual({
      deleteOrder: {
        order: {
          id: order.id,
          total: '7.00',
          user: { username: 'Ada' },
          transactions: { nodes: [] },
        },
      },
    });
    expect((await execute(UPDATED_AT, { id: order.id })).data).toEqual({ order: null });
    expect((await execute(DELETE, { id: order.id })).errors).toMatchObject([
      { extensions: { code: 'NOT_FOUND', field: 'id' } },
    ]);
  });

  test('what is no id is BAD_USER_INPUT', async () => {
    expect((await execute(DELETE, { id: '1' })).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', field: 'id' } },
    ]);
  });
});

describe('what was read before a write is read anew behind it, in the same operation', () => {
  type Counted = ResultOf<typeof CREATE_TWO>[keyof ResultOf<typeof CREATE_TWO>];
  const CREATE_TWO = gql(`mutation CreateTwoOrders($userId: ID!) {
    a: createOrder(input: { userId: $userId, total: 1 }) { order { user { orders { totalCount } } } }
    b: createOrder(input: { userId: $userId, total: 1 }) { order { user { orders { totalCount } } } }
  }`);
  const counts = ({ a, b }: Record<'a' | 'b', Counted>) => [a, b].map(({ order }) => order.user?.orders?.totalCount);

  test('deleteOrder', async () => {
    const user = await seed.user();
    const [first, second] = [await seed.order({ user }), await seed.order({ user })];
    const answer = await execute(
      gql(`mutation DeleteTwoOrders($a: ID!, $b: ID!) {
        a: deleteOrder(id: $a) { order { user { orders { totalCount } } } }
        b: deleteOrder(id: $b) { order { user { orders { totalCount } } } }
      }`),
      { a: first.id, b: second.id },
    );
    expect(counts(answer.data)).toEqual([1, 0]);
  });

  test('createOrder', async () => {
    const user = await seed.user();
    expect(counts((await execute(CREATE_TWO, { userId: user.id })).data)).toEqual([1, 2]);
  });

  test('updateOrder', async () => {
    const user = await seed.user();
    const order = await seed.order({ user });
    const answer = await execute(
      gql(`mutation UpdateTwice($id: ID!) {
        a: updateOrder(id: $id, input: { total: 1 }) { order { user { orders { nodes { total } } } } }
        b: updateOrder(id: $id, input: { total: 2 }) { order { user { orders { nodes { total } } } } }
      }`),
      { id: order.id },
    );
    const total = (value: string) => ({ order: { user: { orders: { nodes: [{ total: value }] } } } });
    expect(answer.data).toEqual({ a: total('1.00'), b: total('2.00') });
  });

  test('an empty change changes nothing, not even the time', async () => {
    const order = await seed.order();
    const before = await updatedAt(order.id);
    expect((await execute(UPDATE, { id: order.id, input: {} })).errors).toEqual([]);
    expect(await updatedAt(order.id)).toBe(before);
  });
});
