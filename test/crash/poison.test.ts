import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { auditTransactions } from '../../src/audit/transactions.js';
import { replay } from '../../src/cli/jobs/replay.js';
import { JobQueue } from '../../src/platform/jobs/job-queue.js';
import { quiet } from '../../src/cli/demo-crash/round.js';
import { useDatabases } from '../support/databases.js';
import { createScope } from '../../src/scope.js';
import { rounds } from '../support/long.js';
import { Seed } from '../support/seed.js';
import { allowAll, refuseAmount, report, useProcesses } from './crash-support.js';

const ORDERS = rounds(300, 1_000);
const PER_SECOND = 60;
const AT_ONCE = 4;
const POISON = '66.66';

const databases = useDatabases();
const seed = new Seed(databases);
const newProcess = useProcesses(databases);

test(`one poison job in ${ORDERS} holds nothing else up, is parked, and is done once its cause is mended`, async () => {
  await refuseAmount(databases.platform, POISON);
  await newProcess({ TANDEM_ROLE: 'worker' }).start();
  const ada = await seed.user();
  const poison = await place(ada.id, POISON);
  const startedAt = performance.now();
  const delays = await delaysOf(ada.id);
  const [p50, p95, longest] = [0.5, 0.95, 1].map((share) => delays[Math.ceil(delays.length * share) - 1] ?? NaN);
  expect(delays).toHaveLength(ORDERS - 1);
  // All others are done, and it is tried still.
  expect(await stateOf(poison)).toEqual({
    state: 'PENDING',
    error: expect.stringMatching(/^WRITE_REFUSED: /) as string,
  });

  await expect.poll(() => stateOf(poison), { timeout: 60_000, interval: 250 }).toMatchObject({ state: 'FAILED' });
  const parkedAfter = (performance.now() - startedAt) / 1_000;
  expect(await auditTransactions(databases.platform)).toMatchObject({ parked: 1, failed: 1, waiting: 0 });

  await allowAll(databases.platform);
  expect(await replay(new JobQueue(databases.platform.postgres), null)).toBe(1);
  await expect.poll(() => stateOf(poison), { timeout: 10_000 }).toEqual({ state: 'RECORDED', error: null });
  expect(await quiet(databases.platform)).toMatchObject({
    orders: ORDERS,
    transactions: ORDERS,
    parked: 0,
    isSound: true,
  });
  const times = [p50, p95, longest].map((time) => Math.round(time ?? NaN)).join(', ');
  report(
    `poison: ${ORDERS} EVENTUAL orders at ${PER_SECOND} a second; the others RECORDED ${times} ms (p50, p95, longest) ` +
      `after their answer; the poison FAILED after ${parkedAfter.toFixed(1)} s, and RECORDED after its replay`,
  );
});

async function place(userId: string, total: string): Promise<string> {
  const outcome = await createScope(databases.platform).ordering.createOrder({
    userId,
    total,
    transaction: 'EVENTUAL',
  });
  if (outcome.kind !== 'created') throw new Error(`no order: ${outcome.kind}`);
  return outcome.order.id;
}

/** How long each order waited from its answer until it was seen RECORDED, in milliseconds, in order. */
async function delaysOf(userId: string): Promise<readonly number[]> {
  const waiting = new Map<string, number>();
  const delays: number[] = [];
  const placing = placeAll(userId, (id) => waiting.set(id, performance.now()));
  const isPlaced = placing.then(
    () => true,
    () => true,
  );
  for (let isLast = false; !isLast || waiting.size > 0;) {
    isLast = await Promise.race([isPlaced, sleep(20, false)]);
    const asked = [...waiting];
    const rows = await databases.platform.postgres.query(
      `SELECT "id"::text AS "id" FROM "orders" WHERE "transactionState" <> 'RECORDED'`,
    );
    const unrecorded = new Set(rows.map(({ id }) => id));
    for (const [id, since] of asked.filter(([id]) => !unrecorded.has(id))) {
      waiting.delete(id);
      delays.push(performance.now() - since);
    }
  }
  await placing;
  return delays.sort((a, b) => a - b);
}

/** So many a second at most. */
async function placeAll(userId: string, onPlaced: (id: string) => void): Promise<void> {
  const beganAt = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < ORDERS - 1; at = next++) {
      const due = beganAt + (at * 1_000) / PER_SECOND;
      await sleep(Math.max(0, due - performance.now()));
      onPlaced(await place(userId, '10.00'));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function stateOf(id: string) {
  const [row] = await databases.platform.postgres.query(
    'SELECT "transactionState" AS "state", "transactionError" AS "error" FROM "orders" WHERE "id" = $1::uuid',
    id,
  );
  return row;
}
