import { beforeEach, describe, expect, test } from 'vitest';
import type { RepairRun } from '../../src/audit/repair.service.js';
import { main } from '../../src/cli/repair.js';
import { nothingIn } from '../audit/consistency-support.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { run } from './commands-support.js';

const databases = useDatabases();
const seed = new Seed(databases);
const repair = (...argv: string[]) => run(main, databases, ...argv);
const orders = () => sql(databases.databaseUrl, 'SELECT id FROM orders');

beforeEach(async () => {
  await nothingIn(databases);
  // Without any user nothing is deleted for lack of one.
  await seed.user();
});

describe('npm run repair', () => {
  test('says that there is nothing to repair, and ends with 0', async () => {
    expect(await repair('--apply', '--dangling-orders', 'delete')).toEqual({
      code: 0,
      printed: '\nNothing was found: there is nothing to repair.\n',
    });
  });

  test('--dry-run says what would be done, and ends with 1', async () => {
    const { id } = await seed.order({ userId: 'nobody' });
    expect(await repair('--dry-run', '--dangling-orders', 'delete')).toEqual({
      code: 1,
      printed:
        '\n1 found (orders without their user): to delete\n' +
        `\n  order ${id}, user nobody: the id of its user is none → to delete\n` +
        '\nNothing was changed: it was a dry run. With --apply in place of --dry-run it is done.\n',
    });
    expect(await orders()).toHaveLength(1);
  });

  test('--apply without a policy changes nothing', async () => {
    await seed.order({ userId: 'nobody' });
    const { printed, code } = await repair('--apply');
    expect(code).toBe(1);
    expect(printed).toContain('1 found (orders without their user): reported only (--dangling-orders says otherwise)');
    expect(await orders()).toHaveLength(1);
  });

  test('--apply mends, says under which run it is logged, and ends with 0', async () => {
    const { id } = await seed.order({ userId: 'nobody' });
    const { printed, code } = await repair('--apply', '--dangling-orders=delete');
    expect(code).toBe(0);
    const [, runId = ''] = /"runId" = '([^']+)'/.exec(printed) ?? [];
    const logged = await sql(databases.databaseUrl, `SELECT subject FROM tandem_repairs WHERE "runId" = '${runId}'`);
    expect(logged).toEqual([{ subject: id }]);
    expect(await orders()).toEqual([]);
  });

  test('--json prints one document and nothing else', async () => {
    const { id } = await seed.order({ userId: 'nobody' });
    const { printed } = await repair('--dry-run', '--json', '--dangling-orders', 'delete');
    const document = JSON.parse(printed) as RepairRun;
    expect(document).toMatchObject({ isDry: true, acts: [{ kind: 'danglingOrders', id, outcome: 'planned' }] });
  });

  test.each([
    [[], /--dry-run or --apply/],
    [['--dry-run', '--apply'], /--dry-run or --apply/],
    [['--apply', '--dangling-orders', 'fix'], /--dangling-orders takes report or delete, got fix/],
    [['--apply', '--wrong-amounts', 'delete'], /--wrong-amounts takes report or fix, got delete/],
    [['--apply', '--everything'], /Unknown option '--everything'/],
  ])('%j is refused, and asks no database', async (argv, reason) => {
    const nowhere = { databaseUrl: 'postgres://127.0.0.1:1/none', mongodbUri: 'mongodb://127.0.0.1:1/none' };
    await expect(run(main, nowhere, ...argv)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(reason) as string,
    });
  });

  test('--help tells how it is used, and asks no database', async () => {
    const nowhere = { databaseUrl: 'postgres://127.0.0.1:1/none', mongodbUri: 'mongodb://127.0.0.1:1/none' };
    const { printed, code } = await run(main, nowhere, '--help');
    expect(code).toBe(0);
    expect(printed).toMatch(/^usage: npm run repair/);
  });
});
