import { randomUUID } from 'node:crypto';
import { AppError, badUserInput, isAppError, isPassing } from '../errors/app-error.js';
import { storableText } from '../join/key.js';
import type { Order, OrderId } from '../domains/order/order.source.js';
import type { Transaction } from '../domains/transaction/transaction.source.js';
import type { User } from '../domains/user/user.source.js';
import { untilKnown } from './certainty.js';
import { fingerprintOf, type CheckedOrder } from './checked-order.js';
import type { IdempotencyRepository, Request, SavedRequest } from './idempotency.repository.js';
import { newOrderNumber } from './order-number.js';
import type { Insertion, NewOrder, NewOrderRepository } from './new-order.repository.js';
import type { OrderRepository } from './order.repository.js';
import type { HeldOrder } from './order-rows.js';
import type { OnStep } from './protocol.js';
import type { Settlement, TransactionFailed } from './settlement.js';
import { paymentId } from './payment-id.js';
import type { TransactionRepository } from './transaction.repository.js';
import type { UsersAtPrimary } from './users-at-primary.js';
import { TIMINGS } from '../platform/timings.js';

/** What became of a call to create an order. Its key keeps all but the last two: the same call gets them again. */
export type CreateOrderOutcome =
  /** `transaction` is there when it was REQUIRED. */
  | { readonly kind: 'created'; readonly order: Order; readonly transaction: Transaction | null }
  | { readonly kind: 'userNotFound'; readonly userId: string }
  | { readonly kind: 'orderNumberTaken'; readonly orderNumber: string }
  | { readonly kind: 'writeRefused'; readonly message: string }
  /** MongoDB would not have the transaction: the order was taken back, nothing is left of either. */
  | TransactionFailed
  /** Nothing was written: whether the user exists cannot be found out. */
  | { readonly kind: 'userUnverifiable'; readonly userId: string }
  /** It is under way, and will be completed or taken back: the same call with this key says which. */
  | { readonly kind: 'pending'; readonly idempotencyKey: string };

/** A generated number that is taken is replaced by another; five in a row do not happen by chance. */
const NUMBER_ATTEMPTS = 5;

const FIRST_PAUSE = 100;

export interface OrderCreationParts {
  /** Who asks: keys belong to one. */
  readonly actor: string;
  readonly newOrders: NewOrderRepository;
  readonly orders: Pick<OrderRepository, 'find'>;
  readonly keys: IdempotencyRepository;
  readonly usersAtPrimary: UsersAtPrimary;
  readonly transactions: Pick<TransactionRepository, 'mayDouble' | 'refuseDoubling'>;
  readonly settlement: Settlement;
  readonly onStep: OnStep;
}

/** Creates orders, each once for its key, in PostgreSQL and as far as was asked for in MongoDB. */
export class OrderCreation {
  readonly #actor: string;
  readonly #newOrders: NewOrderRepository;
  readonly #orders: OrderCreationParts['orders'];
  readonly #keys: IdempotencyRepository;
  readonly #users: UsersAtPrimary;
  readonly #transactions: OrderCreationParts['transactions'];
  readonly #settlement: Settlement;
  readonly #onStep: OnStep;

  constructor(parts: OrderCreationParts) {
    this.#actor = parts.actor;
    this.#newOrders = parts.newOrders;
    this.#orders = parts.orders;
    this.#keys = parts.keys;
    this.#users = parts.usersAtPrimary;
    this.#transactions = parts.transactions;
    this.#settlement = parts.settlement;
    this.#onStep = parts.onStep;
  }

  /**
   * @throws {AppError} BAD_USER_INPUT for a key that was used with other input; NOT_UNIQUE where its transaction could be
   * recorded twice; POSTGRES_UNAVAILABLE and READ_ONLY when nothing was written
   */
  async create(order: CheckedOrder): Promise<CreateOrderOutcome> {
    const key = order.idempotencyKey ?? randomUUID();
    const request = { actor: this.#actor, key, fingerprint: fingerprintOf(order) };
    // Nobody else has a key that was made just now.
    const saved = order.idempotencyKey === null ? null : await this.#keys.find(request);
    if (saved !== null) return this.#again(saved, request, order);
    if (order.mode !== 'NONE') this.#transactions.refuseDoubling('recording the transaction of an order');
    const user = await this.#existingUser(order);
    if (user === 'unverifiable') return { kind: 'userUnverifiable', userId: order.userId };
    if (user === null) return this.#refuse(request, order, { kind: 'userNotFound', userId: order.userId });
    return this.#write(request, order, user);
  }

  async #write(request: Request, order: CheckedOrder, user: User): Promise<CreateOrderOutcome> {
    const copies = { userName: storableText(user.username), userEmail: storableText(user.email) };
    const id = randomUUID() as OrderId;
    const insertion = await this.#insert({ id, ...copies, ...order }, order, request);
    switch (insertion.kind) {
      case 'unknown':
        return pendingOf(request);
      case 'keyUsed':
        return this.#asWritten(request, order);
      case 'userBeingDeleted':
        return { kind: 'userUnverifiable', userId: order.userId };
      case 'userDeleted':
        return this.#refuse(request, order, { kind: 'userNotFound', userId: order.userId });
      case 'orderNumberTaken':
        return this.#refuse(request, order, { kind: 'orderNumberTaken', orderNumber: order.orderNumber ?? '' });
      case 'writeRefused':
        return this.#refuse(request, order, insertion);
      case 'inserted':
        await this.#onStep('orderInserted');
        if (order.mode !== 'REQUIRED') return created(insertion.held.order, order);
        return this.#complete(request, order, insertion.held.order.id, insertion.held);
    }
  }

  /** The row, once, whatever the connection does: repeated with its id and key, the insert meets what it has written. */
  async #insert(
    row: Omit<NewOrder, 'orderNumber'>,
    order: CheckedOrder,
    request: Request,
  ): Promise<Insertion | Failed> {
    const until = performance.now() + TIMINGS.ordering.call;
    const insert = (orderNumber: string) =>
      decided(
        () => untilKnown(() => this.#newOrders.insert({ ...row, orderNumber }, order.mode, request), until),
        until,
      );
    try {
      if (order.orderNumber !== null) return await insert(order.orderNumber);
      for (let attempt = 1; attempt <= NUMBER_ATTEMPTS; attempt += 1) {
        const insertion = await insert(newOrderNumber(new Date()));
        if (insertion.kind !== 'orderNumberTaken') return insertion;
      }
    } catch (error) {
      if (isAppError(error, 'WRITE_REFUSED')) return { kind: 'writeRefused', message: error.message };
      if (isAppError(error, 'OUTCOME_UNKNOWN')) return { kind: 'unknown' };
      throw error;
    }
    throw new Error(`no free order number in ${NUMBER_ATTEMPTS} attempts: is the clock or the random source stuck?`);
  }

  /**
   * What is under way comes to an end, by this call or another.
   *
   * @param held the order that this call has written just now; null where it was there before
   */
  async #complete(request: Request, order: CheckedOrder, id: OrderId, held: HeldOrder | null) {
    const until = performance.now() + TIMINGS.ordering.call;
    let mine = held;
    for (let pause = FIRST_PAUSE; ; pause *= 2) {
      try {
        const settled = await (mine === null
          ? this.#settlement.settle(id, until)
          : this.#settlement.settleHeld(mine, until));
        if (settled.kind === 'settled' && mine !== null) return created(settled.order, order);
        const saved = await this.#keys.find(request);
        if (saved !== null && saved.outcome !== null) return await this.#toldBefore(saved, order);
        return settled.kind === 'settled' ? created(settled.order, order) : pendingOf(request);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (!isPassing(error) || performance.now() + pause > until) return pendingOf(request);
        mine = null;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  async #again(saved: SavedRequest, request: Request, order: CheckedOrder): Promise<CreateOrderOutcome> {
    if (saved.fingerprint !== request.fingerprint) {
      throw badUserInput(
        'input.idempotencyKey',
        'input.idempotencyKey was used with other input; repeat that, or take another key',
      );
    }
    if (saved.outcome !== null) return this.#toldBefore(saved, order);
    return this.#complete(request, order, saved.orderId as OrderId, null);
  }

  /** An order is there under the key: that it cannot be looked at now does not mean that it was not written. */
  async #asWritten(request: Request, order: CheckedOrder): Promise<CreateOrderOutcome> {
    try {
      return await this.#asSaved(request, order);
    } catch (error) {
      if (isPassing(error)) return pendingOf(request);
      throw error;
    }
  }

  /** Somebody else was faster with the key. */
  async #asSaved(request: Request, order: CheckedOrder): Promise<CreateOrderOutcome> {
    const saved = await this.#keys.find(request);
    return saved === null ? pendingOf(request) : this.#again(saved, request, order);
  }

  async #refuse(request: Request, order: CheckedOrder, refusal: CreateOrderOutcome): Promise<CreateOrderOutcome> {
    // Nobody asks again by a key that was made here.
    if (order.idempotencyKey === null) return refusal;
    const keep = () => this.#keys.refuse(request, refusal);
    try {
      const isKept = await untilKnown(keep, performance.now() + TIMINGS.ordering.call);
      return isKept ? refusal : await this.#asSaved(request, order);
    } catch (error) {
      // Told a refusal that was not kept, a client could be told something else the next time.
      if (isAppError(error, 'OUTCOME_UNKNOWN')) return pendingOf(request);
      throw error;
    }
  }

  /** What the client was told, with where the transaction stands by now. */
  async #toldBefore({ outcome, orderId }: SavedRequest, order: CheckedOrder): Promise<CreateOrderOutcome> {
    const told = outcome as CreateOrderOutcome;
    if (told.kind !== 'created') return told;
    const saved: Order = {
      ...told.order,
      createdAt: new Date(told.order.createdAt),
      updatedAt: new Date(told.order.updatedAt),
    };
    const now = (await this.#orders.find(orderId as OrderId)) ?? saved;
    const { transactionState, transactionError } = now;
    return created({ ...saved, transactionState, transactionError }, order);
  }

  async #existingUser({ userId }: CheckedOrder): Promise<User | null | 'unverifiable'> {
    try {
      return await this.#users.find(userId);
    } catch (error) {
      if (isAppError(error, 'MONGO_UNAVAILABLE')) return 'unverifiable';
      throw error;
    }
  }
}

/** Whether a user goes who is being deleted is decided within moments: so long an order waits. */
async function decided(insert: () => Promise<Insertion>, until: number): Promise<Insertion> {
  for (let pause = FIRST_PAUSE; ; pause *= 2) {
    const insertion = await insert();
    if (insertion.kind !== 'userBeingDeleted' || performance.now() + pause > until) return insertion;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

type Failed = { readonly kind: 'unknown' } | { readonly kind: 'writeRefused'; readonly message: string };

function pendingOf({ key }: Request): CreateOrderOutcome {
  return { kind: 'pending', idempotencyKey: key };
}

function created(order: Order, { mode }: CheckedOrder): CreateOrderOutcome {
  const { id, userId, total, createdAt } = order;
  const transaction = { id: paymentId(id), orderId: id, userId, amount: total, createdAt };
  return { kind: 'created', order, transaction: mode === 'REQUIRED' ? transaction : null };
}
