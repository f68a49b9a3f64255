import mongoose from 'mongoose';
import { expect } from 'vitest';
import { auditTransactions, type TransactionAudit } from '../../src/audit/transactions.js';
import type { TransactionMode } from '../../src/ordering/protocol.js';
import { paymentId } from '../../src/ordering/payment-id.js';
import type { Platform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import type { Seeded } from '../support/seed.js';

/** Nobody else writes: what is found need not be waited for. */
const AT_ONCE = { pause: 0 } as const;

const KINDS = ['lost', 'doubles', 'orphans', 'wrongAmounts', 'missingOrders', 'leftovers', 'strangers'] as const;

/** Both databases without orders, jobs and transactions. */
export async function emptied({ postgres, mongo }: Platform): Promise<void> {
  const tables = 'orders, tandem_idempotency_keys, tandem_tombstones, graphile_worker._private_jobs';
  await postgres.run((prisma) => prisma.$executeRawUnsafe(`TRUNCATE ${tables}`));
  await mongo.run((db) => db.collection('transactions').deleteMany({}));
}

/** An order as a client creates it, by its id. */
export async function ordered(platform: Platform, user: Seeded, transaction: TransactionMode): Promise<string> {
  const outcome = await createScope(platform).ordering.createOrder({ userId: user.id, total: '12.50', transaction });
  if (outcome.kind !== 'created') throw new Error(`the order was not created: ${outcome.kind}`);
  return outcome.order.id;
}

/** The `_id` of an order's payment. */
export function payment(orderId: string): mongoose.Types.ObjectId {
  return new mongoose.Types.ObjectId(paymentId(orderId));
}

/** Changes rows behind everybody's back. */
export function damage({ postgres }: Platform, sql: string, ...parameters: unknown[]): Promise<unknown> {
  return postgres.run((prisma) => prisma.$executeRawUnsafe(sql, ...parameters));
}

/** An audit that found one thing of this kind, and nothing else; gives that. */
export async function onlyFinding(platform: Platform, kind: (typeof KINDS)[number]) {
  const audit = await auditTransactions(platform, AT_ONCE);
  expect(countsOf(audit)).toEqual({ ...countsOf(null), [kind]: 1 });
  expect(audit.isSound).toBe(kind === 'strangers');
  return audit[kind].examples[0];
}

/** How often each thing was found. */
export function countsOf(audit: TransactionAudit | null): Readonly<Record<string, number>> {
  return Object.fromEntries(KINDS.map((kind) => [kind, audit?.[kind].count ?? 0]));
}
