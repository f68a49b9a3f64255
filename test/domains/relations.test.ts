import type { VariablesOf } from '@graphql-typed-document-node/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { Seed, type Seeded } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

const USERS = 50;
const ORDERS_EACH = 8;
const DAY = Date.UTC(2026, 0, 1);
let users: readonly Seeded[];

// The nth order of a user is `<n>.00`, and the later one is the newer.
beforeAll(async () => {
  users = await seed.users(USERS);
  for (const [at, user] of users.entries()) {
    for (let nth = 1; nth <= ORDERS_EACH; nth += 1) {
      const createdAt = new Date(DAY + nth * 60_000).toISOString();
      const userId = at % 2 === 0 ? user.id : user.id.toUpperCase();
      const order = await seed.order({ userId, total: `${nth}.00`, createdAt });
      await seed.transaction(order, { userId: seed.objectId(user), createdAt: new Date(DAY + nth * 60_000) });
    }
  }
}, 120_000);

describe('User.orders', () => {
  test('50 users with their 5 newest orders are one statement each, which returns 6 rows for each user at most', async () => {
    const answer = await execute(
      gql(`query NewestOrdersOfUsers { users(first: 50) { nodes { orders(first: 5) { nodes { total } } } } }`),
    );
    expect(answer).toHaveCost({ mongo: 1, postgres: 1 });
    expect(answer.statements.at(-1)?.text).toMatch(/LATERAL.*LIMIT 6/);
    const totals = answer.data.users?.nodes.map((user) => user?.orders?.nodes.map((order) => order?.total));
    expect(totals).toEqual(Array.from({ length: USERS }, () => ['8.00', '7.00', '6.00', '5.00', '4.00']));
  });

  test('a page of each goes on behind a cursor, from either end', async () => {
    const PAGE = gql(`query PageOfUser($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      user(id: $id) {
        orders(first: $first, after: $after, last: $last, before: $before) {
          nodes { total } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
      }
    }`);
    const page = async (args: Omit<VariablesOf<typeof PAGE>, 'id'>) => {
      const answer = await execute(PAGE, { id: users[1]?.id ?? '', ...args });
      expect(answer.errors).toEqual([]);
      const list = answer.data.user?.orders;
      return { totals: list?.nodes.map((order) => Number(order?.total)), ...list?.pageInfo };
    };
    const first = await page({ first: 3 });
    expect(first).toMatchObject({ totals: [8, 7, 6], hasPreviousPage: false, hasNextPage: true });
    const second = await page({ first: 3, after: first.endCursor });
    expect(second).toMatchObject({ totals: [5, 4, 3], hasPreviousPage: true, hasNextPage: true });
    const last = await page({ last: 3 });
    expect(last).toMatchObject({ totals: [3, 2, 1], hasPreviousPage: true, hasNextPage: false });
    const beforeLast = await page({ last: 3, before: last.startCursor });
    expect(beforeLast).toMatchObject({ totals: [6, 5, 4], hasPreviousPage: true, hasNextPage: true });
    const between = await page({ first: 9, after: first.endCursor, before: last.startCursor });
    expect(between).toMatchObject({ totals: [5, 4], hasPreviousPage: true, hasNextPage: false });
    expect(await page({ before: last.startCursor })).toMatchObject({
      totals: [8, 7, 6, 5, 4],
      hasPreviousPage: false,
    });
  });

  test('filtered, sorted and counted, it is one statement more', async () => {
    const answer = await execute(
      gql(`query SomeOrdersOfUsers {
        users(first: 50) {
          nodes {
            orders(first: 2, where: { total: { gt: 3, not: { in: [5, "6.00"] } } }, orderBy: [{ total: asc }]) {
              totalCount nodes { total }
            }
          }
        }
      }`),
    );
    expect(answer).toHaveCost({ mongo: 1, postgres: 2 });
    expect(answer.data.users?.nodes).toHaveLength(USERS);
    for (const user of answer.data.users?.nodes ?? []) {
      expect(user?.orders).toEqual({ totalCount: 3, nodes: [{ total: '4.00' }, { total: '7.00' }] });
    }
  });
});

describe('User.transactions', () => {
  test('pages of 50 users are one command', async () => {
    const answer = await execute(
      gql(`query TransactionsOfUsers {
        users(first: 50) { nodes { transactions(first: 2) { nodes { order { total } } } } }
      }`),
    );
    expect(answer).toHaveCost({ mongo: 2, postgres: 1 });
    expect(answer.data.users?.nodes).toHaveLength(USERS);
    for (const user of answer.data.users?.nodes ?? []) {
      expect(user?.transactions?.nodes.map((node) => node?.order?.total)).toEqual(['8.00', '7.00']);
    }
  });
});

describe('Transaction.order and Transaction.user', () => {
  test('100 transactions with both are three statements', async () => {
    const answer = await execute(
      gql(`query TransactionsWithBoth { transactions(first: 100) { nodes { order { userId } user { id } } } }`),
    );
    expect(answer).toHaveCost({ mongo: 2, postgres: 1 });
    const nodes = answer.data.transactions?.nodes.map((node) => [node?.order?.userId, node?.user?.id]) ?? [];
    expect(nodes).toHaveLength(100);
    for (const [userId, id] of nodes) expect(userId).toBe(id ?? 'nobody');
  });

  test('they are null where nobody is there, where the reference is malformed, and where it is missing', async () => {
    const ids = await Promise.all([
      seed.transaction({ id: '00000000-0000-4000-8000-000000000000' }),
      seed.transaction({ id: 'malformed' }, { userId: 'malformed' }),
      seed.transaction({ id: '' }, { orderId: undefined, userId: undefined }),
    ]);
    for (const { id } of ids) {
      const answer = await execute(
        gql(`query TransactionWithBoth($id: ID!) { transaction(id: $id) { order { id } user { id } } }`),
        { id },
      );
      expect(answer.errors).toEqual([]);
      expect(answer.data).toEqual({ transaction: { order: null, user: null } });
    }
  });
});

test('one request goes round the circle: user, orders, transactions, order, user, at one statement for each level but what is known', async () => {
  const answer = await execute(
    gql(`query Circle($id: ID!) {
      user(id: $id) { orders { nodes { transactions { nodes { order { user { id } } } } } } }
    }`),
    { id: users[0]?.id ?? '' },
  );
  expect(answer.errors).toEqual([]);
  // The user at the end was there at the beginning.
  expect(answer).toHaveCost({ mongo: 2, postgres: 2 });
  const order = answer.data.user?.orders?.nodes[0];
  expect(order?.transactions?.nodes[0]?.order?.user).toEqual(users[0]);
});

test('aliases with the same arguments share a statement, with others they do not', async () => {
  const id = users[0]?.id ?? '';
  const same = await execute(
    gql(`query SameTwice($id: ID!) {
      user(id: $id) { a: orders(first: 2) { nodes { id } } b: orders(first: 2) { nodes { total } } }
    }`),
    { id },
  );
  expect(same).toHaveCost({ mongo: 1, postgres: 1 });
  const other = await execute(
    gql(`query TwoPages($id: ID!) {
      user(id: $id) { a: orders(first: 2) { nodes { id } } b: orders(first: 3) { nodes { id } } }
    }`),
    { id },
  );
  expect(other).toHaveCost({ mongo: 1, postgres: 2 });
});

test('only the selected fields are read, on both sides of a join', async () => {
  const answer = await execute(gql(`query TotalsAndMails { orders(first: 5) { nodes { total user { email } } } }`));
  const [sql, command] = answer.statements.map(({ text }) => text);
  expect(sql).not.toMatch(/orderNumber|userName/);
  expect(command).not.toMatch(/username|locCode/);
});
