import mongoose from 'mongoose';
import { expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { collection, countsIn } from './consistency-support.js';

const { Decimal128, ObjectId } = mongoose.mongo.BSON;

const databases = useDatabases();

/** `AUDIT_ORDERS=1000000 npm test -- test/audit/consistency-scale.test.ts` measures, and says what it has measured. */
// eslint-disable-next-line no-restricted-properties -- it is asked for by hand
const ORDERS = Number(process.env['AUDIT_ORDERS'] ?? 0);
const USERS = ORDERS / 10;
const TRANSACTIONS = ORDERS / 5;
const AT_ONCE = 10_000;
const MINUTES = 60_000;

const hex = (number: number) => number.toString(16).padStart(24, '0');
const uuid = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

async function inMongo(name: string, count: number, document: (at: number) => object): Promise<void> {
  for (let at = 0; at < count; at += AT_ONCE) {
    const documents = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, of) => document(at + of));
    await collection(databases.platform, name).insertMany(documents, { ordered: false });
  }
}

/** One order in a hundred has no user, and one copy in a hundred is stale. */
async function fill(): Promise<void> {
  await inMongo('users', USERS, (at) => ({
    _id: new ObjectId(hex(at)),
    username: `user ${at}`,
    email: `${at}@example.com`,
  }));
  await inMongo('transactions', TRANSACTIONS, (at) => ({
    ...{ _id: new ObjectId(hex(at)), orderId: uuid(at), amount: Decimal128.fromString('10.00') },
  }));
  await sql(
    databases.databaseUrl,
    `INSERT INTO users (id, "mongoId", username, email, "sourceVersion", "namedVersion", "syncedAt")
     SELECT lpad(to_hex(n), 24, '0'), lpad(to_hex(n), 24, '0'), 'user ' || CASE WHEN n % 100 = 0 THEN n + 1 ELSE n END,
       n || '@example.com', '0000000000000001', '0000000000000001', now() FROM generate_series(0, ${USERS - 1}) AS n`,
    `INSERT INTO orders (id, "userId", "orderNumber", total, "userName", "userEmail", "copiedAt", "createdAt", "updatedAt")
     SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       lpad(to_hex(CASE WHEN n % 100 = 0 THEN n + 16777216 * 16 ELSE (n * 7919::bigint) % ${USERS} END), 24, '0'), 'N' || n, 10,
       'user ' || (n * 7919::bigint) % ${USERS}, (n * 7919::bigint) % ${USERS} || '@example.com', now(), now(), now()
     FROM generate_series(0, ${ORDERS - 1}) AS n`,
    `INSERT INTO tandem_sync (source, "backfilledAt") VALUES ('users', now())`,
    'ANALYZE orders',
    'ANALYZE users',
  );
}

test.skipIf(ORDERS === 0)('many orders are audited in bounded memory', { timeout: 20 * MINUTES }, async () => {
  await fill();
  const [before, since] = [process.memoryUsage().rss, performance.now()];
  let peak = before;
  const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
  const audit = await createScope(databases.platform).audit.audit();
  clearInterval(watching);
  const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);
  process.stdout.write(
    `${ORDERS} orders, ${USERS} users, ${TRANSACTIONS} transactions: ${((performance.now() - since) / 1_000).toFixed(1)} s, ` +
      `RSS ${megabytes(before)} MB before, ${megabytes(peak)} MB at most\n`,
  );
  expect(audit).toMatchObject({ orders: ORDERS, users: USERS, copies: USERS, transactions: TRANSACTIONS });
  expect(countsIn(audit)).toEqual({ ...countsIn({}), danglingOrders: ORDERS / 100, staleCopies: USERS / 100 });
});
