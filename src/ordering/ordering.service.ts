import { isAppError } from '../errors/app-error.js';
import { idArgument } from '../graph/arguments.js';
import type { ListArguments } from '../graph/list-args.js';
import { readList, readOne } from '../graph/reading.js';
import { storableText } from '../join/key.js';
import type { Joins } from '../join/joins.js';
import { referringTo, rowsOf } from '../join/list.js';
import { allFields } from '../join/source.js';
import type { OrderRepository } from '../domains/order/order.repository.js';
import { orderUser } from '../domains/order/order.relations.js';
import { orders, type Order } from '../domains/order/order.source.js';
import { transactionOrder } from '../domains/transaction/transaction.relations.js';
import type { Transaction } from '../domains/transaction/transaction.source.js';
import type { Users } from '../domains/user/user.service.js';
import { users, type User } from '../domains/user/user.source.js';
import {
  checkedChanges,
  checkedOrder,
  type CheckedOrder,
  type CreateOrder,
  type UpdateOrder,
} from './checked-order.js';
import { newOrderNumber } from './order-number.js';

/** What became of a call to create an order. But for `created`, nothing was written. */
export type CreateOrderOutcome =
  | { readonly kind: 'created'; readonly order: Order }
  | { readonly kind: 'userNotFound'; readonly userId: string }
  | { readonly kind: 'userUnverifiable'; readonly userId: string }
  | { readonly kind: 'orderNumberTaken'; readonly orderNumber: string };

/** What became of a call to change an order. But for `updated`, nothing was written. */
export type UpdateOrderOutcome =
  | { readonly kind: 'updated'; readonly order: Order }
  | { readonly kind: 'orderNotFound'; readonly orderId: string }
  | { readonly kind: 'changedMeanwhile'; readonly order: Order };

/** An order with its user, from the other database; null when nobody is there. */
export type OrderWithUser = Order & { readonly user: User | null };

export type OrderWithUserOutcome =
  | { readonly kind: 'found'; readonly order: OrderWithUser; readonly transactions: readonly Transaction[] }
  | { readonly kind: 'orderNotFound'; readonly orderId: string };

/** A page of orders with their users. */
export interface OrdersWithUsers {
  readonly orders: readonly OrderWithUser[];
  readonly hasNextPage: boolean;
  /** Pass it as `after` to go on; null for an empty page. */
  readonly endCursor: string | null;
}

/** Transactions that come with an order at most. */
const MAX_TRANSACTIONS = 100;

/** A generated number that is taken is replaced by another; five in a row do not happen by chance. */
const NUMBER_ATTEMPTS = 5;

/**
 * Orders across both databases: the one place that knows how something is written to PostgreSQL that concerns MongoDB.
 * It needs no GraphQL: a scope's `ordering` serves a script as it serves a resolver.
 */
export class OrderService {
  readonly #joins: Joins;
  readonly #users: Users;
  readonly #repository: OrderRepository;

  constructor(parts: { joins: Joins; users: Users; repository: OrderRepository }) {
    this.#joins = parts.joins;
    this.#users = parts.users;
    this.#repository = parts.repository;
  }

  /**
   * Writes an order, after checking that its user exists, with copies of the user's name and e-mail.
   *
   * @throws {AppError} BAD_USER_INPUT, naming the field; POSTGRES_UNAVAILABLE when nothing was written; OUTCOME_UNKNOWN
   * when that cannot be said
   */
  async createOrder(input: CreateOrder): Promise<CreateOrderOutcome> {
    const order = checkedOrder(input);
    const user = await this.#existingUser(order.userId);
    if (user === 'unverifiable') return { kind: 'userUnverifiable', userId: order.userId };
    if (user === null) return { kind: 'userNotFound', userId: order.userId };
    const created = await this.#joins.writing(orders, () => this.#insert(order, user));
    if (created === null) return { kind: 'orderNumberTaken', orderNumber: order.orderNumber ?? '' };
    return { kind: 'created', order: created };
  }

  /**
   * Changes the total or the number of an order; what the input leaves out stays.
   *
   * @throws {AppError} BAD_USER_INPUT, naming the argument or field; ORDER_NUMBER_TAKEN; POSTGRES_UNAVAILABLE when
   * nothing was written; OUTCOME_UNKNOWN when that cannot be said
   */
  async updateOrder(orderId: string, input: UpdateOrder): Promise<UpdateOrderOutcome> {
    const id = idArgument(orders, orderId, 'id');
    const changes = checkedChanges(input);
    const updated = await this.#joins.writing(orders, () => this.#repository.update(id, changes));
    if (updated !== null) return { kind: 'updated', order: updated };
    const order = await readOne(this.#joins, orders, id);
    return order === null ? { kind: 'orderNotFound', orderId } : { kind: 'changedMeanwhile', order };
  }

  /**
   * Deletes an order. Its transactions in MongoDB stay, and their `order` is null then.
   *
   * @returns the order that was there, or null where none has the id
   * @throws {AppError} BAD_USER_INPUT for what is no UUID; POSTGRES_UNAVAILABLE when nothing was deleted;
   * OUTCOME_UNKNOWN when that cannot be said
   */
  async deleteOrder(orderId: string): Promise<Order | null> {
    const id = idArgument(orders, orderId, 'id');
    return this.#joins.writing(orders, () => this.#repository.delete(id));
  }

  /**
   * An order with its user and its newest transactions (100 at most).
   *
   * @throws {AppError} BAD_USER_INPUT for what is no UUID; POSTGRES_UNAVAILABLE; MONGO_UNAVAILABLE
   */
  async getOrderWithUser(orderId: string): Promise<OrderWithUserOutcome> {
    const order = await readOne(this.#joins, orders, orderId);
    if (order === null) return { kind: 'orderNotFound', orderId };
    const [withUser, { nodes }] = await Promise.all([
      this.#withUser(order),
      readList(this.#joins, referringTo(transactionOrder, order), { first: MAX_TRANSACTIONS }),
    ]);
    return { kind: 'found', order: withUser, transactions: nodes };
  }

  /**
   * A page of orders, newest first, with their users: one statement in each database, however many there are.
   *
   * @throws {AppError} BAD_USER_INPUT for a page size or cursor that is not allowed; POSTGRES_UNAVAILABLE;
   * MONGO_UNAVAILABLE
   */
  async getOrdersWithUsers(page: ListArguments = {}): Promise<OrdersWithUsers> {
    const { nodes, pageInfo } = await readList(this.#joins, rowsOf(orders), page);
    return {
      orders: await Promise.all(nodes.map((order) => this.#withUser(order))),
      hasNextPage: pageInfo.hasNextPage,
      endCursor: pageInfo.endCursor,
    };
  }

  async #withUser(order: Order): Promise<OrderWithUser> {
    return { ...order, user: await this.#joins.one(orderUser, order, allFields(users)) };
  }

  async #existingUser(userId: string): Promise<User | null | 'unverifiable'> {
    try {
      return await this.#users.byId(userId, new Set(['username', 'email']));
    } catch (error) {
      if (isAppError(error, 'MONGO_UNAVAILABLE')) return 'unverifiable';
      throw error;
    }
  }

  /** The order, or null when the number that the caller chose is taken. */
  async #insert({ orderNumber, ...order }: CheckedOrder, user: User): Promise<Order | null> {
    const row = { ...order, userName: storableText(user.username), userEmail: storableText(user.email) };
    if (orderNumber !== null) return this.#repository.insert({ ...row, orderNumber });
    for (let attempt = 1; attempt <= NUMBER_ATTEMPTS; attempt += 1) {
      const created = await this.#repository.insert({ ...row, orderNumber: newOrderNumber(new Date()) });
      if (created !== null) return created;
    }
    throw new Error(`no free order number in ${NUMBER_ATTEMPTS} attempts: is the clock or the random source stuck?`);
  }
}
