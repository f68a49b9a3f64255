import { randomUUID } from 'node:crypto';
import { AppError } from '../../errors/app-error.js';
import type { PostgresDatabase } from '../../platform/postgres/postgres.js';
import { isUniqueViolation, mayHaveRun } from '../../platform/postgres/postgres-errors.js';
import type { UserId } from '../user/user.type.js';
import type { Order, OrderId } from './order.type.js';

/** What an order's row is made of; its id and times are added. */
export interface NewOrder {
  readonly userId: UserId;
  readonly orderNumber: string;
  /** With at most two decimals. */
  readonly total: string;
  readonly userName: string | null;
  readonly userEmail: string | null;
}

/** A row as Prisma gives it. */
interface OrderRow extends Omit<Order, 'id' | 'total'> {
  readonly id: string;
  readonly total: { toFixed(decimals: number): string };
}

/** Writes to `orders`. Reading goes through the source. */
export class OrderRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /**
   * Writes the row and returns it, or null when another order has the number (then nothing was written).
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE when nothing was written; OUTCOME_UNKNOWN when the connection broke in the
   * middle and reading back, by the id that only this row can have, did not find the row: it may still come
   */
  async insert(order: NewOrder): Promise<Order | null> {
    const id = randomUUID();
    try {
      return toOrder(await this.#postgres.run((prisma) => prisma.order.create({ data: { id, ...order } })));
    } catch (error) {
      if (isUniqueViolation(error) && (await this.#hasNumber(order.orderNumber))) return null;
      if (!(error instanceof AppError) || !mayHaveRun(error.cause)) throw error;
      return this.#readBack(id, order.orderNumber, error);
    }
  }

  /** Constraints have names of their own in people's tables, so which one refused a row is looked up. */
  async #hasNumber(orderNumber: string): Promise<boolean> {
    const rows = await this.#postgres.run((prisma) => prisma.order.count({ where: { orderNumber } }));
    return rows > 0;
  }

  async #readBack(id: string, orderNumber: string, cause: AppError): Promise<Order> {
    const row = await this.#postgres.run((prisma) => prisma.order.findUnique({ where: { id } })).catch(() => null);
    if (row !== null) return toOrder(row);
    throw new AppError(
      'OUTCOME_UNKNOWN',
      `the connection broke while order ${orderNumber} was written; look whether it is there before you try again`,
      { cause },
    );
  }
}

function toOrder(row: OrderRow): Order {
  return { ...row, id: row.id as OrderId, total: row.total.toFixed(2) };
}
