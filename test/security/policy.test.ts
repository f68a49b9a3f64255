import { randomUUID } from 'node:crypto';
import type { ApolloServer } from '@apollo/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SOURCES } from '../../src/domains/catalogue.js';
import { createApollo } from '../../src/gateway/server.js';
import { createScope, type Scope } from '../../src/scope.js';
import { ANYBODY, identified, STRANGER, type Actor } from '../../src/security/actor.js';
import { answerOf, type Answer } from '../../src/testing/answer.js';
import { useDatabases } from '../support/databases.js';
import { Seed, type Seeded } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);
let apollo: ApolloServer<Scope>;
let ada: Seeded;
let eve: Seeded;
let adasOrder: Seeded;
let evesOrder: Seeded;
let adasPayment: Seeded;
let evesPayment: Seeded;

const FULL = { email: 'x@example.com', locCode: 'LOC6', power: 7, createdAt: new Date(), updatedAt: new Date() };

beforeAll(async () => {
  apollo = createApollo({ platform: databases.platform });
  ada = await seed.user({ ...FULL, username: 'Ada' });
  eve = await seed.user({ ...FULL, username: 'Eve' });
  adasOrder = await seed.order({ user: ada, orderNumber: 'A-1', userName: 'Ada', userEmail: 'ada@example.com' });
  evesOrder = await seed.order({ user: eve, orderNumber: 'E-1', userName: 'Eve', userEmail: 'eve@example.com' });
  adasPayment = await seed.transaction(adasOrder, { userId: databaseId(ada) });
  evesPayment = await seed.transaction(evesOrder, { userId: databaseId(eve) });
});
afterAll(() => apollo.stop());

function databaseId({ id }: Seeded) {
  return new databases.platform.mongo.connection.base.mongo.ObjectId(id);
}

const as =
  (actor: Actor) =>
  (query: string, variables: object = {}) =>
    answerOf<Record<string, unknown>, object>(apollo, createScope(databases.platform, { actor }), query, variables);
const asAda = (query: string, variables?: object) => as(identified(ada.id, []))(query, variables);
const asStaff = (query: string, variables?: object) => as(identified('clerk', ['staff']))(query, variables);

const codes = ({ errors }: Answer<unknown>) => errors.map(({ extensions }) => extensions?.['code']);

/** The value at a path of an answer. */
function at(data: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name], data);
}

// Said here once more, by hand: what is generated from the policy would agree with any policy.
const OF_ALL_USERS = new Set(['id', 'username']);

/** Every way that leads to a user, an order and a transaction, each with the place of the row in the answer. */
const WAYS = {
  users: {
    'user(id:)': [(user: string, fields: string) => `user(id: "${user}") { ${fields} }`, 'user'],
    users: [
      (user: string, fields: string) => `users(where: { id: { equals: "${user}" } }) { nodes { ${fields} } }`,
      'users.nodes.0',
    ],
    'edges of users': [
      (user: string, fields: string) => `users(where: { id: { equals: "${user}" } }) { edges { node { ${fields} } } }`,
      'users.edges.0.node',
    ],
  },
} as const;

const fieldsOf = (name: string) => Object.keys(SOURCES.find((source) => source.name === name)?.fields ?? {});

describe('every field of a user, on every way to it', () => {
  const ways = Object.entries(WAYS.users);
  const cases = ways.flatMap(([way, [query, place]]) =>
    fieldsOf('users').map((field) => ({ way, field, query, place })),
  );

  test.each(cases)('$field by $way', async ({ field, query, place }) => {
    const ask = (actor: Actor, user: Seeded) => as(actor)(`{ ${query(user.id, field)} }`);
    const others = await ask(identified(ada.id, []), eve);
    const ownUser = await ask(identified(ada.id.toUpperCase(), []), ada);
    const byStaff = await ask(identified('clerk', ['staff']), eve);
    const byAdmin = await ask(identified('boss', ['admin']), eve);
    for (const seen of [ownUser, byStaff, byAdmin]) {
      expect(seen.errors).toEqual([]);
      expect(at(seen.data, `${place}.${field}`)).not.toBeNull();
    }
    const value = at(others.data, `${place}.${field}`);
    if (OF_ALL_USERS.has(field)) {
      expect([value, others.errors]).toEqual([at(byStaff.data, `${place}.${field}`), []]);
    } else {
      expect([value, codes(others)]).toEqual([null, ['FORBIDDEN']]);
      expect(JSON.stringify(others)).not.toMatch(/x@example|LOC6/);
    }
  });

  test.each(['email', 'locCode', 'power', 'syncedAt', 'lagSeconds'])('%s of a synchronised user', async (field) => {
    const others = await asAda(`{ syncedUser(id: "${eve.id}") { username ${field} } }`);
    expect(others.data).toEqual({ syncedUser: { username: 'Eve', [field]: null } });
    expect(codes(others)).toEqual(['FORBIDDEN']);
    expect((await asAda(`{ syncedUser(id: "${ada.id}") { ${field} } }`)).errors).toEqual([]);
  });

  test('the user of an order and of a transaction, for who sees those by another right', async () => {
    const mixed = await seed.order({ user: eve });
    const paid = await seed.transaction(mixed, { userId: databaseId(ada) });
    const { data, errors } = await asAda(`{
      transaction(id: "${paid.id}") { user { email } order { id } }
      order(id: "${adasOrder.id}") { user { email } }
    }`);
    expect(errors).toEqual([]);
    expect(data).toEqual({
      transaction: { user: { email: FULL.email }, order: null },
      order: { user: { email: FULL.email } },
    });
  });
});

describe('a row that one may not see is not there', () => {
  const ORDER_WAYS: readonly [
    string,
    (order: Seeded, user: Seeded, payment: Seeded, number: string) => string,
    string,
  ][] = [
    ['order(id:)', ({ id }) => `order(id: "${id}") { id }`, 'order'],
    [
      'orderByNumber',
      (_order, _user, _payment, number) => `orderByNumber(orderNumber: "${number}") { id }`,
      'orderByNumber',
    ],
    ['orders', ({ id }) => `orders(where: { id: { equals: "${id}" } }) { nodes { id } }`, 'orders.nodes.0'],
    [
      'edges of orders',
      ({ id }) => `orders(where: { NOT: [{ id: { notIn: ["${id}"] } }] }) { edges { node { id } } }`,
      'orders.edges.0.node',
    ],
    ['User.orders', (_order, { id }) => `user(id: "${id}") { orders { nodes { id } } }`, 'user.orders.nodes.0'],
    [
      'users.orders',
      (_order, { id }) => `users(where: { id: { in: ["${id}"] } }) { nodes { orders(last: 1) { nodes { id } } } }`,
      'users.nodes.0.orders.nodes.0',
    ],
    ['transaction(id:)', (_order, _user, { id }) => `transaction(id: "${id}") { id }`, 'transaction'],
    ['Transaction.order', (_order, _user, { id }) => `transaction(id: "${id}") { order { id } }`, 'transaction.order'],
    [
      'transactions',
      (_order, _user, { id }) => `transactions(where: { id: { equals: "${id}" } }) { nodes { id } }`,
      'transactions.nodes.0',
    ],
    [
      'User.transactions',
      (_order, { id }) => `user(id: "${id}") { transactions { nodes { id } } }`,
      'user.transactions.nodes.0',
    ],
    [
      'Order.transactions',
      ({ id }) => `order(id: "${id}") { transactions { nodes { id } } }`,
      'order.transactions.nodes.0',
    ],
  ];

  test.each(ORDER_WAYS)('by %s', async (_, query, place) => {
    const [mine, others] = [query(adasOrder, ada, adasPayment, 'A-1'), query(evesOrder, eve, evesPayment, 'E-1')];
    const seen = await asAda(`{ ${mine} }`);
    expect([at(seen.data, place), seen.errors]).toEqual([{ id: expect.any(String) as string }, []]);
    const hidden = await asAda(`{ ${others} }`);
    expect([at(hidden.data, place) ?? null, hidden.errors]).toEqual([null, []]);
    const byStaff = await asStaff(`{ ${others} }`);
    expect([at(byStaff.data, place), byStaff.errors]).toEqual([{ id: expect.any(String) as string }, []]);
  });

  test('no count tells of it, whole or for each user', async () => {
    const COUNTS = `{ orders { totalCount } transactions { totalCount }
      users(where: { id: { equals: "EVE" } }) { nodes { orders { totalCount } transactions { totalCount } } } }`;
    const query = COUNTS.replace('EVE', eve.id);
    const { data } = await asAda(query);
    expect(data).toEqual({
      orders: { totalCount: 1 },
      transactions: { totalCount: await paymentsOf(ada) },
      users: { nodes: [{ orders: { totalCount: 0 }, transactions: { totalCount: 0 } }] },
    });
    const staffs = await asStaff(query);
    expect(Number(at(staffs.data, 'orders.totalCount'))).toBeGreaterThan(1);
    expect(at(staffs.data, 'users.nodes.0.orders.totalCount')).toBeGreaterThan(0);
  });

  test('its place is in no page either: a list ends where the own rows end', async () => {
    const { data } = await asAda(
      '{ orders(first: 1) { nodes { orderNumber } pageInfo { hasNextPage hasPreviousPage } } }',
    );
    expect(data).toEqual({
      orders: { nodes: [{ orderNumber: 'A-1' }], pageInfo: { hasNextPage: false, hasPreviousPage: false } },
    });
  });

  test('who is no user of MongoDB owns nothing', async () => {
    const { data, errors } = await as(identified('service-7', []))('{ orders { totalCount } users { totalCount } }');
    expect([data, errors]).toEqual([
      { orders: { totalCount: 0 }, users: { totalCount: expect.any(Number) as number } },
      [],
    ]);
  });

  test('the policy is in the statement: of orders that are not there none is read', async () => {
    const { statements } = await asAda('{ orders { nodes { id } } }');
    expect(statements).toHaveLength(1);
    expect(statements[0]?.text).toContain('"userId"');
  });
});

async function paymentsOf({ id }: Seeded): Promise<number> {
  const { data } = await asStaff(`{ user(id: "${id}") { transactions { totalCount } } }`);
  return Number(at(data, 'user.transactions.totalCount'));
}

describe('a field that is not read by all is no way to find out about it', () => {
  const hidden = fieldsOf('users').filter((field) => !OF_ALL_USERS.has(field));

  test.each(hidden)('nobody sorts users by %s who may not read it', async (field) => {
    const query = `{ users(orderBy: [{ username: asc }, { ${field}: desc }]) { nodes { id } } }`;
    const result = await asAda(query);
    const { statements } = result;
    expect([codes(result), statements]).toEqual([['FORBIDDEN'], []]);
    expect(result.errors[0]?.extensions?.['field']).toBe('orderBy');
    expect((await asStaff(query)).errors).toEqual([]);
  });

  test.each(hidden)('nor filters by %s, however deep it stands', async (field) => {
    const wheres = [`{ ${field}: { equals: null } }`, `{ OR: [{ NOT: [{ ${field}: { not: null } }] }] }`];
    for (const where of wheres) {
      for (const rows of ['nodes { id }', 'totalCount']) {
        const query = `{ users(where: ${where}) { ${rows} } }`;
        const result = await asAda(query);
        const { statements } = result;
        expect([codes(result), statements]).toEqual([['FORBIDDEN'], []]);
        expect((await asStaff(query)).errors).toEqual([]);
      }
    }
  });

  test('a cursor holds nothing of it: without an order of their own users come by id', async () => {
    const { data } = await asAda('{ users(first: 1) { edges { cursor node { id } } pageInfo { endCursor } } }');
    const cursor = String(at(data, 'users.edges.0.cursor'));
    const position = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    expect(position).toEqual(['users,desc id', expect.any(String)]);
    const next = await asAda(`{ users(first: 100, after: "${cursor}") { nodes { id } } }`);
    expect(next.errors).toEqual([]);
    // One of a list in another order, which somebody else was given, is none of this one's.
    const staffs = await asStaff('{ users(first: 1) { pageInfo { endCursor } } }');
    const foreign = await asAda(
      `{ users(after: "${String(at(staffs.data, 'users.pageInfo.endCursor'))}") { nodes { id } } }`,
    );
    expect(codes(foreign)).toEqual(['BAD_USER_INPUT']);
  });

  test('own orders are filtered and sorted by any of their fields, copies too', async () => {
    const { data, errors } = await asAda(
      '{ orders(where: { userEmail: { contains: "@" } }, orderBy: [{ userName: asc }]) { nodes { userEmail } } }',
    );
    expect([data, errors]).toEqual([{ orders: { nodes: [{ userEmail: 'ada@example.com' }] } }, []]);
  });
});

describe('what is written', () => {
  const CREATE = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { userId } } }';

  test('a user orders for itself, and for nobody else; staff for all', async () => {
    const input = (user: Seeded) => ({ input: { userId: user.id, total: '1.00' } });
    expect((await asAda(CREATE, input(ada))).data).toEqual({ createOrder: { order: { userId: ada.id } } });
    const result = await asAda(CREATE, input(eve));
    const { statements } = result;
    expect([codes(result), statements]).toEqual([['FORBIDDEN'], []]);
    expect((await asStaff(CREATE, input(eve))).errors).toEqual([]);
  });

  test('an order of another is not found, and stays', async () => {
    const update = await asAda(`mutation { updateOrder(id: "${evesOrder.id}", input: { total: 1 }) { order { id } } }`);
    const removal = await asAda(`mutation { deleteOrder(id: "${evesOrder.id}") { order { id } } }`);
    expect([codes(update), codes(removal)]).toEqual([['NOT_FOUND'], ['NOT_FOUND']]);
    const { data } = await asStaff(`{ order(id: "${evesOrder.id}") { total } }`);
    expect(data).toEqual({ order: { total: '10.00' } });
  });

  test('an own order is changed and deleted', async () => {
    const { id } = await seed.order({ user: ada });
    const update = await asAda(`mutation { updateOrder(id: "${id}", input: { total: 2 }) { order { total } } }`);
    expect(update.data).toEqual({ updateOrder: { order: { total: '2.00' } } });
    const removal = await asAda(`mutation { deleteOrder(id: "${id}") { order { id } } }`);
    expect(removal.data).toEqual({ deleteOrder: { order: { id } } });
  });

  test('users change themselves but for their power; staff creates, changes and deletes them', async () => {
    const rename = (id: string, input: string) =>
      `mutation { updateUser(id: "${id}", input: ${input}) { user { email } } }`;
    expect((await asAda(rename(ada.id, '{ locCode: "LOC7" }'))).errors).toEqual([]);
    expect(codes(await asAda(rename(ada.id, '{ power: 9000 }')))).toEqual(['FORBIDDEN']);
    expect(codes(await asAda(rename(eve.id, '{ locCode: "LOC7" }')))).toEqual(['FORBIDDEN']);
    expect(codes(await asAda('mutation { createUser(input: { username: "X" }) { user { id } } }'))).toEqual([
      'FORBIDDEN',
    ]);
    expect(codes(await asAda(`mutation { deleteUser(id: "${ada.id}") { user { id } } }`))).toEqual(['FORBIDDEN']);
    expect(codes(await asAda(`mutation { syncUser(id: "${ada.id}") { user { id } } }`))).toEqual(['FORBIDDEN']);
    const created = await asStaff('mutation { createUser(input: { username: "X", power: 3 }) { user { id power } } }');
    const id = String(at(created.data, 'createUser.user.id'));
    expect((await asStaff(`mutation { deleteUser(id: "${id}") { user { id } } }`)).errors).toEqual([]);
  });

  test('what looks after the data is for admins', async () => {
    const QUERY = '{ consistency { parkedJobs } }';
    const REPAIR = 'mutation { repair(input: {}) { isDry } }';
    const RUNS = '{ repairRuns { runId } }';
    const UNDO = `mutation { undoRepair(runId: "${randomUUID()}") { isDry } }`;
    for (const actor of [identified(ada.id, []), identified('clerk', ['staff']), ANYBODY]) {
      for (const operation of [QUERY, REPAIR, RUNS, UNDO]) {
        expect(codes(await as(actor)(operation))).toEqual(['FORBIDDEN']);
      }
    }
    const admin = as(identified('boss', ['admin']));
    const answers = [await admin(QUERY), await admin(REPAIR), await admin(RUNS)];
    expect(answers.map(({ errors }) => errors)).toEqual([[], [], []]);
    expect(codes(await admin(UNDO))).toEqual(['NOT_FOUND']);
  });

  test('an idempotency key is one of its actor', async () => {
    const input = (user: Seeded) => ({ input: { userId: user.id, total: '3.00', idempotencyKey: 'the same' } });
    const first = await asAda(CREATE, input(ada));
    const second = await as(identified(eve.id, []))(CREATE, input(eve));
    expect([at(first.data, 'createOrder.order.userId'), at(second.data, 'createOrder.order.userId')]).toEqual([
      ada.id,
      eve.id,
    ]);
  });
});

test('who has not said who it is gets nothing, by whatever way it came', async () => {
  const { data, errors } = await as(STRANGER)('{ users { totalCount } }');
  expect([data, errors.map(({ extensions }) => extensions?.['code'])]).toEqual([undefined, ['UNAUTHENTICATED']]);
  const scope = createScope(databases.platform, { actor: STRANGER });
  await expect(scope.users.byId(ada.id)).resolves.toBeNull();
  expect((await scope.ordering.getOrdersWithUsers()).orders).toEqual([]);
});
