import { beforeAll, expect, test } from 'vitest';
import { planOf } from '../../src/cli/seeding/plan.js';
import { Seeding } from '../../src/cli/seeding/seeding.js';
import { useDatabases } from '../support/databases.js';
import { useGraph, type Answer } from '../support/graph.js';
import { quietly } from './seed-support.js';

const databases = useDatabases();
const execute = useGraph(databases);
const SHARE = 0.2;
const PLAN = planOf({
  ...{ users: 600, orders: 2_000, transactions: 2_600 },
  ...{ seed: 7, until: '2025-06-30', dirt: SHARE, orphans: SHARE },
});

beforeAll(() => new Seeding(databases.platform, PLAN).write(quietly, new AbortController().signal));

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** All nodes of a list of the graph's, page after page. */
async function all<Node>(list: string, fields: string): Promise<Node[]> {
  const query = `query ($after: String) { page: ${list}(first: 100, after: $after) {
    nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`;
  const nodes: Node[] = [];
  let [after, isLast]: [string | null, boolean] = [null, false];
  while (!isLast) {
    const answer: Answer<{ page: Page<Node> }> = await execute(query, { after });
    expect(answer.errors).toEqual([]);
    const { page } = answer.data;
    nodes.push(...page.nodes);
    [after, isLast] = [page.pageInfo.endCursor, !page.pageInfo.hasNextPage];
  }
  return nodes;
}

/** Whether a share of so many is what was asked for, by six standard deviations. */
function expectShare(some: readonly unknown[], of: readonly unknown[], share: number): void {
  const deviation = 6 * Math.sqrt((share * (1 - share)) / of.length);
  expect(some.length / of.length).toBeGreaterThan(share - deviation);
  expect(some.length / of.length).toBeLessThan(share + deviation);
}

test('every order is read, a fifth of them without a user, and those who have one have theirs', async () => {
  const orders = await all<{
    userId: string;
    userName: string | null;
    userEmail: string | null;
    user: { id: string; username: string | null } | null;
  }>(
    'orders',
    `id orderNumber total userId userName userEmail createdAt updatedAt user { id username email locCode power }
     transactions(first: 5) { totalCount nodes { amount } }`,
  );
  expect(orders).toHaveLength(PLAN.orders);
  const orphans = orders.filter(({ user }) => user === null);
  expectShare(orphans, orders, SHARE);
  expectShare(
    orphans.filter(({ userId }) => !/^[0-9a-f]{24}$/.test(userId)),
    orphans,
    0.5,
  );
  const owned = orders.filter(({ user }) => user !== null);
  expect(owned.every(({ userId, user }) => userId === user?.id)).toBe(true);
  // Two of three faults of an order show in its copies.
  expectShare(
    owned.filter(({ userName, userEmail }) => userName === null || userEmail?.startsWith('former.') === true),
    owned,
    (SHARE * 2) / 3,
  );
});

test('every transaction is read, a fifth of them without an order', async () => {
  const transactions = await all<{ amount: string | null; order: object | null; user: object | null }>(
    'transactions',
    'id orderId userId amount createdAt order { id orderNumber } user { id }',
  );
  expect(transactions).toHaveLength(PLAN.transactions);
  expectShare(
    transactions.filter(({ order }) => order === null),
    transactions,
    SHARE,
  );
  const amounts = transactions.flatMap(({ amount }) => amount ?? []);
  expect(amounts.filter((amount) => !/^\d+\.\d\d$/.test(amount))).toEqual([]);
  // One of nine faults is that there is none.
  expectShare(
    transactions.filter(({ amount }) => amount === null),
    transactions,
    SHARE / 9,
  );
});

test('every user is read, with their orders and transactions', async () => {
  const users = await all<{ email: string | null; orders: { totalCount: number } }>(
    'users',
    `id username email locCode power createdAt updatedAt
     orders(first: 3) { totalCount nodes { total } } transactions(first: 3) { totalCount nodes { amount } }`,
  );
  expect(users).toHaveLength(PLAN.users);
  expect(new Set(users.map(({ email }) => email)).size).toBeLessThan(PLAN.users);
  // By a reference in upper case as well; the others are nobody's.
  const owned = (await all<{ user: object | null }>('orders', 'user { id }')).filter(({ user }) => user !== null);
  expect(users.reduce((sum, { orders }) => sum + orders.totalCount, 0)).toBe(owned.length);
});
