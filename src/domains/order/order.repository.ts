import { randomUUID } from 'node:crypto';
import { AppError } from '../../errors/app-error.js';
import type { PostgresDatabase } from '../../platform/postgres/postgres.js';
import { isUniqueViolation, mayHaveRun } from '../../platform/postgres/postgres-errors.js';
import { rowColumns, toRow } from '../../platform/postgres/rows.js';
import type { UserId } from '../user/user.source.js';
import { orders, type Order, type OrderId } from './order.source.js';

/** What an order's row is made of; its id and times are added. */
export interface NewOrder {
  readonly userId: UserId;
  readonly orderNumber: string;
  /** With at most two decimals. */
  readonly total: string;
  readonly userName: string | null;
  readonly userEmail: string | null;
}

/** What is changed of an order's row; what is null stays. */
export interface OrderRowChanges {
  readonly total: string | null;
  readonly orderNumber: string | null;
  readonly expectedUpdatedAt: Date | null;
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

  /**
   * Changes a row and returns it as it is now. `updatedAt` grows by a millisecond at least, so that whoever has read the
   * row before can be told by it.
   *
   * @returns null when no row has the id, or its `updatedAt` is not the expected one
   * @throws {AppError} POSTGRES_UNAVAILABLE when nothing was written; OUTCOME_UNKNOWN when that cannot be said;
   * ORDER_NUMBER_TAKEN
   */
  async update(id: OrderId, { total, orderNumber, expectedUpdatedAt }: OrderRowChanges): Promise<Order | null> {
    const sql = `
      UPDATE "orders" SET
        "total" = COALESCE($2::text::numeric, "total"),
        "orderNumber" = COALESCE($3::text, "orderNumber"),
        "updatedAt" = ${NEXT_UPDATED_AT}
      WHERE "id" = $1::uuid
        AND ($4::text IS NULL OR date_trunc('milliseconds', "updatedAt") = $4::text::timestamptz)
      RETURNING ${COLUMNS}`;
    try {
      return await this.#write(sql, id, total, orderNumber, expectedUpdatedAt?.toISOString() ?? null);
    } catch (error) {
      if (orderNumber === null || !isUniqueViolation(error)) throw error;
      throw new AppError('ORDER_NUMBER_TAKEN', `another order has the number "${orderNumber}"; take another`, {
        field: 'input.orderNumber',
      });
    }
  }

  /** Deletes a row and returns it; null where there is none. @throws {AppError} as {@link update} does */
  delete(id: OrderId): Promise<Order | null> {
    return this.#write(`DELETE FROM "orders" WHERE "id" = $1::uuid RETURNING ${COLUMNS}`, id);
  }

  /** Empties the copies that a user's orders hold. Made twice, it does the same. @throws {AppError} as {@link update} does */
  async eraseCopies(userId: UserId): Promise<void> {
    await this.#write(
      `UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL, "updatedAt" = ${NEXT_UPDATED_AT}
       WHERE lower("userId") = $1 AND ("userName" IS NOT NULL OR "userEmail" IS NOT NULL)`,
      userId,
    );
  }

  async #write(sql: string, ...parameters: unknown[]): Promise<Order | null> {
    try {
      const [row] = await this.#postgres.query(sql, ...parameters);
      return row === undefined ? null : toRow(orders, row);
    } catch (error) {
      if (!(error instanceof AppError) || !mayHaveRun(error.cause)) throw error;
      const remedy = 'look what is there before you try again';
      throw new AppError('OUTCOME_UNKNOWN', `the connection broke during the write; ${remedy}`, { cause: error.cause });
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

const COLUMNS = rowColumns(orders);

const NEXT_UPDATED_AT = `GREATEST(
  date_trunc('milliseconds', clock_timestamp()),
  date_trunc('milliseconds', "updatedAt") + interval '1 millisecond'
)`;

function toOrder(row: OrderRow): Order {
  return { ...row, id: row.id as OrderId, total: row.total.toFixed(2) };
}
