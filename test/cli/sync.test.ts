import { beforeEach, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/sync.js';
import { startStandaloneMongod } from '../support/mongod.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { QUICK_SYNC, useTimings } from '../support/timings.js';
import { clear, copiesOf, inStep, startSync, stateOf, usersIn, usersOf } from '../sync/user-sync-support.js';
import { run } from './commands-support.js';

useTimings({ ...QUICK_SYNC, syncCommand: { interval: 50, patience: 1_500 } });
const databases = useDatabases();
const seed = new Seed(databases);
const sync = (...argv: string[]) => run(main, databases, ...argv);

beforeEach(() => clear(databases));

describe('npm run sync', () => {
  test('copies all users, and ends; again, and finds who is gone', async () => {
    await seed.users(1_500);
    const { code, printed } = await sync();
    expect(code).toBe(0);
    expect(printed).toMatch(
      /^\nAll users were read for it at \d{4}-.*Z; all changes until \d{4}-.*Z are in it\.\nNobody copies users now: /,
    );
    expect(await copiesOf(databases)).toEqual(await usersOf(databases.platform));
    await usersIn(databases.platform).deleteOne({});
    await sql(databases.databaseUrl, `UPDATE "users" SET "email" = 'changed by SQL', "sourceVersion" = NULL`);
    expect((await sync()).code).toBe(0);
    expect(await copiesOf(databases)).toEqual(await usersOf(databases.platform));
  });

  test('lets the work be done by whoever copies users already', async () => {
    await seed.users(10);
    startSync(databases, { name: 'the gateway' });
    await inStep(databases);
    const before = (await stateOf(databases))?.backfilledAt;
    const { printed } = await sync();
    expect(printed).toContain('Copied by the gateway.');
    expect((await stateOf(databases))?.backfilledAt?.getTime()).toBeGreaterThan(before?.getTime() ?? 0);
  });

  test('with --status changes nothing', async () => {
    await seed.users(10);
    expect(await sync('--status')).toEqual({
      code: 0,
      printed: '\nNo user was ever copied: a gateway or a worker does it when it starts, or "npm run sync".\n',
    });
    expect(await copiesOf(databases)).toEqual([]);
  });

  test('with --status says how the copy stands, whoever is away', async () => {
    await seed.users(10);
    const copying = startSync(databases, { name: 'the gateway' });
    await inStep(databases);
    const away = { ...databases, mongodbUri: 'mongodb://127.0.0.1:1/away' };
    expect((await run(main, away, '--status')).printed).toContain('Copied by the gateway.');
    await copying[Symbol.asyncDispose]();
    expect((await run(main, away, '--status')).printed).toContain('Nobody copies users now');
    const { printed } = await run(main, away, '--status', '--json');
    expect(JSON.parse(printed)).toMatchObject({ leader: null, problem: null });
  });

  test('is for programs with --json', async () => {
    await seed.users(10);
    const { printed } = await sync('--json');
    expect(JSON.parse(printed)).toMatchObject({ phase: null, backfillDone: 10, backfillTotal: 10, problem: null });
  });

  test('says what is no option', async () => {
    await expect(sync('--all')).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('says that a single server tells of no changes', async () => {
    const mongod = await startStandaloneMongod();
    try {
      const alone = { ...databases, mongodbUri: `mongodb://${mongod.address}/alone` };
      await expect(run(main, alone)).rejects.toMatchObject({
        code: 'NOT_SYNCED',
        message: expect.stringContaining('--replSet') as string,
      });
    } finally {
      await mongod.stop();
    }
  });
});
