import { AppError, isAppError } from '../errors/app-error.js';
import type { Order, OrderId } from '../domains/order/order.source.js';
import type { OrderRepository, OrderRowChanges } from './order.repository.js';
import type { OnStep } from './protocol.js';
import type { Settlement } from './settlement.js';
import { TIMINGS } from '../platform/timings.js';

/** What became of a call to change an order. But for `updated`, nothing was written. */
export type UpdateOrderOutcome =
  | { readonly kind: 'updated'; readonly order: Order }
  | { readonly kind: 'orderNotFound'; readonly orderId: string }
  | { readonly kind: 'changedMeanwhile'; readonly order: Order };

/** Changes orders, and the amounts of their transactions with them. */
export class OrderChange {
  readonly #orders: OrderRepository;
  readonly #settlement: Settlement;
  readonly #onStep: OnStep;

  constructor(parts: { orders: OrderRepository; settlement: Settlement; onStep: OnStep }) {
    this.#orders = parts.orders;
    this.#settlement = parts.settlement;
    this.#onStep = parts.onStep;
  }

  /**
   * The order is changed, and its transaction a moment later; where MongoDB does not answer in that moment, a job does
   * it, and the order says PENDING.
   *
   * @returns null when there is no such order, or its `updatedAt` is not the expected one
   */
  async update(id: OrderId, changes: OrderRowChanges): Promise<Order | null> {
    const order = await this.#orders.update(id, changes);
    await this.#onStep('orderChanged');
    if (order === null || changes.total === null || order.transactionState !== 'PENDING') return order;
    try {
      const settled = await this.#settlement.settle(id, performance.now() + TIMINGS.ordering.amount);
      return settled.kind === 'settled' ? { ...order, ...stateOf(settled.order) } : order;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (!isAppError(error, 'WRITE_REFUSED')) return order;
      // The order was changed, whatever becomes of this; its job will note it.
      await this.#settlement.noteFailure(id, error, false).catch(() => undefined);
      return { ...order, transactionError: `${error.code}: ${error.message}` };
    }
  }
}

function stateOf({ transactionState, transactionError }: Order) {
  return { transactionState, transactionError };
}
