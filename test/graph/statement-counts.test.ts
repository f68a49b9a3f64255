import { beforeAll, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { expectTable } from '../support/generated-table.js';
import { useGraph } from '../support/graph.js';
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

/** Operations by the number of rows that their lists ask for, and how many levels of joins they have. */
const OPERATIONS: readonly (readonly [what: string, operation: (rows: number) => string])[] = [
  [
    'one order with its user and transactions',
    () => `{ order(id: "${order.id}") { user { email } transactions { nodes { amount } } } }`,
  ],
  ['a list of orders with their users', (rows) => `{ orders(first: ${rows}) { nodes { total user { email } } } }`],
  [
    'the same, filtered, sorted by total, and counted',
    (rows) =>
      `{ orders(first: ${rows}, where: { total: { gte: "1" } }, orderBy: [{ total: desc }]) { totalCount nodes { total user { email } } } }`,
  ],
  ['the same from its end', (rows) => `{ orders(last: ${rows}) { nodes { total user { email } } } }`],
  [
    'orders with their users and transactions',
    (rows) => `{ orders(first: ${rows}) { nodes { user { email } transactions { nodes { amount } } } } }`,
  ],
  [
    'users with their 5 newest orders',
    (rows) => `{ users(first: ${rows}) { nodes { email orders(first: 5) { nodes { total } } } } }`,
  ],
  [
    'the same, with the number of orders of each',
    (rows) => `{ users(first: ${rows}) { nodes { email orders(first: 5) { totalCount nodes { total } } } } }`,
  ],
  [
    'users with their orders and the transactions of those',
    (rows) =>
      `{ users(first: ${rows}) { nodes { orders(first: 5) { nodes { total transactions(first: 5) { nodes { amount } } } } } } }`,
  ],
  [
    'transactions with their orders and users',
    (rows) => `{ transactions(first: ${rows}) { nodes { amount order { orderNumber } user { email } } } }`,
  ],
  ['a number of orders alone', () => `{ orders { totalCount } }`],
  [
    'createOrder, with the user in the answer',
    () => `mutation { createOrder(input: { userId: "${users[0]?.id ?? ''}", total: 1 }) { order { user { email } } } }`,
  ],
];

async function cost(operation: string): Promise<{ postgres: number; mongo: number }> {
  const { errors, statements } = await execute(operation);
  expect(errors).toEqual([]);
  const count = (name: string) => statements.filter(({ database }) => database === name).length;
  return { postgres: count('postgres'), mongo: count('mongo') };
}

test('what an operation costs does not depend on the number of rows, and docs/architecture.md says it', async () => {
  const rows: string[] = [];
  for (const [what, operation] of OPERATIONS) {
    const [few, many] = [await cost(operation(2)), await cost(operation(100))];
    expect(many, what).toEqual(few);
    rows.push(`| ${what} | ${many.postgres} | ${many.mongo} |`);
  }
  const head = ['| Operation | PostgreSQL | MongoDB |', '| --- | --: | --: |'];
  await expectTable('architecture.md', 'statement counts', [...head, ...rows].join('\n'));
});
