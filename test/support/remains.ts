import mongoose from 'mongoose';
import { paymentId } from '../../src/ordering/payment-id.js';
import type { Platform } from '../../src/platform/platform.js';

type Fields = Record<string, unknown>;

/** What lies in the databases of an order, whether the graph shows it or not. */
export interface Remains {
  readonly row: Fields | null;
  /** Those that people see. */
  readonly transactions: readonly Fields[];
  readonly tombstones: readonly Fields[];
  readonly jobs: readonly Fields[];
}

/** All that is left of an order. */
export async function remainsOf({ postgres, mongo }: Platform, orderId: string): Promise<Remains> {
  const [row = null] = await postgres.query('SELECT * FROM "orders" WHERE "id" = $1::uuid', orderId);
  const _id = keyOf(orderId);
  const documents = await mongo.run((db) =>
    db
      .collection('transactions')
      .find({ $or: [{ _id }, { orderId }] })
      .toArray(),
  );
  const jobs = await postgres.query('SELECT * FROM graphile_worker._private_jobs WHERE "key" = $1', `order ${orderId}`);
  const isTombstone = (document: Fields) => document['voidedAt'] !== undefined;
  return {
    row,
    transactions: documents.filter((document) => !isTombstone(document)),
    tombstones: documents.filter(isTombstone),
    jobs,
  };
}

/** Under which the order's transaction lies in MongoDB. */
export function keyOf(orderId: string): mongoose.Types.ObjectId {
  return new mongoose.Types.ObjectId(paymentId(orderId));
}

/** The order that was written, or is being written, for an idempotency key. */
export async function orderIdOf({ postgres }: Platform, key: string): Promise<string> {
  const [row] = await postgres.query(
    'SELECT "orderId"::text AS "id" FROM "tandem_idempotency_keys" WHERE "key" = $1',
    key,
  );
  if (typeof row?.['id'] !== 'string') throw new Error(`no order was begun for the key ${key}`);
  return row['id'];
}

/** Runs `work` while MongoDB refuses every document of `transactions` that the validator does not know. */
export async function refusing<T>(
  { mongo }: Platform,
  work: () => Promise<T>,
  validator: Fields = NOTHING,
): Promise<T> {
  await setValidator(mongo, validator);
  try {
    return await work();
  } finally {
    await setValidator(mongo, {});
  }
}

/** Neither a transaction nor a tombstone of ours has it. */
const NOTHING: Fields = { approvedBy: { $exists: true } };

async function setValidator(mongo: Platform['mongo'], validator: Fields): Promise<void> {
  await mongo.run(async (db) => {
    await db.createCollection('transactions').catch(() => undefined);
    await db.command({ collMod: 'transactions', validator });
  });
}
