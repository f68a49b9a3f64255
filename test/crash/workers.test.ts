import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { quiet } from '../../src/cli/demo-crash/round.js';
import type { TandemProcess } from '../../src/cli/demo-crash/tandem-process.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { Link } from '../support/link.js';
import { rounds } from '../support/long.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { report, useProcesses } from './crash-support.js';

const ORDERS = rounds(1_500, 5_000);
const AT_ONCE = 16;

/** How long a worker is stopped, in milliseconds: so long that its jobs are given to others meanwhile. */
const FROZEN = 35_000;

const databases = useDatabases();
const seed = new Seed(databases);
const newProcess = useProcesses(databases);

const TITLE = `four workers, one of them stopped for a while and one killed, do ${ORDERS} jobs, and nothing twice`;

test(TITLE, { timeout: 600_000 }, async () => {
  const ada = await seed.user();
  const orders = { placed: 0, areEnough: false };
  const placing = placeAll(ada.id, orders);
  await using toFrozen = await Link.to(databases.mongodbUri);
  await using toKilled = await Link.to(databases.mongodbUri);
  const newWorker = (settings = {}) => newProcess({ TANDEM_ROLE: 'worker', ...settings });
  const frozen = newWorker({ MONGODB_URI: toFrozen.url });
  const killed = newWorker({ MONGODB_URI: toKilled.url });
  await Promise.all([frozen, killed, newWorker(), newWorker()].map((worker) => worker.start()));

  const held = await Promise.race([freezeAtWork(frozen, toFrozen), neverEnds(placing)]);
  const continued = sleep(FROZEN).then(() => {
    frozen.signal('SIGCONT');
  });
  const inherited = await Promise.race([freezeAtWork(killed, toKilled, held), neverEnds(placing)]);
  orders.areEnough = true;
  await killed.kill();
  const killedAt = performance.now();
  await expect.poll(() => stillThere(inherited), { timeout: 10_000, interval: 50 }).toEqual([]);
  const takenOverAfter = (performance.now() - killedAt) / 1_000;
  await Promise.all([placing, continued]);

  const audit = await quiet(databases.platform);
  const [{ recorded } = {}] = await sql(
    databases.databaseUrl,
    `SELECT count(*)::int AS recorded FROM orders WHERE "transactionState" = 'RECORDED'`,
  );
  report(
    `4 workers: ${String(recorded)} of ${orders.placed} RECORDED, ${audit.doubles.count} double, ${audit.lost.count} lost, ` +
      `${audit.orphans.count} orphans; one held ${held.length} jobs when it was stopped for ${FROZEN / 1_000} s, ` +
      `${inherited.length} of one that was killed were done ${takenOverAfter.toFixed(1)} s later`,
  );
  expect(recorded).toBe(orders.placed);
  expect(audit).toMatchObject({
    orders: orders.placed,
    transactions: orders.placed,
    waiting: 0,
    parked: 0,
    failed: 0,
    isSound: true,
  });
});

/** So many, and more until they are enough: the workers need something to hold. */
async function placeAll(userId: string, orders: { placed: number; areEnough: boolean }): Promise<void> {
  const lane = async (): Promise<void> => {
    while (orders.placed < ORDERS || !orders.areEnough) {
      orders.placed += 1;
      const input = { userId, total: '10.00', transaction: 'EVENTUAL' } as const;
      const { kind } = await createScope(databases.platform).ordering.createOrder(input);
      if (kind !== 'created') throw new Error(`no order: ${kind}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Fails when the work does: what waits for something that comes of it would wait for ever. */
async function neverEnds(work: Promise<void>): Promise<never> {
  await work;
  throw new Error('it has ended before its time');
}

/**
 * Stops a worker that holds jobs, and says which. They come to where MongoDB is written, and stay there while the link is
 * held; what they have asked for arrives once the worker is stopped.
 *
 * @param link of the worker, to MongoDB
 * @param others jobs that another one holds
 */
async function freezeAtWork(
  worker: TandemProcess,
  link: Link,
  others: readonly string[] = [],
): Promise<readonly string[]> {
  for (;;) {
    link.hold('requests');
    const awhileAgo = "clock_timestamp() - interval '300 milliseconds'";
    await expect.poll(() => lockedBefore(awhileAgo, others), { timeout: 30_000, interval: 50 }).not.toEqual([]);
    worker.signal('SIGSTOP');
    const [{ now } = {}] = await sql(databases.databaseUrl, 'SELECT clock_timestamp()::text AS now');
    link.heal();
    // By then the other workers have done theirs.
    await sleep(500);
    const held = await lockedBefore(`'${String(now)}'`, others);
    if (held.length > 0) return held;
    worker.signal('SIGCONT');
  }
}

/** The jobs that some worker took before a time, and still has. @param time as SQL */
async function lockedBefore(time: string, others: readonly string[]): Promise<readonly string[]> {
  const rows = await sql(
    databases.databaseUrl,
    `SELECT id::text AS id FROM graphile_worker.jobs WHERE locked_at < ${time}`,
  );
  return rows.map(({ id }) => String(id)).filter((id) => !others.includes(id));
}

async function stillThere(ids: readonly string[]): Promise<readonly string[]> {
  const rows = await databases.platform.postgres.query(
    'SELECT "id"::text AS "id" FROM graphile_worker."jobs" WHERE "id" = ANY($1::bigint[])',
    ids,
  );
  return rows.map(({ id }) => String(id));
}
