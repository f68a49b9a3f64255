import { idArgument } from '../graph/arguments.js';
import type { Joins } from '../join/joins.js';
import { referringTo } from '../join/list.js';
import { orderUser } from '../domains/order/order.relations.js';
import type { OrderRepository } from '../domains/order/order.repository.js';
import { orders } from '../domains/order/order.source.js';
import type { Users } from '../domains/user/user.service.js';
import { users, type User } from '../domains/user/user.source.js';

export interface DeleteUser {
  /** What happens when the user has orders: it is not deleted, or they stay and refer to nobody. */
  readonly orders: 'REFUSE' | 'KEEP';
  /** Whether the copies of name and e-mail on orders that stay are emptied. */
  readonly erase: boolean;
}

/** What became of a call to delete a user. But for `deleted`, the user is still there. */
export type DeleteUserOutcome =
  | { readonly kind: 'deleted'; readonly user: User }
  | { readonly kind: 'userNotFound'; readonly userId: string }
  | { readonly kind: 'hasOrders'; readonly userId: string; readonly orders: number };

/** Deletes users in MongoDB with regard to what PostgreSQL holds about them. */
export class UserRemoval {
  readonly #joins: Joins;
  readonly #users: Users;
  readonly #orders: OrderRepository;

  constructor(parts: { joins: Joins; users: Users; repository: OrderRepository }) {
    this.#joins = parts.joins;
    this.#users = parts.users;
    this.#orders = parts.repository;
  }

  /**
   * Deletes a user. What concerns PostgreSQL comes first: a call that fails in the middle leaves the user, and is made
   * again with the same effect. An order that is created between the count and the delete keeps nobody from being
   * deleted.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no ObjectId; POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE when the user
   * is still there; OUTCOME_UNKNOWN when that cannot be said
   */
  async deleteUser(userId: string, { orders: policy, erase }: DeleteUser): Promise<DeleteUserOutcome> {
    const id = idArgument(users, userId, 'id');
    const found = await this.#users.byId(id);
    if (found === null) return { kind: 'userNotFound', userId };
    if (policy === 'REFUSE') {
      const count = await this.#joins.count(referringTo(orderUser, found), null);
      if (count > 0) return { kind: 'hasOrders', userId, orders: count };
    }
    if (erase) {
      await this.#joins.writing(orders, () => this.#orders.eraseCopies(id));
    }
    const user = await this.#users.delete(id);
    return user === null ? { kind: 'userNotFound', userId } : { kind: 'deleted', user };
  }
}
