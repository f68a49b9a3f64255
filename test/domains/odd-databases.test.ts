import pg from 'pg';
import type { ResultOf } from '@graphql-typed-document-node/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { applyMigrations } from '../../src/platform/postgres/migrations.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph, type Answer } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

// People's servers have settings of their own; each of these has moved or lost a time or a row.
const databases = useDatabases();
const name = () => new URL(databases.databaseUrl).pathname.slice(1);

let platform: Platform;
const odd = {
  get platform() {
    return platform;
  },
};
const execute = useGraph(odd);
const seed = new Seed(odd);

async function reopen(databaseUrl: string): Promise<void> {
  const { mongodbUri } = databases;
  platform = await openPlatform({ databaseUrl, mongodbUri, logger: createLogger('silent'), applicationName: name() });
}

const CREATE = gql(`mutation CreateCheapOrder($userId: ID!) {
  createOrder(input: { userId: $userId, total: 1 }) { order { id createdAt updatedAt } }
}`);
const PAGE = gql(`query OneOrder($after: String) {
  orders(first: 1, after: $after) { nodes { id } pageInfo { endCursor } }
}`);

describe('a server in another time zone that writes dates in German', () => {
  beforeAll(async () => {
    await sql(
      databases.databaseUrl,
      `ALTER DATABASE ${name()} SET timezone = 'Asia/Kolkata'`,
      `ALTER DATABASE ${name()} SET datestyle = 'German'`,
    );
    await reopen(databases.databaseUrl);
  });
  afterAll(async () => platform[Symbol.asyncDispose]());

  test('serves the times that it stores', async () => {
    const order = await seed.order({ createdAt: '2024-01-01T00:00:00Z' });
    const answer = await execute(gql(`query TimeOfOrder($id: ID!) { order(id: $id) { createdAt } }`), { id: order.id });
    expect(answer.data).toEqual({ order: { createdAt: '2024-01-01T00:00:00.000Z' } });
  });

  test('stores the time at which an order is created', async () => {
    const ada = await seed.user();
    const before = Date.now();
    const answer = await execute(CREATE, { userId: ada.id });
    const { id, createdAt } = answer.data.createOrder.order;
    const rows = await sql(
      databases.databaseUrl,
      `SELECT (extract(epoch FROM "createdAt") * 1000)::bigint AS at FROM orders WHERE id = '${id}'`,
    );
    expect(Number(rows[0]?.['at'])).toBe(Date.parse(createdAt));
    expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(createdAt)).toBeLessThanOrEqual(Date.now());
  });

  test('pages on from where it was', async () => {
    const page = async (after: string | null | undefined) => (await execute(PAGE, { after })).data.orders;
    const first = await page(null);
    const second = await page(first?.pageInfo.endCursor);
    expect(first?.nodes).toHaveLength(1);
    expect(second?.nodes).toHaveLength(1);
    expect(second?.nodes[0]?.id).not.toBe(first?.nodes[0]?.id);
  });
});

describe('tables in a schema of their own', () => {
  beforeAll(async () => {
    await sql(
      databases.databaseUrl,
      'CREATE SCHEMA shop',
      'CREATE TABLE shop.orders (LIKE public.orders INCLUDING ALL)',
    );
    await applyMigrations(`${databases.databaseUrl}?schema=shop`);
    await reopen(`${databases.databaseUrl}?schema=shop`);
  });
  afterAll(async () => platform[Symbol.asyncDispose]());

  test('are written to where they are read from', async () => {
    const ada = await seed.user();
    const answer = await execute(CREATE, { userId: ada.id });
    const { id } = answer.data.createOrder.order;
    expect(await sql(databases.databaseUrl, 'SELECT id FROM shop.orders')).toEqual([{ id }]);
    expect((await execute(gql(`query OrderIdsOnly { orders { nodes { id } } }`))).data).toEqual({
      orders: { nodes: [{ id }] },
    });
  });
});

describe('an adopted table whose times may be anything', () => {
  beforeAll(async () => {
    await sql(databases.databaseUrl, 'DELETE FROM orders', 'ALTER TABLE orders ALTER "createdAt" DROP NOT NULL');
    await reopen(databases.databaseUrl);
  });
  afterAll(async () => platform[Symbol.asyncDispose]());

  test('pages lose and double nothing, whatever is stored', async () => {
    const times = [
      'infinity',
      '-infinity',
      '0044-03-15 12:00:00+00 BC',
      '12026-01-01T00:00:00Z',
      null,
      null,
      '2024-02-29T00:00:00Z',
    ];
    for (const createdAt of times) await seed.order({ createdAt });
    const seen: (string | undefined)[] = [];
    let after: string | null | undefined = null;
    for (let page = 0; page < times.length + 1; page += 1) {
      const answer: Answer<ResultOf<typeof PAGE>> = await execute(PAGE, { after });
      expect(answer.errors).toEqual([]);
      seen.push(...(answer.data.orders?.nodes ?? []).map((node) => node?.id));
      after = answer.data.orders?.pageInfo.endCursor;
      if (after === null) break;
    }
    expect(seen).toHaveLength(times.length);
    expect(new Set(seen).size).toBe(times.length);
  });

  test('a row that cannot be shown costs itself, not the list', async () => {
    const answer = await execute(gql(`query TimesOfOrders { orders { nodes { createdAt } } }`));
    expect(answer.data.orders?.nodes.filter((node) => node !== null)).toContainEqual({
      createdAt: '2024-02-29T00:00:00.000Z',
    });
    expect(answer.errors).toHaveLength(6);
    for (const { extensions, message } of answer.errors) {
      expect(extensions).toEqual({ code: 'VALUE_UNREADABLE' });
      expect(message).toMatch(/^Order\.createdAt: /);
    }
  });
});

describe('an adopted table with rules of its own', () => {
  beforeAll(async () => {
    await sql(
      databases.databaseUrl,
      'DELETE FROM orders',
      'ALTER TABLE orders ALTER "userName" TYPE varchar(5), ADD CONSTRAINT cheap CHECK (total < 1000)',
      'CREATE UNIQUE INDEX one_total ON orders (total)',
    );
    await reopen(databases.databaseUrl);
  });
  afterAll(async () => platform[Symbol.asyncDispose]());

  test('what they refuse is WRITE_REFUSED, says nothing of them, and writes nothing', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const long = await seed.user({ username: 'Augusta Ada King' });
    const order = await seed.order({ user: ada });
    await seed.order({ user: ada, total: '20.00' });
    const create = gql(
      `mutation CreateOrderOf($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }`,
    );
    const update = gql(`mutation ChangeOrder($id: ID!, $input: UpdateOrderInput!) {
      updateOrder(id: $id, input: $input) { order { id } }
    }`);
    const refused = await Promise.all([
      execute(create, { input: { userId: ada.id, total: '20' } }),
      execute(update, { id: order.id, input: { total: '20', orderNumber: 'free' } }),
      execute(create, { input: { userId: ada.id, total: '1000' } }),
      execute(create, { input: { userId: long.id, total: '1' } }),
      execute(update, { id: order.id, input: { total: '1000' } }),
    ]);
    for (const { errors } of refused) {
      expect(errors).toMatchObject([{ extensions: { code: 'WRITE_REFUSED' } }]);
      expect(errors[0]?.message).not.toMatch(/cheap|varchar|violates|one_total/);
    }
    expect((await execute(gql(`query TotalsOfOrders { orders { nodes { total } } }`))).data).toEqual({
      orders: { nodes: [{ total: '20.00' }, { total: '10.00' }] },
    });
  });
});

describe('an adopted table with triggers and columns of its own', () => {
  const BEFORE = (body: string) => [
    `CREATE OR REPLACE FUNCTION ours() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`,
    'CREATE TRIGGER ours BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION ours()',
  ];
  beforeAll(async () => {
    await sql(databases.databaseUrl, 'DROP INDEX one_total', 'DELETE FROM orders');
    await reopen(databases.databaseUrl);
  });
  afterAll(async () => platform[Symbol.asyncDispose]());

  test.each([
    ['a trigger with a code of its own', BEFORE(`RAISE EXCEPTION 'no' USING ERRCODE = 'UE001';`)],
    ['a trigger that keeps the row out without a word', BEFORE('RETURN NULL;')],
    [
      'a column that is computed',
      [`ALTER TABLE orders DROP "userEmail", ADD "userEmail" text GENERATED ALWAYS AS ('x') STORED`],
    ],
  ])('%s makes a new order WRITE_REFUSED', async (_, statements) => {
    const ada = await seed.user({ username: 'Ada' });
    await sql(databases.databaseUrl, ...statements);
    const refused = await execute(CREATE, { userId: ada.id });
    expect(refused.errors).toMatchObject([{ extensions: { code: 'WRITE_REFUSED' } }]);
    await sql(databases.databaseUrl, 'DROP TRIGGER IF EXISTS ours ON orders');
    expect((await execute.text('{ orders { nodes { id } } }')).data).toEqual({ orders: { nodes: [] } });
  });
});

describe('a lock that is held for longer than the role waits', () => {
  test('makes a write POSTGRES_UNAVAILABLE: nothing was written, and later it is', async () => {
    await sql(databases.databaseUrl, 'ALTER TABLE orders DROP "userEmail", ADD "userEmail" text');
    const url = new URL(databases.databaseUrl);
    url.searchParams.set('options', '-c lock_timeout=200');
    await reopen(url.href);
    const ada = await seed.user({ username: 'Ada' });
    const locked = new pg.Client({ connectionString: databases.databaseUrl });
    await locked.connect();
    await locked.query('BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE');
    const refused = await execute(CREATE, { userId: ada.id });
    await locked.end();
    expect(refused.errors).toMatchObject([{ extensions: { code: 'POSTGRES_UNAVAILABLE' } }]);
    expect((await execute(CREATE, { userId: ada.id })).errors).toEqual([]);
    await platform[Symbol.asyncDispose]();
  });
});
