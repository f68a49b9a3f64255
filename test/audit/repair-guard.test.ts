import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { stopReason } from '../../src/audit/repair-guard.js';
import type { RepairOptions, RepairRequest } from '../../src/audit/repair.service.js';
import { main } from '../../src/cli/repair.js';
import { createScope } from '../../src/scope.js';
import { run } from '../cli/commands-support.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { collection, copiedOnce, nothingIn } from './consistency-support.js';

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const rows = (statement: string) => sql(databases.databaseUrl, statement);
const orders = async () => (await rows('SELECT id FROM orders')).length;
const repair = (request: Partial<RepairRequest>, options: RepairOptions = {}) =>
  createScope(databases.platform).repair.run({ isDry: false, ...request }, options);

let ada: Seeded;

beforeEach(async () => {
  await nothingIn(databases);
  ada = await seed.user();
});

/** Orders that nobody has made, and some of a user's. */
async function planted({ dangling, sound }: { dangling: number; sound: number }): Promise<void> {
  const insert = (count: number, userId: string) =>
    rows(
      `INSERT INTO orders (id, "userId", "orderNumber", total)
       SELECT gen_random_uuid(), ${userId}, gen_random_uuid(), 1 FROM generate_series(1, ${count}) n`,
    );
  await insert(dangling, `lpad(to_hex(n), 24, 'd')`);
  await insert(sound, `'${ada.id}'`);
}

const danglingIn = ({ results }: Awaited<ReturnType<typeof repair>>) =>
  results.find(({ kind }) => kind === 'danglingOrders');

describe('more than 20 rows and 5 % of a table', () => {
  test('are not deleted, and the run says how many they are, of how many, and what to look at', async () => {
    await planted({ dangling: 21, sound: 9 });
    const result = danglingIn(await repair({ danglingOrders: 'DELETE' }));
    expect(result).toMatchObject({ found: 21, rows: 30, repaired: 0, left: 21 });
    expect(result?.stopped).toMatch(/^21 of 30 rows \(70 %\).*DATABASE_URL and MONGODB_URI.*--expect 21/);
    expect(await orders()).toBe(30);
    expect(await rows('SELECT FROM tandem_repairs')).toEqual([]);
  });

  test('are deleted once their exact number is expected, and with no other number', async () => {
    await planted({ dangling: 21, sound: 9 });
    for (const wrong of [20, 22, 30, 0]) {
      const result = danglingIn(await repair({ danglingOrders: 'DELETE', expect: wrong }));
      expect(result?.stopped).toContain(`21 found, and ${wrong} expected`);
      expect(await orders()).toBe(30);
    }
    const result = danglingIn(await repair({ danglingOrders: 'DELETE', expect: 21 }));
    expect(result).toMatchObject({ found: 21, repaired: 21, left: 0, stopped: null });
    expect(await orders()).toBe(9);
  });

  test('stop a dry run, too, which says so', async () => {
    await planted({ dangling: 21, sound: 9 });
    const dry = await repair({ isDry: true, danglingOrders: 'DELETE' });
    expect(danglingIn(dry)).toMatchObject({ found: 21, left: 0, stopped: expect.stringContaining('70 %') as string });
    expect(danglingIn(await repair({ isDry: true, danglingOrders: 'DELETE', expect: 21 }))?.stopped).toBeNull();
  });

  test('of transactions and of copies stop as well', async () => {
    await seed.order({ user: ada });
    await collection(databases.platform, 'transactions').insertMany(
      Array.from({ length: 21 }, () => ({ orderId: randomUUID() })),
    );
    await seed.users(25);
    await copiedOnce(databases);
    await rows(`UPDATE users SET username = 'somebody else' WHERE "mongoId" <> '${ada.id}'`);
    const { results } = await repair({ orphanTransactions: 'DELETE', staleCopies: 'RELINK' });
    const stopped = results.filter((result) => result.stopped !== null).map(({ kind, found }) => [kind, found]);
    expect(stopped).toEqual([
      ['orphanTransactions', 21],
      ['staleCopies', 25],
    ]);
    expect(await collection(databases.platform, 'transactions').countDocuments()).toBe(21);
    expect(await rows(`SELECT FROM users WHERE username = 'somebody else'`)).toHaveLength(25);
  });

  test('of one kind do not keep another kind from being mended', async () => {
    await planted({ dangling: 21, sound: 9 });
    await collection(databases.platform, 'transactions').insertOne({ orderId: randomUUID() });
    const { results } = await repair({ danglingOrders: 'DELETE', orphanTransactions: 'DELETE' });
    expect(results.slice(0, 2)).toMatchObject([
      { stopped: expect.any(String) as string },
      { stopped: null, repaired: 1 },
    ]);
    expect(await orders()).toBe(30);
  });
});

test.each([
  [{ found: 20, rows: 20 }, true],
  [{ found: 21, rows: 420 }, true],
  [{ found: 21, rows: 419 }, false],
  [{ found: 1_000, rows: 1_000 }, false],
  [{ found: 0, rows: 0 }, true],
])('%j passes without a number that is expected: %s', ({ found, rows: of }, passes) => {
  expect(stopReason({ found, rows: of, isWhole: true }, null) === null).toBe(passes);
});

describe('where not every row was counted', () => {
  const CUT = { size: 5, rows: 5 };

  test('nothing is mended, however little was found', async () => {
    await planted({ dangling: 10, sound: 0 });
    const run = await repair({ danglingOrders: 'DELETE' }, CUT);
    expect(run.isComplete).toBe(false);
    expect(danglingIn(run)).toMatchObject({
      found: 5,
      rows: 5,
      stopped: expect.stringContaining('not every row') as string,
    });
    expect(await orders()).toBe(10);
  });

  test('what was found is mended once its number is expected, and nothing beside it', async () => {
    await planted({ dangling: 10, sound: 0 });
    expect(danglingIn(await repair({ danglingOrders: 'DELETE', expect: 5 }, CUT))).toMatchObject({
      found: 5,
      repaired: 5,
    });
    expect(await orders()).toBe(5);
  });
});

test('what was found after the count is not mended', async () => {
  await planted({ dangling: 2, sound: 0 });
  const late = 'ffffffff-ffff-4fff-8fff-ffffffffff0';
  let hidden = 0;
  const platform = {
    ...databases.platform,
    onStep: async (step: string) => {
      if (step === 'orderHidden') await seed.order({ id: `${late}${(hidden += 1)}` });
    },
  };
  const run = await createScope(platform).repair.run({ isDry: false, danglingOrders: 'DELETE' }, { size: 1, batch: 1 });
  expect(danglingIn(run)).toMatchObject({ found: 2, repaired: 2 });
  expect(run.isComplete).toBe(false);
  expect((await rows('SELECT id FROM orders ORDER BY id')).map(({ id }) => id)).toEqual([`${late}1`, `${late}2`]);
});

describe('the mutation', () => {
  const REPAIR = gql(`
    mutation GuardedRepair($input: RepairInput!, $expect: Int) {
      repair(input: $input, expect: $expect) { results { kind found rows repaired stopped } }
    }
  `);
  const DELETE = { dryRun: false, danglingOrders: 'DELETE' } as const;

  test('stops, and takes the number that is expected', async () => {
    await planted({ dangling: 21, sound: 9 });
    const stopped = await execute(REPAIR, { input: DELETE });
    expect(stopped.data.repair.results[0]).toMatchObject({ found: 21, rows: 30, repaired: 0 });
    expect(stopped.data.repair.results[0]?.stopped).toContain('expect: 21');
    expect(await orders()).toBe(30);
    const { data } = await execute(REPAIR, { input: DELETE, expect: 21 });
    expect(data.repair.results[0]).toMatchObject({ found: 21, repaired: 21, stopped: null });
    expect(await orders()).toBe(9);
  });

  test.each([[{ dryRun: false }], [{ ...DELETE, orphanTransactions: 'DELETE' } as const]])(
    'refuses a number that is expected of no kind, or of two: %j',
    async (input) => {
      const { errors } = await execute(REPAIR, { input, expect: 1 });
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'expect' } }]);
    },
  );
});

describe('npm run repair', () => {
  const command = (...argv: string[]) => run(main, databases, ...argv);

  test('stops with 1, prints why, and goes on with --expect', async () => {
    await planted({ dangling: 21, sound: 9 });
    const stopped = await command('--apply', '--dangling-orders', 'delete');
    expect(stopped.code).toBe(1);
    expect(stopped.printed).toContain('stopped, nothing was changed: 21 of 30 rows (70 %)');
    expect(await command('--apply', '--dangling-orders', 'delete', '--expect', '22')).toMatchObject({ code: 1 });
    expect(await orders()).toBe(30);
    expect(await command('--apply', '--dangling-orders', 'delete', '--expect', '21')).toMatchObject({ code: 0 });
    expect(await orders()).toBe(9);
  });

  test.each([
    [['--apply', '--dangling-orders', 'delete', '--expect', 'all'], /--expect takes a number/],
    [['--apply', '--dangling-orders', 'delete', '--expect=-1'], /--expect takes a number/],
    [['--apply', '--expect', '1'], /name exactly one/],
    [['--apply', '--dangling-orders', 'report', '--expect', '1'], /name exactly one/],
    [['--apply', '--dangling-orders', 'delete', '--stale-copies', 'relink', '--expect', '1'], /name exactly one/],
  ])('%j is refused', async (argv, reason) => {
    await expect(command(...argv)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(reason) as string,
    });
  });
});
