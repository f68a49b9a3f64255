import { print } from 'graphql';
import mongoose from 'mongoose';
import { beforeAll, describe, expect, test } from 'vitest';
import { SOURCES } from '../../src/domains/catalogue.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { Seed, type Seeded } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const { Decimal128 } = mongoose.Types;

interface List {
  readonly list: {
    readonly totalCount: number;
    readonly nodes: readonly Record<string, unknown>[];
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  };
}

/** One field of every row of a list. */
async function values(list: string, field: string): Promise<unknown[]> {
  const answer = await execute.text<List>(`{ list: ${list} { totalCount nodes { value: ${field} } } }`);
  expect(answer.errors).toEqual([]);
  expect(answer.data.list.totalCount).toBe(answer.data.list.nodes.length);
  return answer.data.list.nodes.map(({ value }) => value);
}

let ada: Seeded;

beforeAll(async () => {
  ada = await seed.user({ username: 'Ada', email: 'ada@example.com', locCode: 'LOC6', power: 5 });
  await seed.user({ username: 'bob%_\\', email: 'BOB@example.com', locCode: 'LOC7', power: '40' });
  await seed.user({ username: 'Carol', email: undefined, locCode: null, power: 7 });
  await seed.user({ username: undefined, email: 'dora@example.org', power: undefined });
  const times = ['10:00:00.000001', '10:00:00.000002', '10:00:00.001', '11:00:00', '12:00:00'];
  for (const [at, time] of times.entries()) {
    const createdAt = `2026-01-01T${time}Z`;
    await seed.order({
      user: ada,
      orderNumber: `N-${at}`,
      total: `${at * 5}.00`,
      userName: at % 2 === 0 ? 'Ada' : null,
      createdAt,
    });
  }
  for (const amount of [
    0.1,
    '0.10',
    Decimal128.fromString('0.10'),
    2,
    '30',
    Decimal128.fromString('9.99'),
    'odd',
    null,
  ]) {
    await seed.transaction({ id: '00000000-0000-4000-8000-000000000000' }, { amount });
  }
});

describe('filters by conventions of Prisma', () => {
  test.each([
    ['orders(where: { total: { gte: "5", lt: 15 } })', 'total', ['10.00', '5.00']],
    ['orders(where: { total: { equals: 0 } })', 'total', ['0.00']],
    ['orders(where: { total: { in: ["0", "20.0"] } })', 'total', ['20.00', '0.00']],
    [
      'orders(where: { orderNumber: { startsWith: "N-", not: { endsWith: "0" } }, total: { lte: 5 } })',
      'orderNumber',
      ['N-1'],
    ],
    ['orders(where: { userName: { equals: null } })', 'orderNumber', ['N-3', 'N-1']],
    ['orders(where: { userName: { not: null } })', 'orderNumber', ['N-4', 'N-2', 'N-0']],
    ['orders(where: { userName: { not: { equals: "Bob" } } })', 'orderNumber', ['N-4', 'N-2', 'N-0']],
    ['orders(where: { NOT: { userName: { equals: "Ada" } } })', 'orderNumber', []],
    [
      'orders(where: { OR: [{ orderNumber: { equals: "N-0" } }, { AND: [{ total: { gt: 5 } }, { total: { lt: 15 } }] }] })',
      'orderNumber',
      ['N-2', 'N-0'],
    ],
    ['orders(where: { OR: [] })', 'orderNumber', []],
    ['orders(where: { NOT: [], AND: [] }, first: 100)', 'orderNumber', ['N-4', 'N-3', 'N-2', 'N-1', 'N-0']],
    ['orders(where: { createdAt: { equals: "2026-01-01T10:00:00Z" } })', 'orderNumber', ['N-1', 'N-0']],
    [
      'orders(where: { createdAt: { gt: "2026-01-01T10:00:00.000Z", lte: "2026-01-01T11:00:00Z" } })',
      'orderNumber',
      ['N-3', 'N-2'],
    ],
    ['users(where: { email: { contains: "@EXAMPLE.com", mode: insensitive } })', 'username', ['bob%_\\', 'Ada']],
    ['users(where: { email: { contains: "a@example.com" } })', 'username', ['Ada']],
    ['users(where: { username: { contains: "%" } })', 'username', ['bob%_\\']],
    ['users(where: { username: { endsWith: "_\\\\" } })', 'username', ['bob%_\\']],
    ['users(where: { power: { gte: 5, lt: 41 } })', 'power', [7, 40, 5]],
    ['users(where: { power: { equals: 40 } })', 'power', [40]],
    ['users(where: { locCode: { in: ["LOC6", "LOC7"] } })', 'locCode', ['LOC7', 'LOC6']],
    ['users(where: { locCode: { notIn: ["LOC6"] } })', 'locCode', ['LOC7']],
    ['users(where: { locCode: { equals: null } })', 'email', ['dora@example.org', null]],
    ['transactions(where: { amount: { equals: "0.1" } })', 'amount', ['0.10', '0.10', '0.10']],
    ['transactions(where: { amount: { gt: "0.1" } })', 'amount', ['9.99', '30.00', '2.00']],
    ['transactions(where: { amount: { equals: null } })', 'amount', [null, null]],
  ])('%s finds %s %j', async (list, field, expected) => {
    expect(await values(list, field)).toEqual(expected);
  });

  test('without regard to case means what is negated beside it too, unless that says otherwise', async () => {
    const where = (not: string) => `users(where: { username: { equals: "ADA", mode: insensitive, not: ${not} } })`;
    expect(await values(where('{ contains: "DA" }'), 'username')).toEqual([]);
    expect(await values(where('{ contains: "DA", mode: default }'), 'username')).toEqual(['Ada']);
  });

  test('an id is found in whatever case, in the argument and in the row', async () => {
    await seed.order({ userId: 'ABCDEF'.repeat(4), orderNumber: 'UPPER' });
    for (const id of ['abcdef'.repeat(4), 'ABCDEF'.repeat(4)]) {
      expect(await values(`orders(where: { userId: { equals: "${id}" } })`, 'orderNumber')).toEqual(['UPPER']);
    }
    expect(await values(`users(where: { id: { in: ["${ada.id.toUpperCase()}"] } })`, 'username')).toEqual(['Ada']);
  });

  test('values come as variables just as well, and null for a whole filter is none', async () => {
    const query = gql(`query FilteredOrders($where: OrderWhere) {
      orders(where: $where) { totalCount nodes { orderNumber } }
    }`);
    const some = await execute(query, {
      where: { total: { in: ['5', '10.00'] }, AND: [{ orderNumber: { startsWith: 'N-1' } }] },
    });
    expect(some.data.orders?.nodes).toEqual([{ orderNumber: 'N-1' }]);
    expect((await execute(query, { where: null })).data.orders?.totalCount).toBeGreaterThanOrEqual(5);
    // A number is a Decimal too, and one item a list; the generated types are narrower than what is taken.
    const loose = { where: { total: { in: [5, '10.00'] }, AND: { orderNumber: { startsWith: 'N-1' } } } };
    expect((await execute.text(print(query), loose)).data).toMatchObject({ orders: { totalCount: 1 } });
  });
});

describe('sorts by conventions of Prisma', () => {
  test.each([
    [
      'orders(where: { orderNumber: { startsWith: "N-" } }, orderBy: [{ total: asc }])',
      'orderNumber',
      ['N-0', 'N-1', 'N-2', 'N-3', 'N-4'],
    ],
    [
      'orders(where: { orderNumber: { startsWith: "N-" } }, orderBy: [{ userName: asc }, { total: desc }])',
      'orderNumber',
      ['N-3', 'N-1', 'N-4', 'N-2', 'N-0'],
    ],
    [
      'orders(where: { orderNumber: { startsWith: "N-" } }, orderBy: { userName: desc })',
      'userName',
      ['Ada', 'Ada', 'Ada', null, null],
    ],
    [
      'transactions(orderBy: [{ amount: desc }])',
      'amount',
      ['30.00', '9.99', '2.00', '0.10', '0.10', '0.10', null, null],
    ],
    ['users(orderBy: [{ email: asc }])', 'email', [null, 'BOB@example.com', 'ada@example.com', 'dora@example.org']],
  ])('%s gives %s %j', async (list, field, expected) => {
    expect(await values(list, field)).toEqual(expected);
  });

  test.each([
    ['orders', '{ userName: asc }'],
    ['orders', '{ total: desc }'],
    ['users', '{ locCode: desc }'],
    ['transactions', '{ amount: asc }'],
  ])('%s by %s: pages of one, both ways, lose and double nothing', async (name, term) => {
    const walk = async (size: string, cursor: string, next: string): Promise<unknown[]> => {
      const ids: unknown[] = [];
      for (let at = ''; ;) {
        const answer = await execute.text<{ list: List['list'] & { pageInfo: Record<string, unknown> } }>(
          `{ list: ${name}(${size}: 1, orderBy: [${term}]${at}) { nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`,
        );
        expect(answer.errors).toEqual([]);
        const { nodes, pageInfo } = answer.data.list;
        ids.push(...nodes.map(({ id }) => id));
        if (pageInfo[next] !== true) return ids;
        at = `, ${cursor}: "${String(pageInfo[cursor === 'after' ? 'endCursor' : 'startCursor'])}"`;
      }
    };
    const forward = await walk('first', 'after', 'hasNextPage');
    const backward = await walk('last', 'before', 'hasPreviousPage');
    expect(new Set(forward).size).toBe(forward.length);
    const source = SOURCES.find((one) => one.name === name);
    if (source === undefined) throw new Error(`${name} is no source`);
    expect(forward).toHaveLength(await databases.platform.readers[source.database].count(source, null));
    expect(backward.toReversed()).toEqual(forward);
  });
});

test('a number of rows alone reads no row', async () => {
  const answer = await execute(gql(`query Counts { orders { totalCount __typename } users { totalCount } }`));
  expect(answer.errors).toEqual([]);
  expect(answer).toHaveCost({ postgres: 1, mongo: 1 });
});

test('a document with arrays in two fields that are sorted by costs its list nothing', async () => {
  const mark = 'two arrays';
  for (const locCode of ['b', 'a']) await seed.user({ username: mark, locCode, email: locCode });
  const odd = await seed.user({ username: mark, locCode: ['x', 'c'], email: ['y', 'z'] });
  const page = async (first: number, after?: string | null) => {
    const answer = await execute(
      gql(`query SortedUsers($mark: String!, $first: Int, $after: String) {
        users(
          where: { username: { equals: $mark } }, orderBy: [{ locCode: asc }, { email: asc }], first: $first, after: $after
        ) { nodes { id locCode } pageInfo { endCursor hasNextPage } }
      }`),
      { mark, first, after },
    );
    expect(answer.errors).toEqual([]);
    return { nodes: answer.data.users?.nodes ?? [], endCursor: answer.data.users?.pageInfo.endCursor };
  };
  const all = await page(9);
  expect(all.nodes.map((node) => node?.locCode)).toEqual(['a', 'b', null]);
  expect(all.nodes.at(-1)).toMatchObject({ id: odd.id });
  const first = await page(2);
  const rest = await page(9, first.endCursor);
  expect([...first.nodes, ...rest.nodes]).toEqual(all.nodes);
});
