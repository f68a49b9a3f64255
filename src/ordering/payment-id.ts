import { createHash } from 'node:crypto';
import type { TransactionId } from '../domains/transaction/transaction.source.js';

/**
 * The id of the transaction that is the payment of an order, whose id is in normal spelling: whoever records it, and
 * however often, there is one of it at most. The first 12 bytes of a SHA-256.
 */
export function paymentId(orderId: string): TransactionId {
  const hash = createHash('sha256').update(`payment of order ${orderId}`).digest('hex');
  return hash.slice(0, 24) as TransactionId;
}
