import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { quiet } from '../../src/cli/demo-crash/round.js';
import type { TandemProcess } from '../../src/cli/demo-crash/tandem-process.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
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
  // With so much to do from the beginning, each worker has its hands full.
  while (orders.placed < ORDERS / 2) await sleep(20);
  const workers = [1, 2, 3, 4].map(() => newProcess({ TANDEM_ROLE: 'worker' }));
  await Promise.all(workers.map((worker) => worker.start()));
  const [frozen, killed] = workers as [TandemProcess, TandemProcess];

  const held = await freezeAtWork(frozen);
  const continued = sleep(FROZEN).then(() => {
    frozen.signal('SIGCONT');
  });
  const inherited = await freezeAtWork(killed, held);
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

/** So many, and more until they are enough: workers have to be found at work. */
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

/**
 * Stops a worker that holds jobs, and says which: those that stay locked while the other workers go on.
 *
 * @param others jobs that another one holds
 */
async function freezeAtWork(worker: TandemProcess, others: readonly string[] = []): Promise<readonly string[]> {
  for (;;) {
    worker.signal('SIGSTOP');
    const [{ now } = {}] = await sql(databases.databaseUrl, 'SELECT clock_timestamp()::text AS now');
    await sleep(500);
    const rows = await sql(
      databases.databaseUrl,
      `SELECT id::text AS id FROM graphile_worker.jobs WHERE locked_at < '${String(now)}'`,
    );
    const held = rows.map(({ id }) => String(id)).filter((id) => !others.includes(id));
    if (held.length > 0) return held;
    worker.signal('SIGCONT');
    await sleep(50);
  }
}

async function stillThere(ids: readonly string[]): Promise<readonly string[]> {
  const rows = await databases.platform.postgres.query(
    'SELECT "id"::text AS "id" FROM graphile_worker."jobs" WHERE "id" = ANY($1::bigint[])',
    ids,
  );
  return rows.map(({ id }) => String(id));
}
