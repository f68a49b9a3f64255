import { beforeEach, describe, expect, test } from 'vitest';
import { auditTransactions } from '../../src/audit/transactions.js';
import { main } from '../../src/cli/jobs.js';
import { JobQueue } from '../../src/platform/jobs/job-queue.js';
import { damage, emptied, ordered } from '../audit/transactions-support.js';
import { useDatabases } from '../support/databases.js';
import { refusing, remainsOf } from '../support/remains.js';
import { Seed, type Seeded } from '../support/seed.js';
import { run, working } from './commands-support.js';

const databases = useDatabases();
const seed = new Seed(databases);
const jobs = (...argv: string[]) => run(main, databases, ...argv);
const JOBS = 'graphile_worker._private_jobs';
let ada: Seeded;

beforeEach(async () => {
  await emptied(databases.platform);
  ada = await seed.user();
});

/** Orders whose transaction MongoDB has refused as often as it is tried, which is once here, by their jobs' ids. */
async function parked(count: number): Promise<{ orderId: string; jobId: string }[]> {
  const orderIds: string[] = [];
  for (let at = 0; at < count; at += 1) orderIds.push(await ordered(databases.platform, ada, 'EVENTUAL'));
  await damage(databases.platform, `UPDATE ${JOBS} SET max_attempts = 1`);
  await refusing(databases.platform, async () => {
    await working(databases, () => expect.poll(countParked, { timeout: 10_000 }).toBe(count));
  });
  return Promise.all(
    orderIds.map(async (orderId) => {
      const [job] = (await remainsOf(databases.platform, orderId)).jobs;
      return { orderId, jobId: String(job?.['id']) };
    }),
  );
}

async function countParked(): Promise<number> {
  return (await new JobQueue(databases.platform.postgres).counts()).parked;
}

async function stateOf(orderId: string): Promise<unknown> {
  return (await remainsOf(databases.platform, orderId)).row?.['transactionState'];
}

describe('npm run jobs', () => {
  test('counts those that wait', async () => {
    await ordered(databases.platform, ada, 'EVENTUAL');
    expect(await jobs()).toEqual({ code: 0, printed: '\n1 job waiting, 0 parked\n' });
  });

  test('lists those that are parked, with why', async () => {
    const [{ orderId, jobId } = { orderId: '', jobId: '' }] = await parked(1);
    expect(await stateOf(orderId)).toBe('FAILED');
    const { printed } = await jobs();
    const [, counts, , headings = '', line = '', , remedy] = printed.split('\n');
    expect(counts).toBe('0 jobs waiting, 1 parked');
    expect(headings).toMatch(/^id +about +tries +last tried +last error$/);
    expect(line).toMatch(
      new RegExp(`^${jobId} +order ${orderId} +1 +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ +.*refused`),
    );
    expect(line.indexOf('order')).toBe(headings.indexOf('about'));
    expect(remedy).toBe('Once the cause is fixed: npm run jobs -- replay <id>..., or replay --all');
  });

  test('--json gives all of them to programs', async () => {
    const [{ orderId, jobId } = { orderId: '', jobId: '' }] = await parked(1);
    const { printed } = await jobs('--json');
    expect(JSON.parse(printed)).toEqual({
      waiting: 0,
      parked: [
        {
          id: jobId,
          task: 'tandem_settle_order',
          key: `order ${orderId}`,
          attempts: 1,
          lastTriedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
          lastError: expect.stringContaining('refused') as string,
        },
      ],
    });
  });

  test('does not list what was superseded, and what is being worked on', async () => {
    await ordered(databases.platform, ada, 'EVENTUAL');
    await damage(databases.platform, `UPDATE ${JOBS} SET attempts = max_attempts, key = NULL`);
    await ordered(databases.platform, ada, 'EVENTUAL');
    await damage(databases.platform, `UPDATE ${JOBS} SET attempts = max_attempts, locked_at = now() WHERE key <> ''`);
    expect(await jobs()).toEqual({ code: 0, printed: '\n1 job waiting, 0 parked\n' });
  });

  test('answers while MongoDB is away', async () => {
    const away = { ...databases, databaseUrl: databases.databaseUrl, mongodbUri: 'mongodb://127.0.0.1:1/none' };
    expect(await run(main, away)).toMatchObject({ code: 0, printed: '\n0 jobs waiting, 0 parked\n' });
  });

  test('says which setting is wrong while PostgreSQL is away', async () => {
    const away = { mongodbUri: databases.mongodbUri, databaseUrl: 'postgres://127.0.0.1:1/none' };
    await expect(run(main, away)).rejects.toMatchObject({
      code: 'POSTGRES_UNAVAILABLE',
      message: expect.stringContaining('DATABASE_URL') as string,
    });
  });
});

describe('npm run jobs -- replay', () => {
  test('puts one back, and leaves the others', async () => {
    const [one, other] = await parked(2);
    if (one === undefined || other === undefined) throw new Error('two are parked');
    expect(await jobs('replay', one.jobId)).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/^\n1 job was put back/) as string,
    });
    expect(await remainsOf(databases.platform, one.orderId)).toMatchObject({
      row: { transactionState: 'PENDING', transactionError: null },
    });
    expect(await stateOf(other.orderId)).toBe('FAILED');
    expect(await countParked()).toBe(1);
  });

  test('--all puts all back, which then succeed, now that the cause is mended', async () => {
    const all = await parked(3);
    expect(await jobs('replay', '--all')).toMatchObject({
      printed: expect.stringMatching(/^\n3 jobs were put back/) as string,
    });
    await working(databases, () =>
      expect.poll(() => jobs(), { timeout: 10_000 }).toMatchObject({ printed: '\n0 jobs waiting, 0 parked\n' }),
    );
    for (const { orderId } of all) expect(await stateOf(orderId)).toBe('RECORDED');
    expect(await auditTransactions(databases.platform)).toMatchObject({ transactions: 3, isSound: true });
  });

  test('a job that is replayed has four tries again', async () => {
    const [{ orderId } = { orderId: '' }] = await parked(1);
    await jobs('replay', '--all');
    const { jobs: rows } = await remainsOf(databases.platform, orderId);
    expect(Number(rows[0]?.['max_attempts']) - Number(rows[0]?.['attempts'])).toBe(4);
    await working(databases, () => expect.poll(() => stateOf(orderId), { timeout: 10_000 }).toBe('RECORDED'));
  });

  test('an id that no parked job has is an error, and none is put back', async () => {
    const [{ jobId, orderId } = { orderId: '', jobId: '' }] = await parked(1);
    await expect(jobs('replay', jobId, '999999')).rejects.toMatchObject({
      code: 'UNKNOWN_JOB',
      message: expect.stringMatching(/^No parked job has the id 999999\. Nothing was replayed/) as string,
    });
    expect(await stateOf(orderId)).toBe('FAILED');
  });

  test('with nothing parked, --all says so', async () => {
    expect(await jobs('replay', '--all')).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/^\nNo job is parked/) as string,
    });
    expect(JSON.parse((await jobs('replay', '--all', '--json')).printed)).toEqual({ replayed: 0 });
  });
});

test.each([['replay'], ['replay 1 --all'], ['replay x'], ['replay 0'], ['list'], ['--all'], ['--force']])(
  'npm run jobs -- %s is wrong usage',
  async (words) => {
    await expect(jobs(...words.split(' '))).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('usage: npm run jobs') as string,
    });
  },
);
