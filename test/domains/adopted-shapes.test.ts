import { readFile } from 'node:fs/promises';
import type { ResultOf, VariablesOf } from '@graphql-typed-document-node/core';
import { afterEach, describe, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { RELATIONS, SOURCES } from '../../src/domains/catalogue.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { missingIndexes, neededIndexes } from '../../src/platform/postgres/indexes.js';
import { applyMigrations } from '../../src/platform/postgres/migrations.js';
import { examineTables } from '../../src/platform/postgres/table-fitness.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph, type Answer } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

// Tables and collections in the shape of other people's projects, read and written through the graph.
const databases = useDatabases();
let platform: Platform | undefined;
const opened = {
  get platform() {
    if (platform === undefined) throw new Error('each test opens it');
    return platform;
  },
};
const execute = useGraph(opened);
const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);

async function open(collections: Record<string, string> = {}, { databaseUrl, mongodbUri } = databases): Promise<Seed> {
  platform = await openPlatform({ databaseUrl, mongodbUri, logger: createLogger('silent'), collections });
  return new Seed(opened);
}

afterEach(async () => {
  await platform?.[Symbol.asyncDispose]();
});

const EDGES = gql(`query TwoEdges($after: String, $orderBy: [OrderOrderBy!]) {
  orders(first: 2, after: $after, orderBy: $orderBy) { edges { cursor node { id } } }
}`);
const UPDATED_AT = gql(`query UpdatedAtOfOrder($id: ID!) { order(id: $id) { updatedAt } }`);
const CREATE = gql(`mutation CreateOrderWithCopies($input: CreateOrderInput!) {
  createOrder(input: $input) { order { id createdAt updatedAt userName user { username } } }
}`);
const UPDATE = gql(`mutation UpdateTimedOrder($id: ID!, $input: UpdateOrderInput!) {
  updateOrder(id: $id, input: $input) { order { updatedAt } }
}`);

type OrderBy = VariablesOf<typeof EDGES>['orderBy'];

/** Ids of all orders, walked in pages of two. */
async function walk(orderBy: OrderBy): Promise<string[]> {
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const answer: Answer<ResultOf<typeof EDGES>> = await execute(EDGES, { after, orderBy });
    const edges = answer.data.orders?.edges ?? [];
    seen.push(...edges.map(({ node }) => node?.id ?? ''));
    after = edges.at(-1)?.cursor ?? null;
  } while (after !== null && seen.length < 50);
  return seen;
}

describe('a table whose columns may be empty, though the graph promises a value', () => {
  test.each([{ createdAt: 'asc' }, { createdAt: 'desc' }, { total: 'asc' }, { total: 'desc' }] as const)(
    'loses and doubles no row sorted by %j, forward and backward',
    async (orderBy) => {
      await run('TRUNCATE orders', 'ALTER TABLE orders ALTER "createdAt" DROP NOT NULL, ALTER total DROP NOT NULL');
      const seed = await open();
      const made = [];
      for (const at of ['2024-01-01T00:00:00Z', null, '2024-01-02T00:00:00Z', null, '2024-01-03T00:00:00Z'])
        made.push(await seed.order({ createdAt: at, total: at === null ? null : '1.00' }));
      const ids = await run('SELECT id FROM orders');
      // What cannot be shown is null in its place; what can, has its id, since only that is asked for.
      const seen = await walk(orderBy);
      expect(seen.toSorted()).toEqual(ids.map(({ id }) => id).toSorted());
      const backward = await execute(
        gql(`query LastFive($orderBy: [OrderOrderBy!]) { orders(last: 5, orderBy: $orderBy) { nodes { id } } }`),
        { orderBy },
      );
      expect(backward.data.orders?.nodes.map((node) => node?.id)).toEqual(seen);
      await run('TRUNCATE orders', 'ALTER TABLE orders ALTER "createdAt" SET NOT NULL, ALTER total SET NOT NULL');
    },
  );
});

describe('a table whose times have no zone', () => {
  test('is read, paged, filtered, written and guarded by the times that it stores', async () => {
    await run(
      'TRUNCATE orders',
      `ALTER TABLE orders ALTER "createdAt" TYPE timestamp(3) USING "createdAt" AT TIME ZONE 'UTC',
       ALTER "updatedAt" TYPE timestamp(3) USING "updatedAt" AT TIME ZONE 'UTC'`,
    );
    const seed = await open();
    const ada = await seed.user();
    for (let at = 0; at < 5; at += 1) await seed.order({ createdAt: `2024-01-0${at + 1} 10:00:00` });
    expect(new Set(await walk({ createdAt: 'asc' })).size).toBe(5);
    const filtered = await execute(
      gql(
        `query LaterOrders { orders(where: { createdAt: { gte: "2024-01-05T10:00:00Z" } }) { nodes { createdAt } } }`,
      ),
    );
    expect(filtered.data).toEqual({ orders: { nodes: [{ createdAt: '2024-01-05T10:00:00.000Z' }] } });

    const before = Date.now();
    const created = await execute(CREATE, { input: { userId: ada.id, total: '1' } });
    const { id, createdAt, updatedAt } = created.data.createOrder.order;
    expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(createdAt)).toBeLessThanOrEqual(Date.now());
    const update = (expectedUpdatedAt: string) => execute(UPDATE, { id, input: { total: '2', expectedUpdatedAt } });
    const updated = await update(updatedAt);
    expect(updated.errors).toEqual([]);
    expect((await update(updatedAt)).errors).toMatchObject([{ extensions: { code: 'CONFLICT' } }]);
    const now = (await execute(UPDATED_AT, { id })).data;
    expect(now).toEqual({ order: updated.data.updateOrder.order });
    await run(
      'TRUNCATE orders',
      'ALTER TABLE orders ALTER "createdAt" TYPE timestamptz(6), ALTER "updatedAt" TYPE timestamptz(6)',
    );
  });
});

/** The statements that docs/own-databases.md has for a table of another shape. */
async function documentedView(): Promise<string[]> {
  const page = await readFile(new URL('../../docs/own-databases.md', import.meta.url), 'utf8');
  const [, block = ''] = /^```sql view\n(.*?)^```$/ms.exec(page) ?? [];
  return block.split(/;\n/).filter((statement) => statement.trim() !== '');
}

describe('a table of another shape behind a view', () => {
  test('is read, paged and written through the view that the documentation has for it, once it is migrated', async () => {
    await run(
      `CREATE TABLE purchases (id uuid PRIMARY KEY, user_id varchar(24) NOT NULL, number text NOT NULL UNIQUE,
       total numeric(10,2) NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
       user_name text, user_email text)`,
      ...(await documentedView()),
    );
    const url = `${databases.databaseUrl}?schema=graph`;
    await applyMigrations(url);
    const seed = await open({}, { ...databases, databaseUrl: url });
    expect(await examineTables(opened.platform.postgres, SOURCES)).toMatchObject([{ severity: 'warning' }]);
    const missing = await missingIndexes(opened.platform.postgres, neededIndexes(SOURCES, RELATIONS));
    expect(missing.filter(({ table }) => table === 'orders')).toEqual([]);
    const ada = await seed.user({ username: 'Ada' });
    for (let at = 0; at < 5; at += 1) await seed.order({ user: ada, createdAt: `2024-01-0${at + 1} 10:00:00+00` });
    expect(new Set(await walk({ createdAt: 'asc' })).size).toBe(5);
    const created = await execute(CREATE, { input: { userId: ada.id, total: '12.50', orderNumber: 'N-1' } });
    expect(created.errors).toEqual([]);
    expect(created.data.createOrder.order).toMatchObject({ userName: 'Ada', user: { username: 'Ada' } });
    const { id } = created.data.createOrder.order;
    const again = await execute(CREATE, { input: { userId: ada.id, total: '1', orderNumber: 'N-1' } });
    expect(again.errors).toMatchObject([{ extensions: { code: 'ORDER_NUMBER_TAKEN' } }]);
    await execute(UPDATE, { id, input: { total: '2' } });
    expect(await run(`SELECT total, user_id FROM purchases WHERE id = '${id}'`)).toEqual([
      { total: '2.00', user_id: ada.id },
    ]);
    const deleted = await execute(
      gql(`mutation DeleteOrderOfTotal($id: ID!) { deleteOrder(id: $id) { order { total } } }`),
      { id },
    );
    expect(deleted.data).toEqual({ deleteOrder: { order: { total: '2.00' } } });
  });

  test('that takes no writes refuses them by a code, and is read', async () => {
    await run(
      'ALTER TABLE orders RENAME TO orders_of_ours',
      'CREATE VIEW orders AS SELECT DISTINCT * FROM orders_of_ours',
    );
    await (await open()).user();
    expect((await execute(gql(`query IdsOfOrders { orders { nodes { id } } }`))).errors).toEqual([]);
    const ada = await new Seed(opened).user();
    const refused = await execute(CREATE, { input: { userId: ada.id, total: '1' } });
    expect(refused.errors).toMatchObject([{ extensions: { code: 'WRITE_REFUSED' } }]);
    await run('DROP VIEW orders', 'ALTER TABLE orders_of_ours RENAME TO orders');
  });
});

describe('collections that are called otherwise', () => {
  test('are read, joined and written under their own names', async () => {
    await run('TRUNCATE orders');
    const seed = await open({ users: 'app.people', transactions: 'payments' });
    const { mongo } = opened.platform;
    const created = await execute(gql(`mutation CreateAda { createUser(input: { username: "Ada" }) { user { id } } }`));
    const { user } = created.data.createUser;
    await execute(gql(`mutation SetPower($id: ID!) { updateUser(id: $id, input: { power: 7 }) { user { id } } }`), {
      id: user.id,
    });
    const order = await seed.order({ user });
    await seed.document('payments', { orderId: order.id, userId: seed.objectId(user), amount: 3 });
    const { data, errors } = await execute(
      gql(`query UsersOfOtherCollections {
        users {
          totalCount
          nodes {
            power
            orders { nodes { user { username } transactions(first: 1) { totalCount nodes { amount } } } }
          }
        }
      }`),
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      users: {
        totalCount: 1,
        nodes: [
          {
            power: 7,
            orders: {
              nodes: [{ user: { username: 'Ada' }, transactions: { totalCount: 1, nodes: [{ amount: '3.00' }] } }],
            },
          },
        ],
      },
    });
    const names = await mongo.run(async (db) => (await db.listCollections().toArray()).map(({ name }) => name));
    expect(names.filter((name) => ['app.people', 'payments'].includes(name)).toSorted()).toEqual([
      'app.people',
      'payments',
    ]);
    const deleted = await execute(
      gql(`mutation DeleteUserOnce($id: ID!) { deleteUser(id: $id, orders: KEEP) { user { username } } }`),
      { id: user.id },
    );
    expect(deleted.data).toEqual({ deleteUser: { user: { username: 'Ada' } } });
  });
});
