import { AppError } from '../errors/app-error.js';
import type { Order, OrderId } from '../domains/order/order.source.js';
import type { UserId } from '../domains/user/user.source.js';
import { certain, isFinal, isRefusal, type Certainty } from './certainty.js';
import type { OrderRepository, Standing } from './order.repository.js';
import { FORWARD_PATIENCE, type OnStep } from './protocol.js';
import type { RecordedTransaction, TransactionRepository } from './transaction.repository.js';

/** Where an order stands after it was settled. */
export type Settled =
  | { readonly kind: 'recorded'; readonly order: Order }
  /** Nothing was to be done, or somebody else has done it. */
  | { readonly kind: 'nothing' }
  /** It was taken back, or stays although it was to be deleted. */
  | { readonly kind: 'takenBack'; readonly because: AppError }
  | { readonly kind: 'deleted' };

/** What becomes of a client's order that was taken back. */
export interface TransactionFailed {
  readonly kind: 'transactionFailed';
  readonly reason: string;
}

export interface Attempt {
  /** What the caller has begun just now: nobody else has sent MongoDB anything for it. Null for whoever comes later. */
  readonly began: 'CREATE' | 'DELETE' | 'RECORD' | null;
  /** Until when what is not known is tried again, by `performance.now()`. */
  readonly until: number;
}

/** The same, where it is known what is to be done. */
interface Round {
  readonly isFirst: boolean;
  readonly until: number;
}

/**
 * Brings what MongoDB has of an order in line with what PostgreSQL has promised, whatever was done of it before and by
 * whom: the calls that write orders, the jobs that complete what a call has left, and a client that asks again all do
 * it alike, also at the same time.
 *
 * What may have been written is never guessed. It is written again, under the same key, until the answer is certain;
 * and before an order is taken back whose transaction may still arrive, its key is taken.
 */
export class Settlement {
  readonly #orders: OrderRepository;
  readonly #transactions: TransactionRepository;
  readonly #onStep: OnStep;

  constructor(parts: { orders: OrderRepository; transactions: TransactionRepository; onStep: OnStep }) {
    this.#orders = parts.orders;
    this.#transactions = parts.transactions;
    this.#onStep = parts.onStep;
  }

  /**
   * @throws {AppError} MONGO_UNAVAILABLE, POSTGRES_UNAVAILABLE and OUTCOME_UNKNOWN when it is to be tried again;
   * WRITE_REFUSED and READ_ONLY when MongoDB will not have it
   */
  async settle(id: OrderId, attempt: Attempt): Promise<Settled> {
    const standing = await this.#orders.standing(id);
    return standing === null ? { kind: 'nothing' } : this.settleAsItStands(standing, attempt);
  }

  /** The same for who knows how the order stands. @throws {AppError} as {@link settle} does */
  async settleAsItStands(standing: Standing, attempt: Attempt): Promise<Settled> {
    const { unfinished } = standing;
    const round = { isFirst: attempt.began === (unfinished ?? 'RECORD'), until: attempt.until };
    switch (unfinished) {
      case 'CREATE':
        return this.#complete(standing, round);
      case 'DELETE':
        return this.#remove(standing, round);
      case null:
        return this.#record(standing, round);
    }
  }

  /** Notes that an order cannot be settled, for people to see. */
  async noteFailure(id: OrderId, error: unknown, isParked: boolean): Promise<void> {
    const reason = error instanceof AppError ? `${error.code}: ${error.message}` : 'INTERNAL_SERVER_ERROR';
    await this.#orders.failing(id, reason, isParked);
  }

  /** An order that nobody sees yet: its transaction, then the order; or neither. */
  async #complete(standing: Standing, { isFirst, until }: Round): Promise<Settled> {
    const { order, age } = standing;
    if (!isFirst && age > FORWARD_PATIENCE) return this.#takeBack(order, tooLate(), { isCertain: false });
    const state = { isCertain: isFirst };
    try {
      const outcome = await certain(() => this.#transactions.record(transactionOf(order)), until, state);
      if (outcome === 'voided') return await this.#cancel(order, tooLate(), true);
    } catch (error) {
      if (!isFinal(error, state)) throw error;
      await this.#onStep('transactionRefused');
      return this.#takeBack(order, error, state);
    }
    await this.#onStep('transactionRecorded');
    return this.#finish(order, state);
  }

  async #finish(order: Order, { isCertain }: Readonly<Certainty>): Promise<Settled> {
    const completed = await this.#orders.finishCreate(order.id, !isCertain);
    await this.#onStep('orderCompleted');
    return completed === null ? { kind: 'nothing' } : { kind: 'recorded', order: completed };
  }

  /** What may still arrive is kept out first; what has arrived all the same settles it the other way. */
  async #takeBack(order: Order, because: AppError, { isCertain }: Readonly<Certainty>): Promise<Settled> {
    if (!isCertain && (await this.#takeKey(order, because)) === 'recorded') return this.#finish(order, { isCertain });
    return this.#cancel(order, because, !isCertain);
  }

  async #takeKey(order: Order, because: AppError): Promise<'taken' | 'recorded'> {
    try {
      const taken = await this.#transactions.takeKey(transactionOf(order));
      await this.#onStep('keyTaken');
      return taken;
    } catch (error) {
      // The rules that refuse a transaction refuse the one that is on its way, too.
      if (isRefusal(error) && isRefusal(because)) return 'taken';
      throw error;
    }
  }

  async #cancel(order: Order, because: AppError, hasTombstone: boolean): Promise<Settled> {
    const outcome: TransactionFailed = { kind: 'transactionFailed', reason: `${because.code}: ${because.message}` };
    await this.#orders.cancelCreate(order.id, outcome, hasTombstone);
    await this.#onStep('orderTakenBack');
    return { kind: 'takenBack', because };
  }

  /** An order that everybody sees: its transaction, with the amount that the order has. */
  async #record({ order }: Standing, { isFirst, until }: Round): Promise<Settled> {
    if (order.transactionState !== 'PENDING' && order.transactionState !== 'FAILED') return { kind: 'nothing' };
    const state = { isCertain: isFirst };
    const outcome = await certain(() => this.#transactions.record(transactionOf(order)), until, state);
    if (outcome === 'voided') throw new AppError('CONFLICT', 'the transaction of this order was called off');
    await this.#onStep('amountRecorded');
    const recorded = await this.#orders.recorded(order.id, order.total, !state.isCertain);
    return recorded === null ? { kind: 'nothing' } : { kind: 'recorded', order: recorded };
  }

  /** An order that nobody sees any more: its transactions, then the order. */
  async #remove({ order, uncertain }: Standing, { isFirst, until }: Round): Promise<Settled> {
    const state = { isCertain: isFirst };
    const isOnItsWay = uncertain || order.transactionState === 'PENDING' || order.transactionState === 'FAILED';
    try {
      await certain(() => this.#transactions.deleteOf(transactionOf(order), { keepsKey: isOnItsWay }), until, state);
    } catch (error) {
      // What may have been deleted cannot be had back.
      if (!isFinal(error, state) || !state.isCertain) throw error;
      await this.#orders.abandonDelete(order.id);
      return { kind: 'takenBack', because: error };
    }
    await this.#onStep('transactionsDeleted');
    await this.#orders.finishDelete(order.id, isOnItsWay);
    await this.#onStep('orderDeleted');
    return { kind: 'deleted' };
  }
}

function transactionOf({ id, userId, total, createdAt, updatedAt }: Order): RecordedTransaction {
  const isChanged = updatedAt.getTime() !== createdAt.getTime();
  return { orderId: id, userId: userId as UserId, amount: total, createdAt, amountAsOf: isChanged ? updatedAt : null };
}

function tooLate(): AppError {
  return new AppError('MONGO_UNAVAILABLE', 'MongoDB did not answer while somebody waited for it');
}
