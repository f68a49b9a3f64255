import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import mongoose from 'mongoose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { inMongo } from '../platform/embedded-support.js';
import { sql as query } from '../support/rows.js';
import { ProjectCopy } from '../support/project-copy.js';
import { startServers, type Servers } from '../support/servers.js';
import { ask, newestOrder } from './graph-client.js';

const run = promisify(execFile);
const { ObjectId } = mongoose.mongo.BSON;
const ADA = '0123456789abcdef01234567';
const TABLES = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`;

let somebodys: Servers;
let shops = 0;
/** Where a shop's databases are: settings for the commands. */
let shop: { DATABASE_URL: string; MONGODB_URI: string };

beforeAll(async () => {
  somebodys = await startServers();
});

afterAll(() => somebodys.stop());

beforeEach(async () => {
  shops += 1;
  const name = `shop_${shops}`;
  const { postgresUrl, mongoUrl } = somebodys;
  await query(postgresUrl, `CREATE DATABASE ${name}`);
  shop = {
    DATABASE_URL: Object.assign(new URL(postgresUrl), { pathname: name }).href,
    MONGODB_URI: Object.assign(new URL(mongoUrl), { pathname: name }).href,
  };
});

test('npm start refuses an empty database of your own, says what it lacks, and changes nothing', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], { ...shop, PORT: '0' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(/database of DATABASE_URL lacks orders\. Nothing was changed; "npm run migrate"/);
  expect(await query(shop.DATABASE_URL, TABLES)).toEqual([]);
  expect(await collections()).toEqual([]);
});

test('npm run migrate applies once what its dry run shows, and npm start then serves without inserting anything', async () => {
  const project = await ProjectCopy.make();
  const dryRun = project.npm(['run', 'migrate', '--', '--dry-run'], shop);
  expect(await dryRun.ended()).toEqual({ code: 0, signal: null });
  expect(dryRun.stdout).toContain('CREATE TABLE IF NOT EXISTS "orders"');
  expect(dryRun.stdout).toContain('db.transactions.createIndex(');
  expect(dryRun.stdout).toContain('A dry run: nothing was changed.');
  expect(await query(shop.DATABASE_URL, TABLES)).toEqual([]);
  expect(await collections()).toEqual([]);

  const migrate = project.npm(['run', 'migrate'], shop);
  expect(await migrate.ended()).toEqual({ code: 0, signal: null });
  expect(migrate.stdout).toContain('✔ Apply migrations');
  expect(await query(shop.DATABASE_URL, TABLES)).toContainEqual({ table_name: 'orders' });
  const again = project.npm(['run', 'migrate'], shop);
  expect(await again.ended(5_000)).toEqual({ code: 0, signal: null });
  expect(again.stdout).toMatch(/^PostgreSQL .*: nothing to apply$/m);

  const port = String(await freePort());
  const start = await project.start({ ...shop, PORT: port });
  expect(start.stdout).toContain('Its answer has 0 orders.');
  expect(await newestOrder(port)).toEqual({ count: 0, orderNumber: undefined });
  start.signal('SIGTERM');
  expect(await start.ended()).toEqual({ code: 0, signal: null });
  expect(await query(shop.DATABASE_URL, 'SELECT * FROM orders')).toEqual([]);
  expect(await inMongo(shop.MONGODB_URI, (db) => db.collection('users').countDocuments())).toBe(0);
});

test('npm run migrate adopts an orders table that is there and keeps every row', async () => {
  await query(
    shop.DATABASE_URL,
    `CREATE TABLE orders (
       id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "userId" text NOT NULL, "orderNumber" text NOT NULL UNIQUE,
       total numeric(10, 2) NOT NULL, "createdAt" timestamptz(6) NOT NULL DEFAULT now(),
       "updatedAt" timestamptz(6) NOT NULL DEFAULT now());
     INSERT INTO orders ("userId", "orderNumber", total, "createdAt")
       SELECT '${ADA}', 'OLD-' || n, n, now() - n * interval '1 hour' FROM generate_series(1, 30) n`,
  );
  const before = await query(shop.DATABASE_URL, 'SELECT id, "orderNumber", total FROM orders ORDER BY id');
  expect(before).toHaveLength(30);
  await inMongo(shop.MONGODB_URI, (db) =>
    db.collection('users').insertOne({ _id: new ObjectId(ADA), username: 'Ada', email: 'ada@example.com' }),
  );
  const project = await ProjectCopy.make();
  const refused = project.npm(['start'], { ...shop, PORT: '0' });
  expect(await refused.ended()).toEqual({ code: 1, signal: null });
  expect(refused.complaints).toContain('lacks orders.userName, orders.userEmail.');

  const migrate = project.npm(['run', 'migrate'], shop);
  expect(await migrate.ended()).toEqual({ code: 0, signal: null });
  expect(await query(shop.DATABASE_URL, 'SELECT id, "orderNumber", total FROM orders ORDER BY id')).toEqual(before);

  const port = String(await freePort());
  const start = await project.start({ ...shop, PORT: port });
  expect(start.stdout).toContain('Its answer has 30 orders.');
  expect(start.output).not.toMatch(/OLD-1|ada@example/);
  expect(await ask(port, '{ orders(first: 1) { totalCount nodes { orderNumber user { username } } } }')).toEqual({
    orders: { totalCount: 30, nodes: [{ orderNumber: 'OLD-1', user: { username: 'Ada' } }] },
  });
});

test("the README's script without GraphQL runs as it stands there", async () => {
  const project = await ProjectCopy.make();
  expect(await project.npm(['run', 'migrate'], shop).ended()).toEqual({ code: 0, signal: null });
  await inMongo(shop.MONGODB_URI, (db) =>
    db.collection('users').insertOne({ _id: new ObjectId('000000000000000000000001'), username: 'Ada' }),
  );
  const [, script = ''] = /```js\n(.*?)```/s.exec(await readFile(project.path('README.md'), 'utf8')) ?? [];
  await writeFile(project.path('script.mjs'), script);
  const { stdout } = await run(process.execPath, ['script.mjs'], { cwd: project.folder, env: { ...shop } });
  expect(stdout).toMatch(/kind: 'found'/);
  expect(stdout).toMatch(/userName: 'Ada'/);
  expect(await query(shop.DATABASE_URL, 'SELECT total FROM orders')).toEqual([{ total: '12.50' }]);
});

test('a wrong password for a database of your own is said as what it is', async () => {
  const project = await ProjectCopy.make();
  const address = Object.assign(new URL(shop.DATABASE_URL), { password: 'hunter2' }).href;
  const start = project.npm(['start'], { ...shop, DATABASE_URL: address, PORT: '0' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(/of DATABASE_URL .*: password authentication failed for user "tandem"\. Start it/);
  expect(start.output).not.toContain('hunter2');
});

async function collections(): Promise<string[]> {
  return inMongo(shop.MONGODB_URI, async (db) => (await db.listCollections().toArray()).map(({ name }) => name));
}
