import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { Presence } from '../../src/sync/presence.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { useTimings } from '../support/timings.js';

useTimings({ presence: { interval: 200 } });
const databases = useDatabases();

/** As processes of every version have to mean it: the class is "tand", in ASCII. */
const LOCK = `SELECT pg_advisory_lock(x'74616e64'::int, hashtext($1))`;

/** Longer than two looks at the workers. */
const A_WHILE = 700;

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const presence of opened.splice(0)) await presence[Symbol.asyncDispose]();
  await sql(databases.databaseUrl, 'DELETE FROM graphile_worker._private_jobs', 'DELETE FROM tandem_workers');
});

async function announced(name = `worker-${randomUUID()}`): Promise<string> {
  const { databaseUrl, platform } = databases;
  const presence = new Presence({ url: databaseUrl, schema: platform.postgres.schema, logger: createLogger('silent') });
  opened.push(presence);
  await presence.announce(name);
  return name;
}

/** A job that the worker holds. */
async function jobOf(worker: string): Promise<string> {
  const { databaseUrl } = databases;
  const [job] = await sql(databaseUrl, `SELECT (graphile_worker.add_job('anything')).id::text AS "id"`);
  const id = String(job?.['id']);
  await sql(
    databaseUrl,
    `UPDATE graphile_worker._private_jobs SET locked_by = '${worker}', locked_at = now(), attempts = 1 WHERE id = ${id}`,
  );
  return id;
}

async function holder(job: string): Promise<unknown> {
  const [row] = await sql(
    databases.databaseUrl,
    `SELECT locked_by FROM graphile_worker._private_jobs WHERE id = ${job}`,
  );
  return row?.['locked_by'];
}

const workers = async () => (await sql(databases.databaseUrl, 'SELECT id FROM tandem_workers')).map(({ id }) => id);

/** A worker in a process of its own, which has said that it is there, and holds its lock. */
async function stranger(name: string, seenBefore = 0): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: databases.databaseUrl });
  await client.connect();
  await client.query(LOCK, [name]);
  await client.query(`INSERT INTO tandem_workers VALUES ($1, now() - make_interval(secs => $2))`, [name, seenBefore]);
  return { [Symbol.asyncDispose]: () => client.end() };
}

test('a worker is known from before it takes a job until it stops', async () => {
  const name = await announced();
  expect(await workers()).toEqual([name]);
  await opened.pop()?.[Symbol.asyncDispose]();
  expect(await workers()).toEqual([]);
});

test('what a worker that is gone has held is given back within seconds, and the worker is forgotten', async () => {
  const job = await jobOf('gone');
  await sql(databases.databaseUrl, `INSERT INTO tandem_workers VALUES ('gone')`);
  const name = await announced();
  await expect.poll(() => holder(job), { timeout: 5_000 }).toBeNull();
  await expect.poll(workers, { timeout: 5_000 }).toEqual([name]);
});

test('what a worker that lives holds stays its own, whoever looks, until it is gone', async () => {
  const living = await stranger('living');
  const own = await announced();
  await announced();
  const [first, second] = [await jobOf('living'), await jobOf(own)];
  await sleep(A_WHILE);
  expect([await holder(first), await holder(second)]).toEqual(['living', own]);
  await living[Symbol.asyncDispose]();
  await expect.poll(() => holder(first), { timeout: 5_000 }).toBeNull();
  expect(await holder(second)).toBe(own);
});

test('what a worker that is frozen has held is given back, and the worker stays known', async () => {
  const frozen = await stranger('frozen', 31);
  const job = await jobOf('frozen');
  await announced();
  await expect.poll(() => holder(job), { timeout: 5_000 }).toBeNull();
  expect(await workers()).toContain('frozen');
  await frozen[Symbol.asyncDispose]();
});

test('a worker whose connection was ended takes its lock again, and is known', async () => {
  const name = await announced();
  await sql(
    databases.databaseUrl,
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = x'74616e64'::int
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    'DELETE FROM tandem_workers',
  );
  await expect.poll(workers, { timeout: 5_000 }).toEqual([name]);
  const job = await jobOf(name);
  await announced();
  await sleep(A_WHILE);
  expect(await holder(job)).toBe(name);
});

test('a worker that others took for dead, although it lives, is known again', async () => {
  const name = await announced();
  await sql(databases.databaseUrl, 'DELETE FROM tandem_workers');
  await expect.poll(workers).toEqual([name]);
});

test('what a worker holds that died before anybody knew it is given back; what is not ours stays', async () => {
  const [ours, others] = [await jobOf('unknown'), await jobOf('others')];
  await sql(
    databases.databaseUrl,
    `UPDATE graphile_worker._private_jobs SET locked_at = now() - interval '31 seconds'`,
    `UPDATE graphile_worker._private_jobs SET task_id =
       (SELECT task_id FROM graphile_worker.add_job('tandem_settle_order', job_key := 'named'))
     WHERE id = ${ours}`,
  );
  await announced();
  await expect.poll(() => holder(ours)).toBeNull();
  expect(await holder(others)).toBe('others');
});
