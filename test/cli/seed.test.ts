import { afterEach, describe, expect, test } from 'vitest';
import { seed } from '../../src/cli/seed.js';
import type { SeedOptions } from '../../src/cli/seeding/plan.js';
import type { Platform } from '../../src/platform/platform.js';
import { recordStatements } from '../../src/platform/statements.js';
import type { Task } from '../../src/platform/task.js';
import { onServer, useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { contentOf, countsOf, empty, quietly, SMALL } from './seed-support.js';

const databases = useDatabases();
const others = useDatabases();
const somebody = new Seed(databases);
const never = new AbortController().signal;

interface Run {
  readonly options?: Partial<SeedOptions>;
  readonly add?: boolean;
  readonly platform?: Platform;
  readonly task?: Task;
  readonly stopping?: AbortSignal;
}

function run({ options = {}, add = false, platform = databases.platform, task = quietly, stopping = never }: Run = {}) {
  return seed(platform, { kind: 'seed', options: { ...SMALL, ...options }, add }, task, stopping);
}

afterEach(async () => {
  await empty(databases.platform);
  await empty(others.platform);
});

test('the same options make the same rows in any databases, to the last byte; another seed makes others', async () => {
  const options = { dirt: 0.1, orphans: 0.1 };
  await run({ options });
  await run({ options, platform: others.platform });
  expect(await countsOf(databases.platform)).toEqual([SMALL.users, SMALL.orders, SMALL.transactions]);
  const content = await contentOf(databases.platform);
  expect(await contentOf(others.platform)).toBe(content);

  await empty(others.platform);
  await run({ options: { ...options, seed: 2 }, platform: others.platform });
  expect(await contentOf(others.platform)).not.toBe(content);
});

test('a thousand rows are one statement', async () => {
  const seeding = await recordStatements(() => run());
  // Before them what is there is counted, in MongoDB for either collection its own and those of others.
  expect(seeding).toHaveCost({ postgres: 1 + 5 + 1, mongo: 4 + 1 + 3 });
  expect(seeding.statements.filter(({ text }) => text.startsWith('ANALYZE'))).toHaveLength(1);
});

describe('in databases that have rows', () => {
  test.each([
    ['a user', () => somebody.user(), '1 users'],
    ['an order', () => somebody.order(), '1 orders'],
    ['a transaction', () => somebody.transaction({ id: 'x' }), '1 transactions'],
  ])('%s of somebody is reason to refuse, and nothing is written', async (_what, make, named) => {
    await make();
    const before = await contentOf(databases.platform);
    await expect(run()).rejects.toMatchObject({
      code: 'NOT_EMPTY',
      message: expect.stringMatching(`have rows of others: ${named}\\. Nothing was written`) as string,
    });
    expect(await contentOf(databases.platform)).toBe(before);
  });

  test('another seeding is one of others', async () => {
    await run({ options: { users: 3, orders: 2, transactions: 1 } });
    await expect(run()).rejects.toThrow('3 users, 2 orders, 1 transactions');
  });

  test('--add puts the rows beside those that are there, once', async () => {
    const [user, order] = [await somebody.user({ username: 'Ada' }), await somebody.order({ orderNumber: 'OLD-1' })];
    expect(await run({ add: true })).toContain('Seeded: 300 users, 4,500 orders, 3,000 transactions.');
    const sum = [SMALL.users + 1, SMALL.orders + 1, SMALL.transactions];
    expect(await countsOf(databases.platform)).toEqual(sum);
    expect(await run({ add: true })).toMatch(/^Nothing to do: 300 users, .* are there. Another --seed makes others/);
    expect(await countsOf(databases.platform)).toEqual(sum);
    expect(await run({ options: { seed: 2 }, add: true })).toContain(
      'Seeded: 300 users, 4,500 orders, 3,000 transactions.',
    );
    expect(await countsOf(databases.platform)).toEqual([601, 9_001, 6_000]);

    const { postgres, mongo } = databases.platform;
    const query = 'SELECT "orderNumber" FROM orders WHERE id = $1::uuid';
    expect(await postgres.query(query, order.id)).toEqual([{ orderNumber: 'OLD-1' }]);
    const ada = await mongo.run((db) => db.collection('users').findOne({ _id: somebody.objectId(user) }, {}));
    expect(ada?.['username']).toBe('Ada');
  });

  test('an order number that somebody has is replaced, and no order is lost', async () => {
    await run({ platform: others.platform });
    const taken = await others.platform.postgres.query(
      'SELECT "orderNumber" FROM orders ORDER BY id LIMIT 3 OFFSET 1700',
    );
    for (const { orderNumber } of taken) await somebody.order({ orderNumber });
    await run({ add: true });
    expect(await countsOf(databases.platform)).toEqual([SMALL.users, SMALL.orders + 3, SMALL.transactions]);
    expect(await run({ add: true })).toContain('Nothing to do');
  });

  test('the statements that it ends with remove its rows and no others', async () => {
    await somebody.user();
    await somebody.order();
    const before = await contentOf(databases.platform);
    const told = await run({ add: true });
    const [, sql = ''] = /^ {2}(DELETE .*);$/m.exec(told) ?? [];
    await databases.platform.postgres.query(sql);
    const removals = [
      ...told.matchAll(/db\.(\w+)\.deleteMany\(.*\$gte: ObjectId\('(\w+)'\), \$lte: ObjectId\('(\w+)'\)/g),
    ];
    expect(removals).toHaveLength(2);
    for (const [, collection = '', first = '', last = ''] of removals) {
      const range = { $gte: somebody.objectId({ id: first }), $lte: somebody.objectId({ id: last }) };
      await databases.platform.mongo.run((db) => db.collection(collection).deleteMany({ _id: range }, {}));
    }
    expect(await contentOf(databases.platform)).toBe(before);
  });
});

describe('cut short', () => {
  /** Does something once a share of a side's rows is written. */
  function once(title: string, share: number, happens: () => void): Task {
    let isDone = false;
    return (name, work) =>
      work((fraction = 0) => {
        if (isDone || name !== title || fraction < share) return;
        isDone = true;
        happens();
      });
  }

  test.each(['Seed PostgreSQL', 'Seed MongoDB'])(
    'in %s it says what is there, and the same command completes it',
    async (title) => {
      const options = { dirt: 0.1, orphans: 0.1 };
      await run({ options, platform: others.platform });
      const stopping = new AbortController();
      const stop = () => {
        stopping.abort();
      };
      const stopped = run({ options, task: once(title, 0.3, stop), stopping: stopping.signal });
      const error = await stopped.catch((reason: unknown) => reason as Error);
      const [users, orders, transactions] = await countsOf(databases.platform);
      expect(orders + transactions).toBeLessThan(SMALL.orders + SMALL.transactions);
      expect(error).toMatchObject({ code: 'SEEDING_CUT_SHORT' });
      expect((error as Error).message.split('\n').slice(0, 3)).toEqual([
        'The seeding was cut short: it was stopped.',
        `There are ${users} of 300 users, ${orders.toLocaleString('en-US')} of 4,500 orders, ` +
          `${transactions.toLocaleString('en-US')} of 3,000 transactions.`,
        'The same command completes it: npm run seed -- --users 300 --orders 4500 --transactions 3000 --seed 1 ' +
          '--until 2026-01-01 --dirt 0.1 --orphans 0.1',
      ]);

      await run({ options });
      expect(await contentOf(databases.platform)).toBe(await contentOf(others.platform));
    },
  );

  test('a connection that breaks in the middle is made good, and nothing is lost or doubled', async () => {
    await run({ platform: others.platform });
    const name = new URL(databases.databaseUrl).pathname.slice(1);
    const breaks: Promise<unknown>[] = [];
    const task: Task = async (title, work) => {
      const result = await work(() => {
        if (title !== 'Seed PostgreSQL' || breaks.length >= 3) return;
        const kill = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1';
        breaks.push(onServer((client) => client.query(kill, [name])));
      });
      await Promise.all(breaks);
      return result;
    };
    await run({ task });
    expect(breaks).toHaveLength(3);
    // The last break may have hit connections that were idle: the pool notices in a moment.
    const content = () => contentOf(databases.platform).catch(() => null);
    await expect.poll(content, { timeout: 5_000 }).toBe(await contentOf(others.platform));
  });

  test('a rule of the database is told in its own words, and ends both sides', async () => {
    const { postgres, mongo } = databases.platform;
    await mongo.run((db) => db.collection('users').createIndex({ email: 1 }, { unique: true }, {}));
    await expect(run({ options: { dirt: 0.5 } })).rejects.toMatchObject({
      code: 'SEEDING_CUT_SHORT',
      message: expect.stringMatching(/cut short: MongoDB said: E11000 duplicate key .*users index: email_1/) as string,
    });
    await mongo.run((db) => db.collection('users').dropIndex('email_1'));
    await empty(databases.platform);
    await postgres.query('ALTER TABLE orders ADD CONSTRAINT cheap CHECK (total < 100)');
    await expect(run()).rejects.toThrow(/cut short: PostgreSQL said: .*violates check constraint "cheap"/);
    await postgres.query('ALTER TABLE orders DROP CONSTRAINT cheap');
  });
});

test('two runs of one command at the same time fill the databases once', async () => {
  await run({ platform: others.platform });
  await Promise.all([run({ add: true }), run({ add: true })]);
  expect(await contentOf(databases.platform)).toBe(await contentOf(others.platform));
});
