import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import mongoose from 'mongoose';
import { expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { inMongo } from '../platform/embedded-support.js';
import { gql } from '../support/gql.js';
import { ProjectCopy } from '../support/project-copy.js';
import { ask, newestOrder } from './graph-client.js';
import { useShop } from './shop.js';

const run = promisify(execFile);
const { ObjectId } = mongoose.mongo.BSON;
const ADA = '0123456789abcdef01234567';
const TABLES = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`;

const shop = useShop();

test('npm start refuses an empty database of your own, says what it lacks, and changes nothing', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], { ...shop.settings, PORT: '0' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(
    /DATABASE_URL lacks orders, users, tables of its own \(tandem_\*\), the schema of its jobs \(graphile_worker\)\. Nothing was changed; "npm run migrate"/,
  );
  expect(await shop.sql(TABLES)).toEqual([]);
  expect(await shop.collections()).toEqual([]);
});

test('npm run migrate applies once what its dry run shows, and npm start then serves without inserting anything', async () => {
  const project = await ProjectCopy.make();
  const dryRun = project.npm(['run', 'migrate', '--', '--dry-run'], shop.settings);
  expect(await dryRun.ended()).toEqual({ code: 0, signal: null });
  expect(dryRun.stdout).toContain('CREATE TABLE IF NOT EXISTS "orders"');
  expect(dryRun.stdout).toContain('CREATE INDEX CONCURRENTLY "orders_createdAt_id_idx" ON "orders"');
  expect(dryRun.stdout).toContain('-- graphile_worker: the tables of graphile-worker');
  expect(dryRun.stdout).toContain('db.transactions.createIndex(');
  expect(dryRun.stdout).toContain('A dry run: nothing was changed.');
  expect(await shop.sql(TABLES)).toEqual([]);
  expect(await shop.collections()).toEqual([]);

  const migrate = project.npm(['run', 'migrate'], shop.settings);
  expect(await migrate.ended()).toEqual({ code: 0, signal: null });
  expect(migrate.stdout).toContain('✔ Apply migrations');
  expect(await shop.sql(TABLES)).toContainEqual({ table_name: 'orders' });
  const again = project.npm(['run', 'migrate'], shop.settings);
  expect(await again.ended()).toEqual({ code: 0, signal: null });
  expect(again.stdout).toMatch(/^PostgreSQL .*: nothing to apply$/m);

  const port = String(await freePort());
  const start = await project.start({ ...shop.settings, PORT: port });
  expect(start.stdout).toContain('Its answer has 0 orders.');
  expect(await newestOrder(port)).toEqual({ count: 0, orderNumber: undefined });
  start.signal('SIGTERM');
  expect(await start.ended()).toEqual({ code: 0, signal: null });
  expect(await shop.sql('SELECT * FROM orders')).toEqual([]);
  expect(await inMongo(shop.settings.MONGODB_URI, (db) => db.collection('users').countDocuments())).toBe(0);
});

test('npm run migrate adopts an orders table that is there and keeps every row', async () => {
  await shop.sql(
    `CREATE TABLE orders (
       id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "userId" text NOT NULL, "orderNumber" text NOT NULL UNIQUE,
       total numeric(10, 2) NOT NULL, "createdAt" timestamptz(6) NOT NULL DEFAULT now(),
       "updatedAt" timestamptz(6) NOT NULL DEFAULT now());
     INSERT INTO orders ("userId", "orderNumber", total, "createdAt")
       SELECT '${ADA}', 'OLD-' || n, n, now() - n * interval '1 hour' FROM generate_series(1, 30) n`,
  );
  const before = await shop.sql('SELECT id, "orderNumber", total FROM orders ORDER BY id');
  expect(before).toHaveLength(30);
  await inMongo(shop.settings.MONGODB_URI, (db) =>
    db.collection('users').insertOne({ _id: new ObjectId(ADA), username: 'Ada', email: 'ada@example.com' }),
  );
  const project = await ProjectCopy.make();
  const refused = project.npm(['start'], { ...shop.settings, PORT: '0' });
  expect(await refused.ended()).toEqual({ code: 1, signal: null });
  expect(refused.complaints).toContain('lacks orders.userName, orders.userEmail, orders.transactionState, ');

  const migrate = project.npm(['run', 'migrate'], shop.settings);
  expect(await migrate.ended()).toEqual({ code: 0, signal: null });
  expect(await shop.sql('SELECT id, "orderNumber", total FROM orders ORDER BY id')).toEqual(before);

  const port = String(await freePort());
  const start = await project.start({ ...shop.settings, PORT: port });
  expect(start.stdout).toContain('Its answer has 30 orders.');
  expect(start.output).not.toMatch(/OLD-1|ada@example/);
  const query = gql(`query OldOrders { orders(first: 1) { totalCount nodes { orderNumber user { username } } } }`);
  expect(await ask(port, query)).toEqual({
    orders: { totalCount: 30, nodes: [{ orderNumber: 'OLD-1', user: { username: 'Ada' } }] },
  });
});

test("the README's script without GraphQL runs as it stands there", async () => {
  const project = await ProjectCopy.make();
  expect(await project.npm(['run', 'migrate'], shop.settings).ended()).toEqual({ code: 0, signal: null });
  await inMongo(shop.settings.MONGODB_URI, (db) =>
    db.collection('users').insertOne({ _id: new ObjectId('000000000000000000000001'), username: 'Ada' }),
  );
  const [, script = ''] = /```js\n(.*?)```/s.exec(await readFile(project.path('README.md'), 'utf8')) ?? [];
  await writeFile(project.path('script.mjs'), script);
  const { stdout } = await run(process.execPath, ['script.mjs'], { cwd: project.folder, env: { ...shop.settings } });
  expect(stdout).toMatch(/kind: 'found'/);
  expect(stdout).toMatch(/userName: 'Ada'/);
  expect(await shop.sql('SELECT total FROM orders')).toEqual([{ total: '12.50' }]);
});

test('a wrong password for a database of your own is said as what it is', async () => {
  const project = await ProjectCopy.make();
  const address = Object.assign(new URL(shop.settings.DATABASE_URL), { password: 'hunter2' }).href;
  const start = project.npm(['start'], { ...shop.settings, DATABASE_URL: address, PORT: '0' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(/of DATABASE_URL .*: password authentication failed for user "tandem"\. Start it/);
  expect(start.output).not.toContain('hunter2');
});

test('npm start as a user who may only read serves the graph, without a worker', async () => {
  const project = await ProjectCopy.make();
  expect(await project.npm(['run', 'migrate'], shop.settings).ended()).toEqual({ code: 0, signal: null });
  const role = `reader_${new URL(shop.settings.DATABASE_URL).pathname.slice(1)}`;
  await shop.sql(
    `CREATE ROLE ${role} LOGIN PASSWORD 'reader'`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
  );
  const DATABASE_URL = Object.assign(new URL(shop.settings.DATABASE_URL), { username: role, password: 'reader' }).href;
  const port = String(await freePort());
  const start = await project.start({ ...shop.settings, DATABASE_URL, PORT: port });
  expect(await newestOrder(port)).toEqual({ count: 0, orderNumber: undefined });
  start.signal('SIGTERM');
  expect(await start.ended()).toEqual({ code: 0, signal: null });
  expect(start.complaints).toBe('');
  const worker = project.npm(['run', 'worker'], { ...shop.settings, DATABASE_URL });
  expect(await worker.ended()).toEqual({ code: 1, signal: null });
  expect(worker.complaints).toContain('A worker writes, and nothing can be written to the PostgreSQL of DATABASE_URL');
});
