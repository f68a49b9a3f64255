import { idArgument } from '../graph/arguments.js';
import type { ListArguments } from '../graph/list-args.js';
import { readList, readOne } from '../graph/reading.js';
import type { Joins } from '../join/joins.js';
import type { Access } from '../security/access.js';
import { referringTo, rowsOf } from '../join/list.js';
import { allFields } from '../join/source.js';
import { orderUser } from '../domains/order/order.relations.js';
import { orders, type Order, type OrderId } from '../domains/order/order.source.js';
import { transactionOrder } from '../domains/transaction/transaction.relations.js';
import { transactions, type Transaction } from '../domains/transaction/transaction.source.js';
import { users, type User } from '../domains/user/user.source.js';
import { checkedChanges, checkedOrder, type CreateOrder, type UpdateOrder } from './checked-order.js';
import { OrderCreation, type CreateOrderOutcome, type OrderCreationParts } from './order-creation.js';
import { OrderChange, type UpdateOrderOutcome } from './order-change.js';
import type { KeptRows, RepairId } from './kept-rows.js';
import type { OrderRepository, OrderRowChanges } from './order.repository.js';
import { OrderRemoval, type DeleteOrderOutcome } from './order-removal.js';

export type { CreateOrderOutcome, DeleteOrderOutcome, UpdateOrderOutcome };

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

/**
 * Orders across both databases: the one place that knows how something is written to PostgreSQL that concerns MongoDB.
 * It needs no GraphQL: a scope's `ordering` serves a script as it serves a resolver.
 */
export class OrderService {
  readonly #joins: Joins;
  readonly #access: Access;
  readonly #orders: OrderRepository;
  readonly #creation: OrderCreation;
  readonly #change: OrderChange;
  readonly #removal: OrderRemoval;

  constructor(parts: OrderCreationParts & { orders: OrderRepository; joins: Joins; access: Access; kept: KeptRows }) {
    this.#joins = parts.joins;
    this.#access = parts.access;
    this.#orders = parts.orders;
    this.#creation = new OrderCreation(parts);
    this.#change = new OrderChange(parts);
    this.#removal = new OrderRemoval(parts);
  }

  /**
   * Writes an order, after checking that its user exists, with copies of the user's name and e-mail; with `transaction:
   * REQUIRED` or `EVENTUAL` its transaction in MongoDB, too. A call with an `idempotencyKey` can be repeated until it has
   * an answer: it is carried out once.
   *
   * @throws {AppError} BAD_USER_INPUT, naming the field; FORBIDDEN, POSTGRES_UNAVAILABLE and READ_ONLY when nothing was
   * written
   */
  async createOrder(input: CreateOrder): Promise<CreateOrderOutcome> {
    const order = checkedOrder(input);
    this.#access.refuseUnless('create', orders, order);
    return this.#writing(() => this.#creation.create(order));
  }

  /**
   * Changes the total or the number of an order; what the input leaves out stays. The amount of its transaction follows
   * its total: before this returns, or soon, which `transactionState` says.
   *
   * @throws {AppError} BAD_USER_INPUT, naming the argument or field; ORDER_NUMBER_TAKEN; POSTGRES_UNAVAILABLE when
   * nothing was written; OUTCOME_UNKNOWN when that cannot be said
   */
  async updateOrder(orderId: string, input: UpdateOrder): Promise<UpdateOrderOutcome> {
    const id = idArgument(orders, orderId, 'id');
    const changes = checkedChanges(input);
    const find = () => readOne(this.#joins, orders, id);
    if (!(await this.#isFor('update', find, namesOf(changes)))) return { kind: 'orderNotFound', orderId };
    const updated = await this.#writing(() => this.#change.update(id, changes));
    if (updated !== null) return { kind: 'updated', order: updated };
    const order = await readOne(this.#joins, orders, id);
    return order === null ? { kind: 'orderNotFound', orderId } : { kind: 'changedMeanwhile', order };
  }

  /**
   * Deletes an order and, before it, its transactions in MongoDB: both or neither.
   *
   * @param repairId of a repair: keeps the row and its transactions whole under this entry before they go
   * @throws {AppError} BAD_USER_INPUT for what is no UUID; POSTGRES_UNAVAILABLE, WRITE_REFUSED and READ_ONLY when nothing
   * was deleted
   */
  async deleteOrder(orderId: string, repairId: RepairId | null = null): Promise<DeleteOrderOutcome> {
    const id = idArgument(orders, orderId, 'id');
    const find = async () => (await readOne(this.#joins, orders, id)) ?? this.#goingOrder(id);
    if (!(await this.#isFor('delete', find))) return { kind: 'orderNotFound', orderId };
    return this.#writing(() => this.#removal.delete(id, repairId));
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

  /**
   * Whether the order is there for the asker, who may do this with it.
   *
   * @param find of who may not do this with every order: the one that it is about
   * @throws {AppError} FORBIDDEN for one that the asker may see, and no more
   */
  async #isFor(
    act: 'update' | 'delete',
    find: () => Promise<Order | null>,
    changes: readonly string[] = [],
  ): Promise<boolean> {
    if (this.#access.isFree(act, orders)) return true;
    const order = await find();
    if (order !== null) this.#access.refuseUnless(act, orders, order, changes);
    return order !== null;
  }

  /** An order that a call before has begun to delete: nobody sees it any more, and who saw it may go on with that. */
  async #goingOrder(id: OrderId): Promise<Order | null> {
    const hidden = await this.#orders.find(id);
    return hidden?.unfinished === 'DELETE' && this.#access.sees(orders, hidden) ? hidden : null;
  }

  async #withUser(order: Order): Promise<OrderWithUser> {
    return { ...order, user: await this.#joins.one(orderUser, order, allFields(users)) };
  }

  #writing<T>(write: () => Promise<T>): Promise<T> {
    return this.#joins.writing(orders, () => this.#joins.writing(transactions, write));
  }
}

/** The fields that are to be written. */
function namesOf({ total, orderNumber }: OrderRowChanges): readonly string[] {
  return [...(total === null ? [] : ['total']), ...(orderNumber === null ? [] : ['orderNumber'])];
}
