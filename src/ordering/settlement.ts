import { AppError } from '../errors/app-error.js';
import type { Order, OrderId } from '../domains/order/order.source.js';
import type { UserId } from '../domains/user/user.source.js';
import { certain, isFinal, isRefusal, type Certainty } from './certainty.js';
import type { HeldOrderRepository } from './held-order.repository.js';
import type { KeptRows, RepairId } from './kept-rows.js';
import type { HeldOrder } from './order-rows.js';
import type { OnStep } from './protocol.js';
import type { KeepTransactions, RecordedTransaction, TransactionRepository } from './transaction.repository.js';
import { TIMINGS } from '../platform/timings.js';

/** Where an order stands after it was settled. */
export type Settled =
  /** As it was promised; by whomever. */
  | { readonly kind: 'settled'; readonly order: Order }
  /** It was taken back, or deleted; by whomever. */
  | { readonly kind: 'absent' }
  /** It was to be deleted, and stays. */
  | { readonly kind: 'kept'; readonly because: AppError };

/** What becomes of a client's order that was taken back. */
export interface TransactionFailed {
  readonly kind: 'transactionFailed';
  readonly reason: string;
}

const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 500;

/**
 * Brings what MongoDB has of an order in line with what PostgreSQL has promised, whatever was done of it before and by
 * whom: the calls that write orders, the jobs that complete what a call has left, and a client that asks again all do
 * it alike. One at a time has the order, by a lease in its row; who finds a lease that has run out knows that somebody
 * died, or gave up, with something on its way.
 *
 * What may have been written is never guessed. It is written again, under the same key, until the answer is certain;
 * and before an order is taken back whose transaction may still arrive, its key is taken.
 */
export class Settlement {
  readonly #orders: HeldOrderRepository;
  readonly #transactions: TransactionRepository;
  readonly #kept: KeptRows;
  readonly #onStep: OnStep;

  constructor(parts: {
    heldOrders: HeldOrderRepository;
    transactions: TransactionRepository;
    kept: KeptRows;
    onStep: OnStep;
  }) {
    this.#orders = parts.heldOrders;
    this.#transactions = parts.transactions;
    this.#kept = parts.kept;
    this.#onStep = parts.onStep;
  }

  /**
   * @param until until when what is not known is tried again, and others are waited for, by `performance.now()`
   * @throws {AppError} MONGO_UNAVAILABLE, POSTGRES_UNAVAILABLE and OUTCOME_UNKNOWN when it is to be tried again;
   * WRITE_REFUSED and READ_ONLY when MongoDB will not have it
   */
  async settle(id: OrderId, until: number): Promise<Settled> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const acquired = await this.#orders.acquire(id);
      if (acquired.kind === 'held') return this.settleHeld(acquired.held, until);
      if (acquired.kind !== 'busy') return acquired;
      if (performance.now() + pause > until) throw somebodyElse();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** The same for who has the order already. @throws {AppError} as {@link settle} does */
  async settleHeld(held: HeldOrder, until: number): Promise<Settled> {
    const state = { isCertain: !held.isAbandoned };
    try {
      return await this.#settleBy(held, until, state);
    } catch (error) {
      await this.#orders.release(held, state.isCertain).catch(() => undefined);
      throw error;
    }
  }

  #settleBy(held: HeldOrder, until: number, state: Certainty): Promise<Settled> {
    switch (held.unfinished) {
      case 'CREATE':
        return this.#complete(held, until, state);
      case 'DELETE':
        return this.#remove(held, until, state);
      case null:
        return this.#record(held, until, state);
    }
  }

  /** Notes that an order cannot be settled, for people to see. */
  async noteFailure(id: OrderId, error: unknown, isParked: boolean): Promise<void> {
    const reason = error instanceof AppError ? `${error.code}: ${error.message}` : 'INTERNAL_SERVER_ERROR';
    await this.#orders.failing(id, reason, isParked);
  }

  /** An order that nobody sees yet: its transaction, then the order; or neither. */
  async #complete(held: HeldOrder, until: number, state: Certainty): Promise<Settled> {
    if (held.age > TIMINGS.ordering.forward / 1_000) {
      const takenBack = await this.#takeBack(held, tooLate(), state);
      if (takenBack !== null) return takenBack;
    }
    const transaction = transactionOf(held.order);
    try {
      const outcome = await certain((patience) => this.#transactions.record(transaction, patience), until, state);
      if (outcome === 'voided') return await this.#cancel(held, tooLate(), true);
    } catch (error) {
      if (!isFinal(error, state)) throw error;
      await this.#onStep('transactionRefused');
      const takenBack = await this.#takeBack(held, error, state);
      if (takenBack === null) throw error;
      return takenBack;
    }
    const known = { ...state };
    // Should it not be finished here: whoever takes the order next has to know that its transaction may be there.
    state.isCertain = false;
    await this.#onStep('transactionRecorded');
    return this.#finish(held, known);
  }

  async #finish(held: HeldOrder, { isCertain }: Readonly<Certainty>): Promise<Settled> {
    const completed = await this.#orders.finishCreate(held, isCertain);
    if (completed === null) throw somebodyElse();
    await this.#onStep('orderCompleted');
    return { kind: 'settled', order: completed };
  }

  /**
   * What may still arrive is kept out first; what has arrived all the same settles it the other way.
   *
   * @returns null where it cannot be kept out, for a collection's own rules refuse tombstones: then there is only forward
   */
  async #takeBack(held: HeldOrder, because: AppError, state: Readonly<Certainty>): Promise<Settled | null> {
    if (state.isCertain) return this.#cancel(held, because, false);
    switch (await this.#takeKey(held.order, because)) {
      case 'recorded':
        return this.#finish(held, state);
      case 'taken':
        return this.#cancel(held, because, true);
      case 'refused':
        return null;
    }
  }

  async #takeKey(order: Order, because: AppError): Promise<'taken' | 'recorded' | 'refused'> {
    try {
      const taken = await this.#transactions.takeKey(transactionOf(order));
      await this.#onStep('keyTaken');
      return taken;
    } catch (error) {
      // The rules that refuse a transaction refuse the one that is on its way, too.
      if (isRefusal(error)) return isRefusal(because) ? 'taken' : 'refused';
      throw error;
    }
  }

  async #cancel(held: HeldOrder, because: AppError, hasTombstone: boolean): Promise<Settled> {
    const outcome: TransactionFailed = { kind: 'transactionFailed', reason: `${because.code}: ${because.message}` };
    const cancelled = await this.#orders.cancelCreate(held, outcome, hasTombstone);
    if (cancelled === null) throw somebodyElse();
    await this.#onStep('orderTakenBack');
    return { kind: 'absent' };
  }

  /** An order that everybody sees: its transaction, with the amount that the order has. */
  async #record(held: HeldOrder, until: number, state: Certainty): Promise<Settled> {
    const transaction = transactionOf(held.order);
    const outcome = await certain((patience) => this.#transactions.record(transaction, patience), until, state);
    if (outcome === 'voided') throw new AppError('CONFLICT', "this order's transaction was cancelled");
    await this.#onStep('amountRecorded');
    const order = await this.#orders.recorded(held, state.isCertain);
    if (order === null) throw somebodyElse();
    await this.#onStep('recordingNoted');
    return { kind: 'settled', order };
  }

  /** An order that nobody sees any more: its transactions, then the order. */
  async #remove(held: HeldOrder, until: number, state: Certainty): Promise<Settled> {
    const transaction = transactionOf(held.order);
    const keepsKey = !state.isCertain;
    const repairId = await this.#kept.repairOf(held.order.id);
    const keep = repairId === null ? null : keepingUnder(this.#kept, repairId, state);
    try {
      await certain((patience) => this.#transactions.deleteOf(transaction, { keepsKey, keep }, patience), until, state);
    } catch (error) {
      // What may have been deleted cannot be had back.
      if (!isFinal(error, state) || !state.isCertain) throw error;
      if ((await this.#orders.abandonDelete(held)) === null) throw somebodyElse();
      await this.#onStep('orderKept');
      return { kind: 'kept', because: error };
    }
    // As above: they cannot be had back.
    state.isCertain = false;
    await this.#onStep('transactionsDeleted');
    const whole = repairId === null ? null : await this.#kept.orders();
    if (!(await this.#orders.finishDelete(held, keepsKey, whole))) throw somebodyElse();
    await this.#onStep('orderDeleted');
    return { kind: 'absent' };
  }
}

/** Keeps transactions before they go. From the first that may be gone, the order cannot be shown again. */
function keepingUnder(kept: KeptRows, repairId: RepairId, state: Certainty): KeepTransactions {
  return {
    keep: (documents) => kept.keepTransactions(repairId, documents),
    gone: () => {
      state.isCertain = false;
    },
  };
}

function transactionOf({ id, userId, total, createdAt, updatedAt }: Order): RecordedTransaction {
  const isChanged = updatedAt.getTime() !== createdAt.getTime();
  return { orderId: id, userId: userId as UserId, amount: total, createdAt, amountAsOf: isChanged ? updatedAt : null };
}

function tooLate(): AppError {
  return new AppError('MONGO_UNAVAILABLE', 'MongoDB did not answer in time');
}

/** Where somebody else has the order, and how it ends is not known here. */
function somebodyElse(): AppError {
  return new AppError('OUTCOME_UNKNOWN', 'the order is being settled by somebody else; ask again');
}
