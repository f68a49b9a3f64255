import { AppError, isAppError, isPassing } from '../errors/app-error.js';
import type { Order, OrderId } from '../domains/order/order.source.js';
import { untilKnown } from './certainty.js';
import type { KeptRows, RepairId } from './kept-rows.js';
import type { OrderRepository } from './order.repository.js';
import type { OnStep } from './protocol.js';
import type { Settlement } from './settlement.js';
import { TIMINGS } from '../platform/timings.js';

/** What became of a call to delete an order. */
export type DeleteOrderOutcome =
  | { readonly kind: 'deleted'; readonly order: Order }
  | { readonly kind: 'orderNotFound'; readonly orderId: string }
  /** MongoDB would not let the transactions go: the order stays, and they with it. */
  | { readonly kind: 'transactionsKept'; readonly because: AppError }
  /** Nobody sees the order any more; it and its transactions go as soon as both databases answer. */
  | { readonly kind: 'pending' }
  /** PostgreSQL's connection broke, and whether the deletion has begun is not known: the same call says more. */
  | { readonly kind: 'unknown' };

/** Deletes orders, and their transactions with them. */
export class OrderRemoval {
  readonly #orders: OrderRepository;
  readonly #settlement: Settlement;
  readonly #kept: KeptRows;
  readonly #onStep: OnStep;

  constructor(parts: { orders: OrderRepository; settlement: Settlement; kept: KeptRows; onStep: OnStep }) {
    this.#orders = parts.orders;
    this.#settlement = parts.settlement;
    this.#kept = parts.kept;
    this.#onStep = parts.onStep;
  }

  /**
   * @param repairId of a repair: keeps the row and its transactions whole under this entry before they go
   * @throws {AppError} POSTGRES_UNAVAILABLE, WRITE_REFUSED and READ_ONLY when nothing was deleted
   */
  async delete(id: OrderId, repairId: RepairId | null = null): Promise<DeleteOrderOutcome> {
    const until = performance.now() + TIMINGS.ordering.call;
    const begun = await this.#begin(id, until, repairId);
    if (begun === 'unknown' || begun === 'pending') return { kind: begun };
    if (begun === null) return { kind: 'orderNotFound', orderId: id };
    await this.#onStep('orderHidden');
    try {
      const settled = await this.#settlement.settle(id, until);
      switch (settled.kind) {
        case 'absent':
          return { kind: 'deleted', order: begun };
        case 'kept':
          return { kind: 'transactionsKept', because: settled.because };
        case 'settled':
          // Somebody else could not delete it either.
          return { kind: 'transactionsKept', because: new AppError('MONGO_UNAVAILABLE', 'MongoDB does not answer') };
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { kind: 'pending' };
    }
  }

  /** Hides the order; who finds it hidden already, by an attempt of its own or by somebody else, goes on with that. */
  async #begin(id: OrderId, until: number, repairId: RepairId | null): Promise<Order | 'pending' | 'unknown' | null> {
    const keep = repairId === null ? null : { repairId, orders: await this.#kept.orders() };
    const attempts = { areRepeated: false };
    try {
      const order = await untilKnown((isRepeated) => {
        attempts.areRepeated = isRepeated;
        return this.#orders.beginDelete(id, keep);
      }, until);
      if (order !== null) return order;
      const hidden = await this.#orders.find(id);
      if (hidden?.unfinished === 'DELETE') return hidden;
      // An attempt before may have hidden it, and a job have deleted it since.
      return attempts.areRepeated ? 'pending' : null;
    } catch (error) {
      if (isAppError(error, 'OUTCOME_UNKNOWN') || (attempts.areRepeated && isPassing(error))) return 'unknown';
      throw error;
    }
  }
}
