import { AppError, isAppError } from '../errors/app-error.js';
import type { Order, OrderId } from '../domains/order/order.source.js';
import type { OrderRepository, OrderRowChanges } from './order.repository.js';
import type { OnStep } from './protocol.js';
import type { Settlement } from './settlement.js';
import type { TransactionRepository } from './transaction.repository.js';
import { TIMINGS } from '../platform/timings.js';

/** What became of a call to change an order. But for `updated`, nothing was written. */
export type UpdateOrderOutcome =
  | { readonly kind: 'updated'; readonly order: Order }
  | { readonly kind: 'orderNotFound'; readonly orderId: string }
  | { readonly kind: 'changedMeanwhile'; readonly order: Order };

/** Changes orders, and the amounts of their transactions with them. */
export class OrderChange {
  readonly #orders: OrderRepository;
  readonly #transactions: Pick<TransactionRepository, 'mayDouble' | 'refuseDoubling'>;
  readonly #settlement: Settlement;
  readonly #onStep: OnStep;

  constructor(parts: {
    orders: OrderRepository;
    transactions: Pick<TransactionRepository, 'mayDouble' | 'refuseDoubling'>;
    settlement: Settlement;
    onStep: OnStep;
  }) {
    this.#orders = parts.orders;
    this.#transactions = parts.transactions;
    this.#settlement = parts.settlement;
    this.#onStep = parts.onStep;
  }

  /**
   * The order is changed, and its transaction a moment later; where MongoDB does not answer in that moment, a job does
   * it, and the order says PENDING.
   *
   * @returns null when there is no such order, or its `updatedAt` is not the expected one
   * @throws {AppError} NOT_UNIQUE where several rows have the id, or the new amount could be recorded beside the old one;
   * else as {@link OrderRepository.update} does
   */
  async update(id: OrderId, changes: OrderRowChanges): Promise<Order | null> {
    if (changes.total !== null && this.#transactions.mayDouble) await this.#refuseAmount(id);
    const order = await this.#orders.update(id, changes);
    await this.#onStep('orderChanged');
    if (order === null || changes.total === null || order.transactionState !== 'PENDING') return order;
    try {
      const settled = await this.#settlement.settle(id, performance.now() + TIMINGS.ordering.amount);
      return settled.kind === 'settled' ? { ...order, ...stateOf(settled.order) } : order;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (!isAppError(error, 'WRITE_REFUSED') && !isAppError(error, 'NOT_UNIQUE')) return order;
      // The order was changed, whatever becomes of this; its job will note it.
      await this.#settlement.noteFailure(id, error, false).catch(() => undefined);
      return { ...order, transactionError: `${error.code}: ${error.message}` };
    }
  }

  /** An order that promises no transaction is changed alone. @throws {AppError} NOT_UNIQUE; POSTGRES_UNAVAILABLE */
  async #refuseAmount(id: OrderId): Promise<void> {
    const order = await this.#orders.find(id);
    if (order === null || order.transactionState === 'NONE') return;
    this.#transactions.refuseDoubling('recording the amount of an order');
  }
}

function stateOf({ transactionState, transactionError }: Order) {
  return { transactionState, transactionError };
}
