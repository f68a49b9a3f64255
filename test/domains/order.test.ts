import { randomUUID } from 'node:crypto';
import type { ResultOf } from '@graphql-typed-document-node/core';
import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph, type Answer } from '../support/graph.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

interface Placed {
  readonly id: string;
  readonly createdAt: string;
}

const PAGE = gql(`query TwoOrders($after: String) {
  orders(first: 2, after: $after) { nodes { id } pageInfo { endCursor } }
}`);

describe('order(id)', () => {
  const BY_ID = gql(`query OrderById($id: ID!) { order(id: $id) { id total userId user { id username email } } }`);

  test('an order comes with its user from the other database, at one statement each', async () => {
    const ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
    const order = await seed.order({ user: ada, total: '12.5' });
    const answer = await execute(BY_ID, { id: order.id });
    expect(answer.errors).toEqual([]);
    expect(answer.data).toEqual({
      order: {
        id: order.id,
        total: '12.50',
        userId: ada.id,
        user: { id: ada.id, username: 'Ada', email: 'ada@example.com' },
      },
    });
    expect(answer).toHaveCost({ postgres: 1, mongo: 1 });
  });

  test('an id in upper case names the same order', async () => {
    const order = await seed.order();
    const answer = await execute(gql(`query OrderId($id: ID!) { order(id: $id) { id } }`), {
      id: order.id.toUpperCase(),
    });
    expect(answer.data).toEqual({ order: { id: order.id } });
  });

  test('nobody under an id is null, without an error', async () => {
    const answer = await execute(BY_ID, { id: randomUUID() });
    expect(answer).toMatchObject({ data: { order: null }, errors: [] });
    expect(answer).toHaveCost({ postgres: 1 });
  });

  test.each(['', 'nonsense', '12345', "' OR 1=1 --", '\u0000'])(
    '%j is no id: BAD_USER_INPUT, no statement',
    async (id) => {
      const answer = await execute(BY_ID, { id });
      expect(answer.errors).toMatchObject([{ path: ['order'], extensions: { code: 'BAD_USER_INPUT', field: 'id' } }]);
      expect(answer).toHaveCost({});
    },
  );

  test('a total that is no number is shown as it is stored, and fails nothing', async () => {
    const order = await seed.order({ total: 'NaN' });
    const answer = await execute(BY_ID, { id: order.id });
    expect(answer).toMatchObject({ data: { order: { total: 'NaN' } }, errors: [] });
  });

  test('only the selected columns are read', async () => {
    const order = await seed.order();
    const query = gql(`
      query OrderWithout($id: ID!, $no: Boolean!) { order(id: $id) { ...NumberOfOrder total @skip(if: $no) } }
      fragment NumberOfOrder on Order { orderNumber }
    `);
    const answer = await execute(query, { id: order.id, no: true });
    const [selected] = (answer.statements[0]?.text ?? '').split(' FROM ');
    expect(selected).toBe('SELECT "id", "orderNumber"');
  });
});

describe('Order.user', () => {
  const USER = gql(`query UserOfOrderById($id: ID!) { order(id: $id) { userId user { id username } } }`);

  test('a reference in upper case finds its user, and is returned in lower case', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const order = await seed.order({ userId: ada.id.toUpperCase() });
    const answer = await execute(USER, { id: order.id });
    expect(answer.data).toEqual({ order: { userId: ada.id, user: { id: ada.id, username: 'Ada' } } });
  });

  test('a reference that points at nobody is null, without an error', async () => {
    const order = await seed.order();
    const answer = await execute(USER, { id: order.id });
    expect(answer).toMatchObject({ data: { order: { user: null } }, errors: [] });
    expect(answer).toHaveCost({ postgres: 1, mongo: 1 });
  });

  test('a malformed reference is null, without an error and without a statement', async () => {
    const order = await seed.order({ userId: 'not-an-id' });
    const answer = await execute(USER, { id: order.id });
    expect(answer).toMatchObject({ data: { order: { userId: 'not-an-id', user: null } }, errors: [] });
    expect(answer).toHaveCost({ postgres: 1 });
  });

  test('a user with missing and odd fields is there, with nulls', async () => {
    const odd = await seed.user({
      username: { first: 'Ada' },
      email: undefined,
      power: 'strong',
      createdAt: 'yesterday',
    });
    const order = await seed.order({ user: odd });
    const query = gql(`query WholeUserOfOrder($id: ID!) {
      order(id: $id) { user { id username email power createdAt } }
    }`);
    const answer = await execute(query, { id: order.id });
    expect(answer.errors).toEqual([]);
    expect(answer.data).toEqual({
      order: { user: { id: odd.id, username: null, email: null, power: null, createdAt: null } },
    });
  });

  test('two aliases with different fields are one statement', async () => {
    const ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
    const order = await seed.order({ user: ada });
    const query = gql(`query UserTwice($id: ID!) { order(id: $id) { a: user { username } b: user { email } } }`);
    const answer = await execute(query, { id: order.id });
    expect(answer.data).toEqual({ order: { a: { username: 'Ada' }, b: { email: 'ada@example.com' } } });
    expect(answer).toHaveCost({ postgres: 1, mongo: 1 });
  });
});

describe('orders', () => {
  test('50 orders with their users cost one statement in each database, also with dirt among them', async () => {
    const users = await seed.users(10);
    for (let at = 0; at < 48; at += 1) await seed.order({ user: users[at % 10] });
    await seed.order({ userId: 'malformed' });
    await seed.order({ userId: 'f'.repeat(24) });
    const answer = await execute(gql(`query OrdersAndUsers { orders(first: 50) { nodes { userId user { id } } } }`));
    expect(answer.errors).toEqual([]);
    expect(answer.data.orders?.nodes).toHaveLength(50);
    for (const node of answer.data.orders?.nodes ?? []) {
      expect(node?.user?.id ?? null).toBe(users.some(({ id }) => id === node?.userId) ? node?.userId : null);
    }
    expect(answer).toHaveCost({ postgres: 1, mongo: 1 });
  });

  test('the newest come first, ties by id, and pages lose and double nothing, even within one microsecond', async () => {
    const at = '2040-01-01T00:00:00.123456Z';
    const before = '2040-01-01T00:00:00.123455Z';
    const wanted: Placed[] = [];
    for (const createdAt of [at, at, at, before, before, at])
      wanted.push({ createdAt, ...(await seed.order({ createdAt })) });
    const byTimeThenId = (a: Placed, b: Placed) => b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id);
    const seen: (string | undefined)[] = [];
    let after: string | null | undefined = null;
    for (let page = 0; page < 3; page += 1) {
      const answer: Answer<ResultOf<typeof PAGE>> = await execute(PAGE, { after });
      seen.push(...(answer.data.orders?.nodes ?? []).map((node) => node?.id));
      after = answer.data.orders?.pageInfo.endCursor;
    }
    expect(seen).toEqual(wanted.sort(byTimeThenId).map(({ id }) => id));
  });

  test('edges, nodes, cursors and pageInfo agree, and totalCount is counted only when selected', async () => {
    const query = gql(`query WholeConnection($after: String) { orders(first: 3, after: $after) {
      totalCount nodes { id } edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`);
    const first = await execute(query);
    const list = first.data.orders;
    expect(list?.edges.map(({ node }) => node)).toEqual(list?.nodes);
    expect(list?.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: list?.edges[0]?.cursor,
      endCursor: list?.edges[2]?.cursor,
    });
    expect(list?.totalCount).toBeGreaterThan(50);
    expect(first).toHaveCost({ postgres: 2 });
    const second = await execute(query, { after: list?.pageInfo.endCursor });
    expect(second.data.orders?.pageInfo.hasPreviousPage).toBe(true);
    expect(second.data.orders?.totalCount).toBe(list?.totalCount);
  });

  test('a page behind the last order is empty', async () => {
    const oldest = await seed.order({ createdAt: '1970-01-01T00:00:00Z' });
    const all = await execute(gql(`query HundredOrders { orders(first: 100) { edges { cursor node { id } } } }`));
    const last = all.data.orders?.edges.at(-1);
    expect(last?.node?.id).toBe(oldest.id);
    const answer = await execute(
      gql(
        `query OrdersAfter($after: String) { orders(after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
      ),
      { after: last?.cursor },
    );
    expect(answer.data.orders).toEqual({ nodes: [], pageInfo: { hasNextPage: false, endCursor: null } });
  });

  test.each([2 ** 31, 1.5, 'x'])('first: %j as a variable is BAD_USER_INPUT, and names it', async (first) => {
    const answer = await execute.text('query ($first: Int) { orders(first: $first) { nodes { id } } }', { first });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'first' } }]);
    expect(answer).toHaveCost({});
  });

  test.each([0, -1, 101, 2 ** 31 - 1])('first: %d is BAD_USER_INPUT, and nothing is read', async (first) => {
    const answer = await execute(gql(`query FirstOrders($first: Int) { orders(first: $first) { nodes { id } } }`), {
      first,
    });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'first' } }]);
    expect(answer).toHaveCost({});
  });

  test.each([
    ['an empty cursor', ''],
    ['nonsense', 'nonsense'],
    ['the cursor of another list', cursor('transactions', '2040-01-01T00:00:00.000000Z', randomUUID())],
    ['a cursor that lacks a part', cursor('orders', '2040-01-01T00:00:00.000000Z')],
    ['a time that does not exist', cursor('orders', '2040-02-30T00:00:00.000000Z', randomUUID())],
    ['an id that is none', cursor('orders', '2040-01-01T00:00:00.000000Z', "x'; DROP TABLE orders; --")],
    ['an operator for a value', cursor('orders', { gt: '' }, randomUUID())],
  ])('%s is BAD_USER_INPUT, and nothing is read', async (_, after) => {
    const answer = await execute(PAGE, { after });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }]);
    expect(answer).toHaveCost({});
  });
});

function cursor(...parts: unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}
