import { beforeEach, describe, expect, test } from 'vitest';
import type { RepairRun } from '../../src/audit/repair.service.js';
import { main } from '../../src/cli/repair.js';
import { nothingIn } from '../audit/consistency-support.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { run } from './commands-support.js';

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const seed = new Seed(databases);
const repair = (...argv: string[]) => run(main, databases, ...argv);
const orders = () => sql(databases.databaseUrl, 'SELECT id FROM orders');

const NO_RUN = '00000000-0000-4000-8000-000000000000';

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

  test('--runs lists runs, --undo shows with --dry-run what would come back, and brings it back without', async () => {
    expect(await repair('--runs')).toEqual({ code: 0, printed: '\nNo run of repair is in the log.\n' });
    const { id } = await seed.order({ userId: 'nobody' });
    const { printed: repaired } = await repair('--apply', '--dangling-orders=delete');
    const [, runId = ''] = /--undo (\S+)/.exec(repaired) ?? [];
    const { printed: listed } = await repair('--runs');
    expect(listed).toContain(`  ${runId}\n    1 orders without their user: delete\n    1 row kept\n`);
    expect(await repair('--undo', runId, '--dry-run')).toEqual({
      code: 1,
      printed:
        '\norders without their user: 1 to bring back\n' +
        `\n  order ${id} → to bring back\n` +
        '\nNothing was changed: it was a dry run. Without --dry-run it is done.\n',
    });
    expect(await orders()).toEqual([]);
    const { printed, code } = await repair('--undo', runId);
    expect({ code, printed }).toEqual({
      code: 0,
      printed: expect.stringMatching(
        /^\norders without their user: 1 brought back\n\n {2}order \S+ → brought back\n\nThe undo is logged as run \S+\.\n$/,
      ) as string,
    });
    expect(await orders()).toEqual([{ id }]);
    const { printed: json } = await repair('--undo', runId, '--json', '--apply');
    expect(JSON.parse(json)).toMatchObject({ undoes: runId, rows: [{ id, outcome: 'alreadyThere' }] });
    const [, undoId = ''] = /logged as run (\S+)\./.exec(printed) ?? [];
    expect(await repair('--undo', undoId)).toMatchObject({
      code: 1,
      printed: expect.stringContaining('repair again') as string,
    });
  });

  test('--undo of a run that is not there says where runs are listed, and ends with 1', async () => {
    const { printed, code } = await repair('--undo', NO_RUN);
    expect(code).toBe(1);
    expect(printed).toContain('"npm run repair -- --runs" lists them');
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
    [['--undo', 'the last'], /--undo takes the UUID of a run, got the last/],
    [['--undo'], /--undo/],
    [['--undo', NO_RUN, '--dry-run', '--apply'], /--undo takes --dry-run or --apply/],
    [['--undo', NO_RUN, '--dangling-orders', 'delete'], /--undo goes without --dangling-orders/],
    [['--runs', '--apply'], /--runs goes without --apply/],
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
