import { beforeAll, describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

beforeAll(async () => {
  await seed.order();
  await seed.order();
});

/** The cursor of a list's first item. */
async function cursorOf(list: string): Promise<string> {
  const answer = await execute.text<{ list: { edges: { cursor: string }[] } }>(
    `{ list: ${list} { edges { cursor } } }`,
  );
  return answer.data.list.edges[0]?.cursor ?? '';
}

const deep = (levels: number) => `${'{ NOT: '.repeat(levels)}{ }${' }'.repeat(levels)}`;
const many = (count: number) => `{ OR: [${'{ total: { gt: 1 } } '.repeat(count)}] }`;

describe('an argument that is not allowed is BAD_USER_INPUT with its field, and no database is asked', () => {
  test.each([
    ['first: 0', 'first'],
    ['first: -1', 'first'],
    ['first: 101', 'first'],
    ['first: 2147483648', 'first'],
    ['first: 1.5', 'first'],
    ['first: "1"', 'first'],
    ['last: 0', 'last'],
    ['last: 101', 'last'],
    ['first: 1, last: 1', 'last'],
    ['after: ""', 'after'],
    ['after: "forged"', 'after'],
    ['before: "W10"', 'before'],
    [`after: "${Buffer.from('["orders,desc createdAt,desc id","x","y"]').toString('base64url')}"`, 'after'],
    [`after: "${Buffer.from('["orders,desc createdAt,desc id",{"$ne":1},"y"]').toString('base64url')}"`, 'after'],
    ['orderBy: [{ total: asc, id: desc }]', 'orderBy'],
    ['where: { total: { gt: 1.5 } }', 'where.total.gt'],
    ['where: { total: { gt: "1e3" } }', 'where.total.gt'],
    ['where: { total: { gt: null } }', 'where.total.gt'],
    ['where: { total: null }', 'where.total'],
    ['where: { NOT: [{ userId: { equals: "nonsense" } }] }', 'where.NOT.userId.equals'],
    ['where: { id: { in: ["1"] } }', 'where.id.in'],
    ['where: { orderNumber: { not: { contains: "\\u0000" } } }', 'where.orderNumber.not.contains'],
    ['where: { orderNumber: { equals: 7 } }', 'where.orderNumber.equals'],
    [`where: ${deep(21)}`, `where${'.NOT'.repeat(21)}`],
  ])('orders(%s)', async (args, field) => {
    const answer = await execute.text(`{ orders(${args}) { nodes { id } } }`);
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }]);
    expect(answer.errors[0]?.message).not.toMatch(/SELECT|at .*\.ts|undefined/);
    expect(answer).toHaveCost({});
  });

  test('more conditions than any form has', async () => {
    const answer = await execute.text(`{ orders(where: ${many(501)}) { nodes { id } } }`);
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect((await execute.text(`{ orders(where: ${many(500)}) { nodes { id } } }`)).errors).toEqual([]);
    expect((await execute.text(`{ orders(where: ${deep(20)}) { nodes { id } } }`)).errors).toEqual([]);
  });

  test('a cursor of another list, or of the same in another order', async () => {
    const foreign = [
      [await cursorOf('orders(orderBy: [{ total: asc }])'), ''],
      [await cursorOf('orders'), ', orderBy: [{ total: asc }]'],
      [await cursorOf('orders(orderBy: [{ total: asc }])'), ', orderBy: [{ total: desc }]'],
    ] as const;
    for (const [cursor, orderBy] of foreign) {
      const answer = await execute.text(`{ orders(after: "${cursor}"${orderBy}) { nodes { id } } }`);
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }]);
    }
    const users = await execute.text(`{ users(after: "${await cursorOf('orders')}") { nodes { id } } }`);
    expect(users.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }]);
  });

  test('half a surrogate pair, which only a variable can hold', async () => {
    const query = gql(`query TwoTexts($where: OrderWhere, $n: String!) {
      orders(where: $where) { nodes { id } } orderByNumber(orderNumber: $n) { id }
    }`);
    const answer = await execute(query, { where: { orderNumber: { in: ['a', '\ud800'] } }, n: '\ud800' });
    expect(answer.data).toEqual({ orders: null, orderByNumber: null });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'where.orderNumber.in' } }]);
  });

  test('an operator in the place of a value', async () => {
    const query = 'query ($where: UserWhere) { users(where: $where) { nodes { id } } }';
    for (const where of [{ username: { equals: { $ne: null } } }, { username: { $ne: null } }, { $where: '1' }]) {
      const answer = await execute.text(query, { where });
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
      expect(answer).toHaveCost({});
    }
    expect((await execute.text(query, { where: { username: { equals: '{"$ne":null}' } } })).data).toEqual({
      users: { nodes: [] },
    });
  });

  test('one bad list costs itself, the others are served', async () => {
    const answer = await execute(
      gql(`query BadAndGood { bad: orders(first: 0) { nodes { id } } good: orders(first: 1) { nodes { total } } }`),
    );
    expect(answer.data).toEqual({ bad: null, good: { nodes: [{ total: '10.00' }] } });
    expect(answer.errors).toMatchObject([{ path: ['bad'], extensions: { code: 'BAD_USER_INPUT', field: 'first' } }]);
  });
});

describe('ids that are unknown or none', () => {
  test.each(['order', 'transaction', 'user'])(
    '%s(id) is null for an unknown id and BAD_USER_INPUT for a malformed one',
    async (field) => {
      const unknown = field === 'order' ? '00000000-0000-4000-8000-000000000000' : 'f'.repeat(24);
      const answer = await execute.text(`{ ${field}(id: "${unknown}") { id } }`);
      expect([answer.data, answer.errors]).toEqual([{ [field]: null }, []]);
      for (const id of ['', 'x', '$ne', '\\u0000', `${unknown}0`]) {
        const refused = await execute.text(`{ ${field}(id: "${id}") { id } }`);
        expect(refused.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'id' } }]);
        expect(refused).toHaveCost({});
      }
    },
  );

  test.each(['nobody has this', '', '\\u0000', 'x'.repeat(10_000)])('orderByNumber(%j) is null', async (number) => {
    const answer = await execute.text(`{ orderByNumber(orderNumber: "${number}") { id } }`);
    expect([answer.data, answer.errors]).toEqual([{ orderByNumber: null }, []]);
  });

  test('orderByNumber finds an order by its exact number', async () => {
    const order = await seed.order({ orderNumber: 'Number One' });
    const query = gql(`query OrderByNumber($number: String!) { orderByNumber(orderNumber: $number) { id } }`);
    const ask = async (number: string) => (await execute(query, { number })).data;
    expect(await ask('Number One')).toEqual({ orderByNumber: { id: order.id } });
    expect(await ask('number one')).toEqual({ orderByNumber: null });
  });
});
