import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { parse } from 'graphql';
import { FakeDatabases, fakeScope, recordStatements, rows } from 'tandem/testing';
import { describe, expect, test, vi } from 'vitest';
import { orderUser } from '../../src/domains/order/order.relations.js';
import { orders } from '../../src/domains/order/order.source.js';
import { UserResolver } from '../../src/domains/user/user.resolver.js';
import { users } from '../../src/domains/user/user.source.js';
import { readList, readOne } from '../../src/graph/reading.js';
import { rowsOf } from '../../src/join/list.js';
import { defineSource, float, int, nullable, objectId, text } from '../../src/join/source.js';
import { OrderingResolver } from '../../src/ordering/ordering.resolver.js';

const ADA = 'a'.repeat(24);
const NAME = new Set(['username']);

describe('a scope on rows in memory', () => {
  test('50 look-ups at the same time are one statement, of the fields that they ask for', async () => {
    const { joins } = fakeScope(rows(users, [{ id: ADA, username: 'Ada' }]));
    const found = await recordStatements(() =>
      Promise.all(Array.from({ length: 50 }, () => joins.byKey(users, ADA, NAME))),
    );
    expect(new Set(found.result.map((user) => user?.username))).toEqual(new Set(['Ada']));
    expect(found).toHaveCost({ mongo: 1 });
    expect(found.statements).toEqual([{ database: 'mongo', text: 'users by id (1 key): username' }]);
  });

  test('a row has its key and what was asked for, no more: a resolver that says too little of its needs is found out', async () => {
    const { joins } = fakeScope(rows(users, [{ id: ADA, username: 'Ada', email: 'ada@example.com' }]));
    expect(await joins.byKey(users, ADA, NAME)).toEqual({ id: ADA, username: 'Ada' });
  });

  test('of a source that nobody filled there is nothing', async () => {
    const { joins } = fakeScope();
    expect(await joins.byKey(users, ADA, NAME)).toBeNull();
    expect((await readList(joins, rowsOf(orders))).nodes).toEqual([]);
  });

  test('a reference to nobody, or to no id at all, is null', async () => {
    const { joins } = fakeScope(rows(orders, [{}, { userId: 'Nobody' }]));
    const { nodes } = await readList(joins, rowsOf(orders));
    expect(await Promise.all(nodes.map((order) => joins.one(orderUser, order, NAME)))).toEqual([null, null]);
  });

  test('two requests share nothing', async () => {
    const databases = new FakeDatabases(rows(users, [{ id: ADA }]));
    const twice = await recordStatements(async () => {
      for (const { joins } of [databases.scope(), databases.scope()]) await joins.byKey(users, ADA, NAME);
    });
    expect(twice).toHaveCost({ mongo: 2 });
  });
});

describe('a database that is stopped', () => {
  test('fails what needs it with its code, sends nothing, and answers once it is started', async () => {
    const databases = new FakeDatabases(rows(users, [{ id: ADA }]), rows(orders, [{ userId: ADA }]));
    databases.stop('postgres');
    const answer = await databases.execute(`{ user(id: "${ADA}") { id orders { totalCount } } }`);
    expect(answer.data).toEqual({ user: { id: ADA, orders: { totalCount: null } } });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'POSTGRES_UNAVAILABLE' } }]);
    expect(answer).toHaveCost({ mongo: 1 });

    databases.start('postgres');
    const again = await databases.execute(`{ user(id: "${ADA}") { orders { totalCount } } }`);
    expect(again.data).toEqual({ user: { orders: { totalCount: 1 } } });
  });

  test('keeps an order from being written whose user cannot be verified', async () => {
    const databases = new FakeDatabases();
    databases.stop('mongo');
    const created = new OrderingResolver().createOrder({ userId: ADA, total: '1' }, databases.scope());
    await expect(created).rejects.toMatchObject({ code: 'USER_UNVERIFIABLE' });
  });
});

describe('a write', () => {
  test('is refused, and the client is told what to do instead', async () => {
    const databases = new FakeDatabases(rows(users, [{ id: ADA }]));
    for (const mutation of [
      'createUser(input: { username: "Eve" }) { user { id } }',
      `updateUser(id: "${ADA}", input: { username: "Eve" }) { user { id } }`,
      `deleteUser(id: "${ADA}", orders: KEEP, erase: true) { user { id } }`,
      `createOrder(input: { userId: "${ADA}", total: 1 }) { order { id } }`,
    ]) {
      const { errors } = await databases.execute(`mutation { ${mutation} }`);
      expect(errors, mutation).toMatchObject([{ extensions: { code: 'READ_ONLY' } }]);
      expect(errors[0]?.message).toMatch(/take no writes.*vi\.spyOn/);
    }
  });

  test("is what the test makes of it, where it replaces the service's method", async () => {
    const scope = fakeScope(rows(users, [{ id: ADA, username: 'Ada' }]));
    const ada = await readOne(scope.joins, users, ADA);
    vi.spyOn(scope.users, 'update').mockResolvedValue(ada);
    expect(await new UserResolver().updateUser(ADA, { power: 9 }, scope)).toEqual({ user: ada });
  });
});

test('a document that knows its types has a typed answer and typed variables', async () => {
  const COUNT = parse('query ($first: Int) { users(first: $first) { totalCount nodes { id } } }') as TypedDocumentNode<
    { readonly users: { readonly totalCount: number; readonly nodes: readonly object[] } },
    { readonly first?: number }
  >;
  const databases = new FakeDatabases(rows(users, [{}, {}]));
  const { data } = await databases.execute(COUNT, { first: 1 });
  expect([data.users.totalCount, data.users.nodes.length]).toEqual([2, 1]);
  // @ts-expect-error -- none of its variables
  await databases.execute(COUNT, { last: 1 });
});

describe('rows', () => {
  const things = defineSource({
    name: 'things',
    type: 'Thing',
    description: 'Made up.',
    database: 'postgres',
    fields: { id: int(''), name: text(''), size: float(''), ownerId: objectId(''), note: nullable(text('')) },
  });

  test('are completed: null where that is allowed, else something sound', () => {
    expect(rows(things, [{}, { name: 'b', ownerId: ADA.toUpperCase() }]).rows).toEqual([
      { id: 1, name: 'name 1', size: 0, ownerId: '0'.repeat(24), note: null },
      { id: 2, name: 'b', size: 0, ownerId: ADA, note: null },
    ]);
  });

  test('come newest first where nobody says otherwise, and the last is the newest', async () => {
    const databases = new FakeDatabases(rows(orders, [{ orderNumber: 'old' }, { orderNumber: 'new' }]));
    const { data } = await databases.execute('{ orders { nodes { orderNumber } } }');
    expect(data).toEqual({ orders: { nodes: [{ orderNumber: 'new' }, { orderNumber: 'old' }] } });
  });

  test('are typed by their source: the compiler refuses what it lacks, and so does the run', () => {
    // @ts-expect-error -- no field of users
    expect(() => rows(users, [{ name: 'Ada' }])).toThrow('source users has no field "name"');
    // @ts-expect-error -- money is never a float
    expect(() => rows(orders, [{ total: 12.5 }])).toThrow('"total" takes a decimal as a string, "12.50", got 12.5');
    // @ts-expect-error -- always there
    expect(() => rows(orders, [{ createdAt: null }])).toThrow('"createdAt" takes a Date, got null');
    // @ts-expect-error -- a number or null
    expect(() => rows(users, [{ power: '9' }])).toThrow('"power" takes a whole number or null, got "9"');
  });

  test('of one source may come in parts; two that share what only one can have are refused', async () => {
    const more = new FakeDatabases(rows(users, [{ id: ADA }]), rows(users, [{}]));
    expect((await more.execute('{ users { totalCount } }')).data).toEqual({ users: { totalCount: 2 } });
    expect(() => new FakeDatabases(rows(users, [{}]), rows(users, [{}]))).toThrow(
      /rows of users: two have the id "0+1"/,
    );
    const twice = rows(orders, [{ orderNumber: 'A' }, { orderNumber: 'A' }]);
    expect(() => new FakeDatabases(twice)).toThrow('rows of orders: two have the orderNumber "A"');
  });
});
