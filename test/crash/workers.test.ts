import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { quiet } from '../../src/cli/demo-crash/round.js';
import type { TandemProcess } from '../../src/cli/demo-crash/tandem-process.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { Link } from '../support/link.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { report, useProcesses } from './crash-support.js';

const ORDERS = 5_000;
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
  const links = await Promise.all([Link.to(databases.mongodbUri), Link.to(databases.mongodbUri)]);
  onTestFinished(async () => {
    await Promise.all(links.map((link) => link[Symbol.asyncDispose]()));
  });
  const [frozen, killed] = links.map((link) => newProcess({ TANDEM_ROLE: 'worker', MONGODB_URI: link.url })) as [
    TandemProcess,
    TandemProcess,
  ];
  const others = [newProcess({ TANDEM_ROLE: 'worker' }), newProcess({ TANDEM_ROLE: 'worker' })];
  await Promise.all([frozen, killed, ...others].map((worker) => worker.start()));

  const held = await Promise.race([freezeAtWork(frozen, links[0]), neverEnds(placing)]);
  const continued = sleep(FROZEN).then(() => {
    frozen.signal('SIGCONT');
  });
  const inherited = await Promise.race([freezeAtWork(killed, links[1], held), neverEnds(placing)]);
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
    await expect.poll(() => lockedFor(300, others), { timeout: 30_000, interval: 50 }).not.toEqual([]);
    worker.signal('SIGSTOP');
    link.heal();
    const held = await lockedFor(300, others);
    // The others' jobs are done by then, and only this worker's remain.
    await sleep(500);
    const kept = (await lockedFor(800, others)).filter((id) => held.includes(id));
    if (kept.length > 0) return kept;
    worker.signal('SIGCONT');
  }
}

/** The jobs that some worker holds, and has held for so many milliseconds. */
async function lockedFor(milliseconds: number, others: readonly string[]): Promise<readonly string[]> {
  const rows = await sql(
    databases.databaseUrl,
    `SELECT id::text AS id FROM graphile_worker.jobs
     WHERE locked_at < clock_timestamp() - interval '${milliseconds} milliseconds'`,
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
