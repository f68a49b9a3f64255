import fc from 'fast-check';
import mongoose from 'mongoose';
import { FakeDatabases, rows, type Answer, type FakeRow } from 'tandem/testing';
import { beforeAll, expect, test } from 'vitest';
import { orders, type Order } from '../../src/domains/order/order.source.js';
import { transactions, type Transaction } from '../../src/domains/transaction/transaction.source.js';
import { users, type User } from '../../src/domains/user/user.source.js';
import { useDatabases } from '../support/databases.js';
import { useGraph } from '../support/graph.js';
import { Seed } from '../support/seed.js';
import { rounds } from '../support/long.js';

// The same rows in both databases and in memory: whatever is asked, the answer and its cost are the same.
const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

const { Decimal128, ObjectId } = mongoose.Types;

const TEXTS = ['', ' ', 'a', 'A', 'ab', 'aB', 'B', 'a%b', 'a_b', '\\', 'é', 'É', '😀', '\uffee', 'z', null];
const AMOUNTS = ['0.00', '9.00', '10.00', '10.01', '100.00', null];
const POWERS = [-2_147_483_648, -1, 0, 9, 10, null];
const time = (second: number) => new Date(Date.UTC(2024, 1, 29, 12, 0, second % 5));
const userId = (at: number) => at.toString(16).padStart(24, 'b');
const orderId = (at: number) => `0000000a-0000-4000-8000-${((at * 37) % 100).toString().padStart(12, '0')}`;
const of = <T>(list: readonly T[], at: number) => list[at % list.length] as T;

const SOME_USERS = TEXTS.map((username, at): FakeRow<User> => ({
  id: userId(at),
  username,
  email: of(TEXTS, at * 3),
  power: of(POWERS, at),
  createdAt: at % 7 === 0 ? null : time(at),
  updatedAt: null,
}));
/** Some in capitals, some of nobody. */
const REFERENCES = [userId(1), userId(2), userId(3).toUpperCase(), 'f'.repeat(24), 'Nobody', userId(1).toUpperCase()];
const SOME_ORDERS = Array.from({ length: 40 }, (_, at): FakeRow<Order> => ({
  id: orderId(at),
  orderNumber: `${of(TEXTS, at) ?? ''}-${at}`,
  total: of(AMOUNTS, at) ?? '1.50',
  userId: of(REFERENCES, at),
  userName: of(TEXTS, at * 5),
  userEmail: null,
  createdAt: time(at),
  updatedAt: time(at),
}));
const SOME_TRANSACTIONS = Array.from({ length: 30 }, (_, at): FakeRow<Transaction> => ({
  id: at.toString(16).padStart(24, 'c'),
  orderId: of([orderId(1), orderId(2).toUpperCase(), orderId(3), orderId(99), null], at),
  userId: of([userId(1), userId(2), 'f'.repeat(24), null], at),
  amount: of(AMOUNTS, at),
  createdAt: time(at),
}));
const fakes = new FakeDatabases(
  rows(users, SOME_USERS),
  rows(orders, SOME_ORDERS),
  rows(transactions, SOME_TRANSACTIONS),
);

beforeAll(async () => {
  for (const { id, ...fields } of SOME_USERS) await seed.document('users', { _id: new ObjectId(id), ...fields });
  for (const order of SOME_ORDERS) await seed.order(order);
  for (const { id, userId: payer, amount = null, ...fields } of SOME_TRANSACTIONS) {
    await seed.document('transactions', {
      _id: new ObjectId(id),
      userId: typeof payer === 'string' ? new ObjectId(payer) : null,
      amount: amount === null ? null : Decimal128.fromString(amount),
      ...fields,
    });
  }
});

/** What a client sees, and what it cost. A cursor is opaque: whose it is does not show. */
function seen({ data, errors, statements }: Answer<unknown>) {
  const isOf = (name: string) => statements.filter(({ database }) => database === name).length;
  return { data, errors, cost: [isOf('postgres'), isOf('mongo')] };
}

async function expectAgreement(query: string, variables: Record<string, unknown> = {}): Promise<void> {
  const [real, fake] = [await execute(query, variables), await fakes.execute(query, variables)];
  expect(seen(fake), JSON.stringify({ query, variables })).toEqual(seen(real));
}

test.each([
  '{ orders { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { id userId total user { id username } } } }',
  '{ users(last: 7) { nodes { id orders(first: 2) { totalCount nodes { id transactions { nodes { amount } } } } } } }',
  '{ transactions(first: 30) { nodes { amount user { email } order { orderNumber user { email } } } } }',
  `{ user(id: "${userId(1).toUpperCase()}") { id power orders(last: 3) { nodes { total } } } }`,
  `{ a: order(id: "${orderId(5)}") { total user { username } } b: order(id: "${orderId(77)}") { total } }`,
  '{ orderByNumber(orderNumber: "a-2") { id userName } }',
  '{ order(id: "nope") { id } }',
  '{ orders(first: 0) { nodes { id } } users(after: "x") { nodes { id } } }',
  `mutation { createOrder(input: { userId: "${'f'.repeat(24)}", total: 1 }) { order { id } } }`,
  'mutation { updateUser(id: "nope", input: { power: 1 }) { user { id } } }',
])('rows in memory answer %s as the databases do, at the same cost', async (query) => {
  await expectAgreement(query);
});

const texts = TEXTS.filter((text) => text !== null);
const someText = fc.constantFrom(...texts, 'a-2', '-1');
const scalarFilter = (value: fc.Arbitrary<unknown>, operators: readonly string[]) =>
  fc.oneof(
    fc.tuple(fc.constantFrom(...operators), value).map(([operator, one]) => ({ [operator]: one })),
    fc.array(value, { maxLength: 3 }).map((some) => ({ in: some })),
    fc.array(value, { maxLength: 3 }).map((some) => ({ notIn: some })),
    fc.constant({ equals: null }),
    value.map((one) => ({ not: { equals: one } })),
    fc.constant({ not: null }),
  );
const RANGE = ['equals', 'lt', 'lte', 'gt', 'gte'];
const textFilter = fc
  .tuple(scalarFilter(someText, [...RANGE, 'contains', 'startsWith', 'endsWith']), fc.boolean())
  .map(([filter, insensitive]) => (insensitive ? { ...filter, mode: 'insensitive' } : filter));
const amountFilter = scalarFilter(fc.constantFrom('0', '10', '10.0', '10.01', '-1'), RANGE);
const timeFilter = scalarFilter(
  fc.nat(5).map((second) => time(second).toISOString()),
  RANGE,
);
const idFilter = scalarFilter(fc.constantFrom(...REFERENCES.filter((id) => id.length === 24)), ['equals']);
const powerFilter = scalarFilter(fc.constantFrom(...POWERS.filter((power) => power !== null), 11), RANGE);

/** A list of the graph: the fields that it is filtered and sorted by. */
const LISTS = {
  orders: {
    orderNumber: textFilter,
    userName: textFilter,
    total: amountFilter,
    userId: idFilter,
    createdAt: timeFilter,
  },
  users: { username: textFilter, email: textFilter, power: powerFilter, createdAt: timeFilter, id: idFilter },
  transactions: { amount: amountFilter, userId: idFilter, createdAt: timeFilter },
} as const;
const TYPES = { orders: 'Order', users: 'User', transactions: 'Transaction' } as const;
const SELECTIONS = {
  orders: 'id user { username orders(first: 2) { totalCount } } transactions(first: 2) { nodes { amount } }',
  users: 'id email orders(last: 2, orderBy: [{ total: desc }]) { nodes { total } }',
  transactions: 'id order { orderNumber } user { power }',
} as const;
type ListName = keyof typeof LISTS;

const someWhere = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.letrec<{ where: object }>((tie) => ({
    where: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc
        .constantFrom(...Object.keys(fields))
        .chain((name) => (fields[name] ?? fc.constant({})).map((filter) => ({ [name]: filter }))),
      fc
        .tuple(fc.constantFrom('AND', 'OR', 'NOT'), fc.array(tie('where'), { minLength: 1, maxLength: 3 }))
        .map(([word, parts]) => ({ [word]: parts })),
    ),
  })).where;

const someList = fc.constantFrom<ListName>('orders', 'users', 'transactions').chain((name) =>
  fc.record({
    name: fc.constant(name),
    where: fc.option(someWhere(LISTS[name])),
    orderBy: fc.array(
      fc
        .tuple(fc.constantFrom(...Object.keys(LISTS[name])), fc.constantFrom('asc', 'desc'))
        .map(([field, direction]) => ({ [field]: direction })),
      { maxLength: 2 },
    ),
    size: fc.integer({ min: 1, max: 12 }),
    isBackward: fc.boolean(),
  }),
);

interface Page {
  readonly pageInfo: { readonly startCursor: string | null; readonly endCursor: string | null };
}

test('whatever list is asked for, its pages from either end are the same, and cost the same', async () => {
  const property = fc.asyncProperty(someList, async ({ name, where, orderBy, size, isBackward }) => {
    const args = isBackward ? 'last: $size, before: $cursor' : 'first: $size, after: $cursor';
    const query = `query ($where: ${TYPES[name]}Where, $orderBy: [${TYPES[name]}OrderBy!], $size: Int, $cursor: String) {
      list: ${name}(${args}, where: $where, orderBy: $orderBy) {
        totalCount nodes { ${SELECTIONS[name]} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }`;
    const turn = (page: Page | null) => (isBackward ? page?.pageInfo.startCursor : page?.pageInfo.endCursor) ?? null;
    let [ofReal, ofFake]: (string | null)[] = [null, null];
    do {
      const variables = { where, orderBy, size };
      const real: Answer<{ list: Page | null }> = await execute(query, { ...variables, cursor: ofReal });
      const fake: Answer<{ list: Page | null }> = await fakes.execute(query, { ...variables, cursor: ofFake });
      [ofReal, ofFake] = [turn(real.data.list), turn(fake.data.list)];
      expect(seen(withoutCursors(fake))).toEqual(seen(withoutCursors(real)));
    } while (ofReal !== null);
  });
  await fc.assert(property, { numRuns: rounds(15, 60), endOnFailure: true });
}, 120_000);

function withoutCursors(answer: Answer<{ readonly list: Page | null }>): Answer<unknown> {
  const { list } = answer.data;
  if (list === null) return answer;
  const pageInfo = { ...list.pageInfo, startCursor: list.pageInfo.startCursor !== null, endCursor: null };
  return { ...answer, data: { list: { ...list, pageInfo } } };
}
