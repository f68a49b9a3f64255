import { expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { inMongo } from '../platform/embedded-support.js';
import { ProjectCopy } from '../support/project-copy.js';
import { ask, newestOrder } from './graph-client.js';
import { useShop } from './shop.js';

const STACK = /^\s+at /m;
const shop = useShop();

/** Enough rows for something to happen on the way. */
const MANY = ['--users', '2000', '--orders', '60000', '--transactions', '40000'];

/** The command again, as a message tells it. */
function commandIn(text: string): string[] {
  const [, words = ''] = /^The same command completes it: npm (.*)$/m.exec(text) ?? [];
  return words.split(' ');
}

async function ordersThere(): Promise<number> {
  const [row] = await shop.sql('SELECT count(*)::int AS count FROM orders');
  return Number(row?.['count']);
}

test('a wrong option is refused with the usage, and --help is given, before anything is started', async () => {
  const project = await ProjectCopy.make();
  const refused = project.npm(['run', 'seed', '--', '--users', '-5']);
  expect(await refused.ended()).toEqual({ code: 2, signal: null });
  expect(refused.complaints).toMatch(/^--users takes a whole number .* got -5\n\nusage: npm run seed/);
  const help = project.npm(['run', 'seed', '--', '--help']);
  expect(await help.ended()).toEqual({ code: 0, signal: null });
  expect(help.stdout).toContain('--orphans SHARE');
  for (const { output } of [refused, help]) expect(output).not.toMatch(/Start PostgreSQL|^\s+at /m);
});

test('embedded databases are migrated and filled, and npm start serves what they hold', async () => {
  const project = await ProjectCopy.make();
  const words = ['run', 'seed', '--', '--users', '300', '--orders', '3000'];
  const seeding = project.npm(words);
  expect(await seeding.ended(), seeding.output).toEqual({ code: 0, signal: null });
  expect(seeding.stdout).toMatch(/✔ Seed (PostgreSQL|MongoDB)[^]*✔ Seed (PostgreSQL|MongoDB)/);
  expect(seeding.stdout).toContain('Seeded: 300 users, 3,000 orders, 2,000 transactions.');
  expect(seeding.complaints).toBe('');

  const port = String(await freePort());
  const start = await project.start({ PORT: port });
  expect(start.stdout).not.toContain('demonstration data');
  expect(await newestOrder(port)).toMatchObject({
    count: 3_000,
    orderNumber: expect.stringMatching(/^ORD-20251231-/) as string,
  });
  const { orders } = await ask<{ orders: { nodes: { userName: string; user: { username: string } }[] } }>(
    port,
    '{ orders(first: 100) { nodes { userName user { username } } } }',
  );
  expect(orders.nodes.map(({ user }) => user.username)).toEqual(orders.nodes.map(({ userName }) => userName));
});

test('demonstration data is reason to refuse, with the ways out', async () => {
  const project = await ProjectCopy.make();
  const start = await project.start({ PORT: '0' });
  start.signal('SIGTERM');
  await start.ended();
  const refused = project.npm(['run', 'seed']);
  expect(await refused.ended()).toEqual({ code: 1, signal: null });
  expect(refused.complaints).toMatch(
    /rows of others: 50 users, 500 orders, 333 transactions\. Nothing was written\.\n.*--add.*npm run reset/,
  );
});

test('Ctrl-C ends it in order; it says what is there, and what it says completes it', async () => {
  const project = await ProjectCopy.make();
  expect(await project.npm(['run', 'migrate'], shop.settings).ended()).toEqual({ code: 0, signal: null });
  const seeding = project.npm(['run', 'seed', '--', ...MANY], shop.settings);
  while ((await ordersThere()) === 0) expect(seeding.complaints).toBe('');
  seeding.signalGroup('SIGINT');
  expect(await seeding.ended(15_000)).toEqual({ code: 1, signal: null });
  const orders = await ordersThere();
  expect(orders).toBeLessThan(60_000);
  expect(seeding.complaints).toMatch(/^The seeding was cut short: it was stopped\.\nThere are .* of 2,000 users, /);
  expect(seeding.complaints).toContain(`${orders.toLocaleString('en-US')} of 60,000 orders`);
  expect(seeding.output).not.toMatch(STACK);

  const again = project.npm(commandIn(seeding.complaints), shop.settings);
  expect(await again.ended(), again.output).toEqual({ code: 0, signal: null });
  expect(await ordersThere()).toBe(60_000);
  const documents = inMongo(shop.settings.MONGODB_URI, (db) =>
    Promise.all(['users', 'transactions'].map((name) => db.collection(name).countDocuments())),
  );
  expect(await documents).toEqual([2_000, 40_000]);
});

test('a database that dies is named with what it said, and what is there is completed once it runs again', async () => {
  const project = await ProjectCopy.make();
  const settings = { DATABASE_URL: shop.settings.DATABASE_URL };
  expect(await project.npm(['run', 'migrate'], settings).ended()).toEqual({ code: 0, signal: null });
  const seeding = project.npm(['run', 'seed', '--', ...MANY], settings);
  while ((await ordersThere()) === 0) expect(seeding.complaints).toBe('');
  const mongod = project.processes().find(({ command }) => /mongod\b.* --port/.test(command));
  process.kill(mongod?.pid ?? 0, 'SIGKILL');
  expect(await seeding.ended()).toEqual({ code: 1, signal: null });
  expect(seeding.complaints).toMatch(
    /^The seeding was cut short: MongoDB said: .*\nThere are an unknown number of 2,000 users, /,
  );
  expect(seeding.output).not.toMatch(STACK);
  await project.quiet();

  const again = project.npm(commandIn(seeding.complaints), settings);
  expect(await again.ended(), again.output).toEqual({ code: 0, signal: null });
  expect(again.stdout).toContain('Seeded: 2,000 users, 60,000 orders, 40,000 transactions.');
});
