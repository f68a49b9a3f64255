import { orders } from '../domains/order/order.source.js';
import { users } from '../domains/user/user.source.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { MongoReferences } from '../platform/mongo/references.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { PostgresReferences } from '../platform/postgres/references.js';
import type { Meant } from '../platform/wrapped-reference.js';

/**
 * Finds the users and orders that references mean although the graph joins them to nothing: the key is in quotes, is
 * written by another program's rules, or is of another type. A row with such a reference has its partner, and is never
 * deleted for lack of one.
 */
export class MeantPartners {
  readonly #mongo: MongoReferences;
  readonly #postgres: PostgresReferences;

  constructor({ postgres, mongo }: { readonly postgres: PostgresDatabase; readonly mongo: MongoDatabase }) {
    this.#mongo = new MongoReferences(mongo);
    this.#postgres = new PostgresReferences((sql, ...parameters) => postgres.query(sql, ...parameters));
  }

  /** The users that orders mean, by what stands in the orders. @throws {AppError} MONGO_UNAVAILABLE */
  users(references: readonly string[]): Promise<ReadonlyMap<string, Meant>> {
    return references.length === 0 ? NOBODY : this.#mongo.meant(users, references);
  }

  /** The orders that transactions mean, by what stands in the transactions. @throws {AppError} POSTGRES_UNAVAILABLE */
  orders(references: readonly string[]): Promise<ReadonlyMap<string, Meant>> {
    return references.length === 0 ? NOBODY : this.#postgres.meant(orders, references);
  }

  /**
   * Why an order must stay, by a last look at MongoDB just before it is deleted; null where it has no user. Texts are
   * compared without regard to case, too.
   *
   * @throws {AppError} MONGO_UNAVAILABLE
   */
  async userOf(reference: string | null): Promise<string | null> {
    if (reference === null) return null;
    const meant = (await this.#mongo.meant(users, [reference], true)).get(reference);
    return meant === undefined ? null : userProblem(meant);
  }

  /**
   * Why a transaction must stay, by a last look at PostgreSQL just before it is deleted; null where it has no order.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE
   */
  async orderOf(reference: string | null): Promise<string | null> {
    const meant = reference === null ? undefined : (await this.orders([reference])).get(reference);
    return meant === undefined ? null : orderProblem(meant);
  }
}

const NOBODY: Promise<ReadonlyMap<string, Meant>> = Promise.resolve(new Map());

/** What is wrong with an order's reference to a user who is there. */
export function userProblem({ how, type }: Meant): string {
  switch (how) {
    case 'plain':
      return 'its user is there';
    case 'wrapped':
      return 'its user is there, and userId holds more than the id';
    case 'mentioned':
      return 'its user is there, and userId holds the id among other text, or in another encoding';
    case 'otherType':
      return `its user is there, and the user's _id is of type ${type}, by which the graph joins nothing`;
  }
}

/** What is wrong with a transaction's reference to an order that is there. */
export function orderProblem({ how, type }: Meant): string {
  switch (how) {
    case 'plain':
      return 'its order is there';
    case 'wrapped':
      return 'its order is there, and orderId holds more than the id';
    case 'mentioned':
      return 'its order is there, and orderId holds the id among other text, or in another encoding';
    case 'otherType':
      return `its order is there, and orderId holds the order's ${type}, by which the graph joins nothing`;
  }
}
