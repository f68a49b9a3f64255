import mongoose from 'mongoose';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { inMongo } from '../platform/embedded-support.js';
import { ProjectCopy } from '../support/project-copy.js';
import { ask } from './graph-client.js';
import { useShop } from './shop.js';

const shop = useShop();
const { ObjectId } = mongoose.mongo.BSON;
const ADA = '0123456789abcdef01234567';

/** As Sequelize makes it: no defaults, no unique number, lengths everywhere, columns of the shop's own. */
const TABLE = `
  CREATE TABLE orders (id uuid PRIMARY KEY, "userId" varchar(255) NOT NULL, "orderNumber" varchar(255) NOT NULL,
    total numeric(10,2) NOT NULL, status varchar(20) NOT NULL DEFAULT 'new', "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL)`;
const ROWS = `
  INSERT INTO orders SELECT gen_random_uuid(), CASE n % 3 WHEN 0 THEN upper('${ADA}') WHEN 1 THEN '${ADA}' ELSE 'nobody' END,
    'OLD-' || n, n, 'paid', now() - n * interval '1 minute', now() FROM generate_series(1, 300) n`;
const HASH = `SELECT md5(string_agg(concat_ws('|', id, "userId", "orderNumber", total, status, "createdAt", "updatedAt"), ',' ORDER BY id)) FROM orders`;

async function migrate(project: ProjectCopy, ...options: string[]) {
  const words = options.length === 0 ? [] : ['--', ...options];
  const command = project.npm(['run', 'migrate', ...words], shop.settings);
  return { command, end: await command.ended() };
}

test('a table that another ORM made is adopted with every row, and served with the users of its orders in any case', async () => {
  await shop.sql(TABLE, ROWS);
  await inMongo(shop.settings.MONGODB_URI, (db) =>
    db.collection<{ _id: unknown; username?: string; dirt?: boolean }>('users').insertMany([
      { _id: new ObjectId(ADA), username: 'Ada' },
      { _id: 7, dirt: true },
    ]),
  );
  const [before, catalogue] = [await shop.sql(HASH), await shop.catalogue()];
  const project = await ProjectCopy.make();

  const dry = await migrate(project, '--dry-run');
  expect(dry.end).toEqual({ code: 0, signal: null });
  for (const sql of [
    `FOR missing IN`,
    'CREATE UNIQUE INDEX CONCURRENTLY "orders_orderNumber_key" ON "orders" ("orderNumber");',
    'CREATE INDEX CONCURRENTLY "orders_lower_userId_createdAt_id_idx"',
  ])
    expect(dry.command.stdout).toContain(sql);
  expect(await shop.catalogue()).toEqual(catalogue);

  const real = await migrate(project);
  expect(real.end).toEqual({ code: 0, signal: null });
  expect(await shop.sql(HASH)).toEqual(before);
  expect((await migrate(project)).command.stdout).toMatch(/^PostgreSQL .*: nothing to apply$/m);

  const port = String(await freePort());
  const start = await project.start({ ...shop.settings, PORT: port });
  expect(start.complaints).toBe('');
  const { orders } = await ask<{ orders: { totalCount: number; nodes: { user: { username: string } | null }[] } }>(
    port,
    '{ orders(first: 100) { totalCount nodes { user { username } } } }',
  );
  expect(orders.totalCount).toBe(300);
  expect(orders.nodes.filter(({ user }) => user?.username === 'Ada')).toHaveLength(67);
});

describe.each([
  [
    'named by another convention',
    `CREATE TABLE orders (id uuid PRIMARY KEY, user_id text, total numeric(10,2))`,
    /has no column "userId", but has "user_id"\.\n +ALTER TABLE "orders" RENAME "user_id" TO "userId"/,
  ],
  [
    'with ids in texts',
    TABLE.replace('id uuid', 'id varchar(36)'),
    /orders\.id is character varying\(36\), and the graph reads uuid\.\n +ALTER TABLE "orders" ALTER "id" TYPE uuid/,
  ],
  [
    'with two rows of one number',
    `${TABLE}; ${ROWS}; UPDATE orders SET "orderNumber" = 'same' WHERE total < 3`,
    /rows of orders share 1 value of "orderNumber": "same"/,
  ],
])('a table %s', (_, statements, reason) => {
  test('is refused by migrate, by its dry run and by start, with the remedy, before anything is changed', async () => {
    await shop.sql(statements);
    const catalogue = await shop.catalogue();
    const project = await ProjectCopy.make();
    for (const options of [['--dry-run'], []]) {
      const { command, end } = await migrate(project, ...options);
      expect(end).toEqual({ code: 1, signal: null });
      expect(command.complaints).toMatch(reason);
      expect(command.complaints).toContain('Nothing was changed.');
      expect(command.output).not.toMatch(/^\s+at |wasm|\.rs:/m);
    }
    const start = project.npm(['start'], { ...shop.settings, PORT: '0' });
    expect(await start.ended()).toEqual({ code: 1, signal: null });
    expect(start.complaints).toMatch(reason);
    expect(await shop.catalogue()).toEqual(catalogue);
    expect(await shop.collections()).toEqual([]);
  });
});

test('tables in a schema of their own are migrated and served there with ?schema=', async () => {
  await shop.sql(
    'CREATE SCHEMA sales',
    TABLE.replace('orders', 'sales.orders'),
    ROWS.replace('orders', 'sales.orders'),
  );
  const { DATABASE_URL, MONGODB_URI } = shop.settings;
  const settings = { DATABASE_URL: `${DATABASE_URL}?schema=sales`, MONGODB_URI };
  const project = await ProjectCopy.make();
  expect(await project.npm(['run', 'migrate'], settings).ended()).toEqual({ code: 0, signal: null });
  const tables = `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname !~ '^pg_|^info' ORDER BY 1`;
  const names = (await shop.sql(tables)).map(({ name }) => String(name));
  expect(names.filter((name) => !/^(graphile_worker_sales\.|sales\.tandem_)/.test(name))).toEqual([
    'sales._prisma_migrations',
    'sales.orders',
    'sales.users',
  ]);
  const start = await project.start({ ...settings, PORT: '0' });
  expect(start.stdout).toContain('Its answer has 50 orders.');
});

test('an address of MongoDB without a database is not guessed at: the one that has users is named', async () => {
  await inMongo(shop.settings.MONGODB_URI, (db) => db.collection('users').insertOne({ username: 'Ada' }));
  const name = new URL(shop.settings.MONGODB_URI).pathname.slice(1);
  const nameless = Object.assign(new URL(shop.settings.MONGODB_URI), { pathname: '' }).href;
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], { ...shop.settings, MONGODB_URI: nameless, PORT: '0' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(/MONGODB_URI names no database, so the driver takes "test", which has no users/);
  expect(start.complaints).toContain(`/${name}?`);
});

test('MONGODB_COLLECTIONS that names what is no collection here is refused by name', async () => {
  const project = await ProjectCopy.make();
  const settings = { ...shop.settings, MONGODB_COLLECTIONS: 'customers=people', PORT: '0' };
  const start = project.npm(['start'], settings);
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(/names "customers", .*those that are: users, transactions/);
});

test('an option that npm keeps to itself, --dry-run without the two dashes, changes nothing all the same', async () => {
  await shop.sql(TABLE, ROWS);
  const catalogue = await shop.catalogue();
  const project = await ProjectCopy.make();
  const dry = project.npm(['run', 'migrate', '--dry-run'], shop.settings);
  expect(await dry.ended()).toEqual({ code: 0, signal: null });
  expect(dry.stdout).toMatch(/orders is there and keeps its rows; it gets userName, userEmail/);
  expect(dry.stdout).toContain('A dry run: nothing was changed.');
  expect(await shop.catalogue()).toEqual(catalogue);
});
