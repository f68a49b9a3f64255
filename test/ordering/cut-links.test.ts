import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { auditTransactions } from '../../src/audit/transactions.js';
import { AppError } from '../../src/errors/app-error.js';
import type { CreateOrder } from '../../src/ordering/checked-order.js';
import { createScope } from '../../src/scope.js';
import { CUT_CALLS } from '../support/cut-calls.js';
import { useDatabases } from '../support/databases.js';
import { useLinks } from '../support/linked-platform.js';
import { Seed } from '../support/seed.js';
import { useWorker } from '../support/worker.js';

const databases = useDatabases();
const links = useLinks(databases);
// It has links of its own, which are sound: what a call leaves is completed however the calls fare.
useWorker(databases);
const seed = new Seed(databases);

const CUT_EVERY = 150;
const AT_ONCE = 16;

/** What a client was told that was no order, by how often. */
type Told = Record<string, number>;

type Mode = 'REQUIRED' | 'EVENTUAL';

interface Acknowledged {
  readonly key: string;
  readonly id: string;
}

/** A client that knows nothing but the contract: it repeats a call with its key until it has an answer. */
async function acknowledged(userId: string, name: string, mode: Mode, told: Told): Promise<Acknowledged> {
  for (let take = 1; ;) {
    const key = `${name}, take ${take}`;
    const answer = await answerOf({ userId, total: '12.50', transaction: mode, idempotencyKey: key });
    if (answer.kind === 'created') return { key, id: answer.id };
    told[answer.code] = (told[answer.code] ?? 0) + 1;
    // Nothing is left of it, and its key keeps saying so: what is tried next is another order.
    if (answer.kind === 'transactionFailed') take += 1;
    await sleep(20);
  }
}

interface Answer {
  readonly kind: 'created' | 'transactionFailed' | 'again';
  readonly id: string;
  /** What the client is told by. */
  readonly code: string;
}

async function answerOf(input: CreateOrder): Promise<Answer> {
  try {
    const outcome = await createScope(links.platform).ordering.createOrder(input);
    if (outcome.kind === 'created') return { kind: 'created', id: outcome.order.id, code: '' };
    return { kind: outcome.kind === 'transactionFailed' ? outcome.kind : 'again', id: '', code: outcome.kind };
  } catch (error) {
    return { kind: 'again', id: '', code: error instanceof AppError ? error.code : String(error) };
  }
}

/** All the calls, so many at once, half of them in each mode. */
async function acknowledgedOrders(name: string, calls: number, told: Told): Promise<Acknowledged[]> {
  const { id: userId } = await seed.user();
  const orders: Acknowledged[] = [];
  let next = 0;
  const client = async () => {
    for (let at = next++; at < calls; at = next++) {
      orders.push(await acknowledged(userId, `${name} ${at}`, at % 2 === 0 ? 'REQUIRED' : 'EVENTUAL', told));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return orders;
}

describe.each(['postgres', 'mongo'] as const)('the link to %s is cut every 150 ms', (database) => {
  const calls = CUT_CALLS / 2;

  test(`${calls} calls, each repeated with its key until it is answered, make ${calls} orders with one transaction each`, async () => {
    const { platform } = databases;
    const told: Told = {};
    links[database].cutEvery(CUT_EVERY);
    const orders = await acknowledgedOrders(database, calls, told);
    links[database].heal();
    const { cuts } = links[database];
    process.stdout.write(
      `${database}: ${calls} calls, ${cuts} connections cut, told beside: ${JSON.stringify(told)}\n`,
    );

    expect(cuts).toBeGreaterThan(0);
    await expect.poll(() => waiting(), { timeout: 30_000 }).toBe(0);
    expect(new Set(orders.map(({ id }) => id)).size).toBe(calls);
    const rows = await platform.postgres.query(
      `SELECT "orderId"::text AS "id", "key" FROM "tandem_idempotency_keys" JOIN "orders" ON "id" = "orderId"
       WHERE "key" LIKE $1 AND "unfinished" IS NULL AND "transactionState" = 'RECORDED'`,
      `${database} %`,
    );
    const pairs = (of: readonly { readonly id?: unknown; readonly key?: unknown }[]) =>
      of.map(({ key, id }) => `${String(key)}: ${String(id)}`).sort();
    expect(pairs(rows)).toEqual(pairs(orders));
    expect(await auditTransactions(platform)).toMatchObject({ ...SOUND, promised: await ordersInTable() });
    expect(Object.keys(told).filter((code) => !CODES.includes(code))).toEqual([]);
  }, 300_000);
});

const none = { count: 0 };
const SOUND = {
  lost: none,
  doubles: none,
  orphans: none,
  wrongAmounts: none,
  missingOrders: none,
  leftovers: none,
  strangers: none,
  isSound: true,
  waiting: 0,
  parked: 0,
  unfinished: 0,
  failed: 0,
};

/** What a call that is cut may say by its contract, beside that there is an order. */
const CODES = [
  'transactionFailed',
  'userUnverifiable',
  'pending',
  'POSTGRES_UNAVAILABLE',
  'MONGO_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
];

async function waiting(): Promise<number> {
  return (await databases.platform.postgres.query('SELECT 1 FROM graphile_worker._private_jobs')).length;
}

async function ordersInTable(): Promise<number> {
  return (await databases.platform.postgres.query('SELECT 1 FROM "orders"')).length;
}
