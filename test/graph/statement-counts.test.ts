import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { expectTable } from '../support/generated-table.js';
import { gql } from '../support/gql.js';
import { useGraph, type Answer } from '../support/graph.js';
import { Seed, type Seeded } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

const USERS = 100;
let users: readonly Seeded[];
let order: Seeded;

beforeAll(async () => {
  users = await seed.users(USERS);
  for (let at = 0; at < 3 * USERS; at += 1) {
    order = await seed.order({ user: users[at % USERS] });
    await seed.transaction(order, { userId: seed.objectId(users[at % USERS]) });
  }
}, 120_000);

type Operation = (rows: number) => Promise<Answer<unknown>>;

/** Operations by the number of rows that their lists ask for. */
const OPERATIONS: readonly (readonly [what: string, operation: Operation])[] = [
  [
    'one order with its user and transactions',
    () => {
      const query = gql(`query CostOfOrder($id: ID!) {
        order(id: $id) { user { email } transactions { nodes { amount } } }
      }`);
      return execute(query, { id: order.id });
    },
  ],
  [
    'a list of orders with their users',
    (rows) => {
      const query = gql(`query CostOfOrders($rows: Int!) { orders(first: $rows) { nodes { total user { email } } } }`);
      return execute(query, { rows });
    },
  ],
  [
    'the same, filtered, sorted by total, and counted',
    (rows) => {
      const query = gql(`query CostOfSortedOrders($rows: Int!) {
        orders(first: $rows, where: { total: { gte: "1" } }, orderBy: [{ total: desc }]) {
          totalCount nodes { total user { email } }
        }
      }`);
      return execute(query, { rows });
    },
  ],
  [
    'the same from its end',
    (rows) => {
      const query = gql(
        `query CostOfLastOrders($rows: Int!) { orders(last: $rows) { nodes { total user { email } } } }`,
      );
      return execute(query, { rows });
    },
  ],
  [
    'orders with their users and transactions',
    (rows) => {
      const query = gql(`query CostOfSiblings($rows: Int!) {
        orders(first: $rows) { nodes { user { email } transactions { nodes { amount } } } }
      }`);
      return execute(query, { rows });
    },
  ],
  [
    'users with their 5 newest orders',
    (rows) => {
      const query = gql(`query CostOfUsers($rows: Int!) {
        users(first: $rows) { nodes { email orders(first: 5) { nodes { total } } } }
      }`);
      return execute(query, { rows });
    },
  ],
  [
    'the same, with the number of orders of each',
    (rows) => {
      const query = gql(`query CostOfCountedUsers($rows: Int!) {
        users(first: $rows) { nodes { email orders(first: 5) { totalCount nodes { total } } } }
      }`);
      return execute(query, { rows });
    },
  ],
  [
    'users with their orders and the transactions of those',
    (rows) => {
      const query = gql(`query CostOfThreeLevels($rows: Int!) {
        users(first: $rows) {
          nodes { orders(first: 5) { nodes { total transactions(first: 5) { nodes { amount } } } } }
        }
      }`);
      return execute(query, { rows });
    },
  ],
  [
    'transactions with their orders and users',
    (rows) => {
      const query = gql(`query CostOfTransactions($rows: Int!) {
        transactions(first: $rows) { nodes { amount order { orderNumber } user { email } } }
      }`);
      return execute(query, { rows });
    },
  ],
  ['a number of orders alone', () => execute(gql(`query CostOfCount { orders { totalCount } }`))],
  [
    'createOrder, with the user in the answer',
    () => {
      const mutation = gql(`mutation CostOfCreating($userId: ID!) {
        createOrder(input: { userId: $userId, total: 1 }) { order { user { email } } }
      }`);
      return execute(mutation, { userId: users[0]?.id ?? '' });
    },
  ],
  [
    'createOrder with a key, REQUIRED',
    () => {
      const mutation = gql(`mutation CostOfBoth($userId: ID!, $key: String!) {
        createOrder(input: { userId: $userId, total: 1, transaction: REQUIRED, idempotencyKey: $key }) {
          transaction { id }
        }
      }`);
      return execute(mutation, { userId: users[0]?.id ?? '', key: randomUUID() });
    },
  ],
  [
    'createOrder with a key, EVENTUAL (the job comes later)',
    () => {
      const mutation = gql(`mutation CostOfPromising($userId: ID!, $key: String!) {
        createOrder(input: { userId: $userId, total: 1, transaction: EVENTUAL, idempotencyKey: $key }) { order { id } }
      }`);
      return execute(mutation, { userId: users[0]?.id ?? '', key: randomUUID() });
    },
  ],
];

async function cost(operation: Operation, rows: number): Promise<{ postgres: number; mongo: number }> {
  const { errors, statements } = await operation(rows);
  expect(errors).toEqual([]);
  const count = (name: string) => statements.filter(({ database }) => database === name).length;
  return { postgres: count('postgres'), mongo: count('mongo') };
}

test('what an operation costs does not depend on the number of rows, and docs/architecture.md says it', async () => {
  const rows: string[] = [];
  for (const [what, operation] of OPERATIONS) {
    const [few, many] = [await cost(operation, 2), await cost(operation, 100)];
    expect(many, what).toEqual(few);
    rows.push(`| ${what} | ${many.postgres} | ${many.mongo} |`);
  }
  const head = ['| Operation | PostgreSQL | MongoDB |', '| --- | --: | --: |'];
  await expectTable('architecture.md', 'statement counts', [...head, ...rows].join('\n'));
});
