import { randomUUID } from 'node:crypto';
import { AppError, isAppError, writeRefused } from '../../errors/app-error.js';
import type { PrismaClient } from '../../platform/postgres/generated/client.js';
import type { PostgresDatabase } from '../../platform/postgres/postgres.js';
import { isUniqueViolation } from '../../platform/postgres/postgres-errors.js';
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
  /** ISO 8601 in UTC. */
  readonly expectedUpdatedAt: string | null;
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
    const { orderNumber } = order;
    const what = `order ${orderNumber} was written`;
    try {
      const create = (prisma: PrismaClient) => prisma.order.create({ data: { id, ...order } });
      const row = (await this.#postgres.write(what, create)) as OrderRow | null;
      // A trigger may keep a row out without a word.
      if (row === null) throw writeRefused(what, new Error('the table took no row'));
      return toOrder(row);
    } catch (error) {
      if (isUniqueViolation(error)) {
        if (await this.#hasNumber(orderNumber)) return null;
        throw writeRefused(what, error);
      }
      const written = isAppError(error, 'OUTCOME_UNKNOWN') ? await this.#find(id) : null;
      if (written === null) throw error;
      return written;
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
        "updatedAt" = CASE WHEN COALESCE($2::text, $3::text) IS NULL THEN "updatedAt" ELSE ${NEXT_UPDATED_AT} END
      WHERE "id" = $1::uuid
        AND ($4::text IS NULL OR date_trunc('milliseconds', "updatedAt") = $4::text::timestamptz)
      RETURNING ${COLUMNS}`;
    try {
      return await this.#write('an order was changed', sql, id, total, orderNumber, expectedUpdatedAt);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const isTaken = orderNumber !== null && (await this.#hasNumber(orderNumber, { not: id }));
      if (!isTaken) throw writeRefused('an order was changed', error);
      throw new AppError('ORDER_NUMBER_TAKEN', `another order has the number "${orderNumber}"; take another`, {
        field: 'input.orderNumber',
      });
    }
  }

  /** Deletes a row and returns it; null where there is none. @throws {AppError} as {@link update} does */
  delete(id: OrderId): Promise<Order | null> {
    const sql = `DELETE FROM "orders" WHERE "id" = $1::uuid RETURNING ${COLUMNS}`;
    return this.#write('an order was deleted', sql, id);
  }

  /** Empties the copies that a user's orders hold. Made twice, it does the same. @throws {AppError} as {@link update} does */
  async eraseCopies(userId: UserId): Promise<void> {
    await this.#write(
      "a user's copies were emptied",
      `UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL, "updatedAt" = ${NEXT_UPDATED_AT}
       WHERE lower("userId") = $1 AND ("userName" IS NOT NULL OR "userEmail" IS NOT NULL)`,
      userId,
    );
  }

  async #write(what: string, sql: string, ...parameters: unknown[]): Promise<Order | null> {
    const rows = await this.#postgres.write<Record<string, unknown>[]>(what, (prisma) =>
      prisma.$queryRawUnsafe(sql, ...parameters),
    );
    return rows[0] === undefined ? null : toRow(orders, rows[0]);
  }

  /** Constraints have names of their own in people's tables, so which one refused a row is looked up. */
  async #hasNumber(orderNumber: string, id: { not?: string } = {}): Promise<boolean> {
    const rows = await this.#postgres.run((prisma) => prisma.order.count({ where: { orderNumber, id } }));
    return rows > 0;
  }

  /** The row, or null where none is found; also where nothing can be found out. */
  async #find(id: string): Promise<Order | null> {
    const row = await this.#postgres.run((prisma) => prisma.order.findUnique({ where: { id } })).catch(() => null);
    return row === null ? null : toOrder(row);
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
