import type { UserId } from '../user/user.type.js';
import type { PostgresDatabase } from '../../platform/postgres/postgres.js';
import { isUniqueViolation } from '../../platform/postgres/postgres-errors.js';
import type { Order, OrderId } from './order.type.js';

/** What an order's row is made of; the database adds its id and times. */
export interface NewOrder {
  readonly userId: UserId;
  readonly orderNumber: string;
  /** With at most two decimals. */
  readonly total: string;
  readonly userName: string | null;
  readonly userEmail: string | null;
}

/** Writes to `orders`. Reading goes through the source. */
export class OrderRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** Writes the row and returns it, or null when another order has the number (then nothing was written). */
  async insert(order: NewOrder): Promise<Order | null> {
    try {
      const row = await this.#postgres.run((prisma) => prisma.order.create({ data: order }));
      return { ...row, id: row.id as OrderId, total: row.total.toFixed(2) };
    } catch (error) {
      if (isUniqueViolation(error, 'orderNumber')) return null;
      throw error;
    }
  }
}
