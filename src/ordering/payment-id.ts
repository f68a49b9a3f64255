import { createHash } from 'node:crypto';
import type { OrderId } from '../domains/order/order.source.js';
import type { TransactionId } from '../domains/transaction/transaction.source.js';

/**
 * The id of the transaction that is an order's payment: whoever records it, and however often, there is one of it at
 * most. The first 12 bytes of a SHA-256.
 */
export function paymentId(orderId: OrderId): TransactionId {
  const hash = createHash('sha256').update(`payment of order ${orderId}`).digest('hex');
  return hash.slice(0, 24) as TransactionId;
}
