import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { JobHandler } from '../../src/platform/jobs/handler.js';
import { createScope } from '../../src/scope.js';
import { startWorker, type Worker } from '../../src/sync/worker.js';
import { useDatabases } from '../support/databases.js';
import { useLinks } from '../support/linked-platform.js';
import { remainsOf } from '../support/remains.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { startOrderingWorker } from '../support/worker.js';
import { useTimings } from '../support/timings.js';

useTimings({ worker: { poll: 200, rest: 200, fruitless: 600 }, presence: { interval: 300, statement: 2_000 } });
const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const jobs = () => run('SELECT * FROM graphile_worker._private_jobs ORDER BY id');
const CONNECTIONS = `FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tandem worker'`;
const END_CONNECTIONS = `SELECT pg_terminate_backend(pid) ${CONNECTIONS}`;

afterEach(() => run('DELETE FROM graphile_worker._private_jobs'));

/** An EVENTUAL order, whose job waits for a worker. */
async function order(): Promise<string> {
  const { id: userId } = await seed.user();
  const { ordering } = createScope(databases.platform);
  const outcome = await ordering.createOrder({ userId, total: '1', transaction: 'EVENTUAL' });
  if (outcome.kind !== 'created') throw new Error(`there is no order: ${JSON.stringify(outcome)}`);
  return outcome.order.id;
}

const state = async (id: string) => (await remainsOf(databases.platform, id)).row?.['transactionState'];

async function recorded(id: string, timeout: number): Promise<void> {
  await expect.poll(() => state(id), { timeout }).toBe('RECORDED');
  expect((await remainsOf(databases.platform, id)).transactions).toHaveLength(1);
}

async function idle(timeout: number): Promise<void> {
  await expect.poll(jobs, { timeout }).toEqual([]);
}

/** A worker that is stopped after the test. */
function stopped(worker: Worker): Worker {
  onTestFinished(() => worker[Symbol.asyncDispose]());
  return worker;
}

const startOn = async (platform = databases.platform) =>
  stopped(await startOrderingWorker(platform, databases.databaseUrl));

const startWith = (handlers: Readonly<Record<string, JobHandler>>, url = databases.databaseUrl) =>
  startWorker({
    url,
    schema: databases.platform.postgres.schema,
    logger: databases.platform.logger,
    handlers,
    housekeeping: () => Promise.resolve(),
  });

describe('a job', () => {
  test('that a worker held when it died is taken over within seconds', async () => {
    const id = await order();
    await run(
      `INSERT INTO tandem_workers VALUES ('died')`,
      `UPDATE graphile_worker._private_jobs SET locked_by = 'died', locked_at = now(), attempts = 1`,
    );
    await startOn();
    await recorded(id, 8_000);
    await idle(5_000);
  });

  test('that fails for good is parked after 4 attempts, and holds nothing up', async () => {
    const attempts: [number, boolean][] = [];
    const fine = vi.fn(() => Promise.resolve());
    const poison: JobHandler = (_payload, { number, isLast }) => {
      attempts.push([number, isLast]);
      return Promise.reject(new Error('poison'));
    };
    stopped(await startWith({ poison, fine }));
    await run(`SELECT graphile_worker.add_job('poison', max_attempts := 4)`);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await expect.poll(() => attempts.length, { timeout: 5_000 }).toBe(attempt);
      await run(`SELECT graphile_worker.add_job('fine')`);
      await expect.poll(() => fine.mock.calls.length, { timeout: 5_000 }).toBe(attempt);
      await expect.poll(async () => (await jobs())[0]?.['locked_at'], { timeout: 5_000 }).toBeNull();
      // The library's own pause between two attempts is not waited for.
      await run('UPDATE graphile_worker._private_jobs SET run_at = now()');
    }
    await sleep(600);
    expect(attempts).toEqual([1, 2, 3, 4].map((number) => [number, number === 4]));
    const reason = expect.stringContaining('poison') as string;
    expect(await jobs()).toMatchObject([{ attempts: 4, max_attempts: 4, last_error: reason }]);
  });

  test('waits while MongoDB is away without using up its attempts, and is done soon after it is back', async () => {
    links.mongo.refuse();
    links.mongo.cut();
    await startOn(links.platform);
    const id = await order();
    const waiting = {
      transactionState: 'PENDING',
      transactionError: expect.stringMatching(/^MONGO_UNAVAILABLE: /) as string,
    };
    await expect
      .poll(async () => (await remainsOf(databases.platform, id)).row, { timeout: 8_000 })
      .toMatchObject(waiting);
    await sleep(2_000);
    const { row, jobs: left } = await remainsOf(databases.platform, id);
    expect(row).toMatchObject(waiting);
    expect(left).toHaveLength(1);
    expect(Number(left[0]?.['attempts'])).toBeLessThan(2);
    links.mongo.heal();
    await recorded(id, 8_000);
    expect(await remainsOf(databases.platform, id)).toMatchObject({ row: { transactionError: null }, tombstones: [] });
    await idle(5_000);
  });
});

test('a job that was given to others while it was worked on stays, for what was enqueued in its place', async () => {
  const seen: unknown[] = [];
  const note: JobHandler = async ({ at }) => {
    seen.push(at);
    if (at !== 'first') return;
    await run(
      `SELECT graphile_worker.force_unlock_workers(ARRAY(SELECT locked_by FROM graphile_worker._private_jobs));
       SELECT graphile_worker.add_job('note', '{"at": "second"}', job_key := 'one', run_at := now() + interval '1 second')`,
    );
    expect(await jobs()).toHaveLength(1);
  };
  stopped(await startWith({ note }));
  await run(`SELECT graphile_worker.add_job('note', '{"at": "first"}', job_key := 'one')`);
  await expect.poll(() => seen).toEqual(['first', 'second']);
  await idle(5_000);
});

test('a worker begins again where PostgreSQL is silent on connections that are there', async () => {
  const note = vi.fn(() => sleep(50));
  stopped(await startWith({ note }, links.postgres.url));
  const many = `SELECT graphile_worker.add_job('note') FROM generate_series(1, 40)`;
  // Until it has opened as many connections as it may, and one to say that it is there.
  await expect
    .poll(
      async () => {
        await run(many);
        await idle(10_000);
        return (await run(`SELECT pid ${CONNECTIONS}`)).length;
      },
      { timeout: 30_000 },
    )
    .toBe(5);
  links.postgres.hold('requests', 'answers');
  note.mockClear();
  await run(`SELECT graphile_worker.add_job('note')`);
  // Those that are there stay silent for good, asked for jobs; new ones are answered.
  await sleep(1_500);
  links.postgres.forget();
  await expect.poll(() => note.mock.calls.length, { timeout: 28_000, interval: 200 }).toBe(1);
});

describe('a worker', () => {
  test('goes on when PostgreSQL ends its connections again and again: each job is done', async () => {
    await startOn();
    const ids: string[] = [];
    for (let round = 0; round < 15; round += 1) {
      ids.push(...(await Promise.all(Array.from({ length: 10 }, order))));
      await run(END_CONNECTIONS);
      await sleep(50);
    }
    await idle(15_000);
    for (const id of ids) await recorded(id, 1_000);
  });

  test('whose connections were ended before it got an answer begins again', async () => {
    const id = await order();
    const holder = new pg.Client(databases.databaseUrl);
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE graphile_worker._private_tasks');
      await startOn();
      const asking = `SELECT pid ${CONNECTIONS} AND wait_event_type = 'Lock' AND query LIKE '%_private_tasks%'`;
      await expect.poll(async () => (await run(asking)).length, { timeout: 3_000 }).toBe(1);
      await run(END_CONNECTIONS);
    } finally {
      await holder.end();
    }
    await recorded(id, 8_000);
    await idle(5_000);
  });

  test('whose connections break while it begins to listen again, and is stopped, ends in peace', async () => {
    const problems: unknown[] = [];
    const note = (problem: unknown) => void problems.push(problem);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const worker = await startWith({ note: () => Promise.resolve() }, links.postgres.url);
    await sleep(500);
    links.postgres.delay(400);
    links.postgres.cut();
    // Let in, and not heard yet: what it says first takes its time.
    const silent = `SELECT pid ${CONNECTIONS} AND query = ''`;
    await expect.poll(async () => (await run(silent)).length, { timeout: 5_000, interval: 20 }).toBeGreaterThan(0);
    const ended = worker[Symbol.asyncDispose]();
    await sleep(50);
    links.postgres.cut();
    links.postgres.heal();
    await ended;
    await sleep(100);
    expect(problems).toEqual([]);
  });

  test('that was idle when its connections were ended hears of the next job', async () => {
    await startOn();
    await recorded(await order(), 5_000);
    await run(END_CONNECTIONS);
    await sleep(1_000);
    await recorded(await order(), 8_000);
    await idle(5_000);
  });

  test('lets a job under way finish when it is disposed of, and leaves no connection and no name', async () => {
    let finish: () => void = () => undefined;
    const slow = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    await run('DELETE FROM tandem_workers');
    const worker = await startWith({ slow });
    await run(`SELECT graphile_worker.add_job('slow')`);
    await expect.poll(() => slow.mock.calls.length, { timeout: 5_000 }).toBe(1);
    setTimeout(() => {
      finish();
    }, 500);
    await worker[Symbol.asyncDispose]();
    expect(await jobs()).toEqual([]);
    expect(await run('SELECT id FROM tandem_workers')).toEqual([]);
    await expect.poll(() => run(`SELECT pid ${CONNECTIONS}`), { timeout: 3_000 }).toEqual([]);
  });

  test('is not started where nobody lets it in, and leaves no connection', async () => {
    const nobody = new URL(databases.databaseUrl);
    nobody.pathname = '/no_such_database';
    await expect(startWith({}, nobody.href)).rejects.toThrow('does not exist');
    await expect.poll(() => run(`SELECT pid ${CONNECTIONS}`), { timeout: 3_000 }).toEqual([]);
  });
});

test('several workers share the jobs, and do each once', async () => {
  const done: string[] = [];
  const note: JobHandler = ({ at }) => {
    done.push(String(at));
    return sleep(1);
  };
  for (let at = 0; at < 3; at += 1) stopped(await startWith({ note }));
  await run(`SELECT graphile_worker.add_job('note', json_build_object('at', at)) FROM generate_series(1, 300) AS at`);
  await idle(10_000);
  expect(done).toHaveLength(300);
  expect(new Set(done).size).toBe(300);
});
