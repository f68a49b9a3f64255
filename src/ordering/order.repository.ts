import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, writeRefused } from '../errors/app-error.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { TRANSACTION_ID, writeKnown } from '../platform/postgres/known-write.js';
import { isUniqueViolation } from '../platform/postgres/postgres-errors.js';
import { toRow } from '../platform/postgres/rows.js';
import { orders, type Order, type OrderId } from '../domains/order/order.source.js';
import { COLUMNS, findOrder, jobOf, ORDER_AND_JOB } from './order-rows.js';
import { hasNumber, IS_ONE, isFreeNumber, refuseDoubled } from './order-identity.js';
import { GROWS_IN, growsNow, NEXT_UPDATED_AT, SHOWN_UPDATED_AT } from './updated-at.js';
import { heldNumber } from './user-hold.js';
import { TIMINGS } from '../platform/timings.js';
import { heldUserOf, keepingGoing, type RepairId } from './kept-rows.js';
import type { WholeTable } from '../platform/postgres/whole-rows.js';

/** What is changed of an order's row; what is null stays. */
export interface OrderRowChanges {
  readonly total: string | null;
  readonly orderNumber: string | null;
  /** ISO 8601 in UTC. */
  readonly expectedUpdatedAt: string | null;
}

/** Under which repair an order is kept that is deleted, and the columns of its table. */
export interface KeepOrder {
  readonly repairId: RepairId;
  readonly orders: WholeTable;
}

const CHANGING = 'changing an order';
const DELETING = 'deleting an order';

/** How long a change waits until its `updatedAt` differs from the one before, in seconds. */
const LONGEST_WAIT = 1;

/**
 * Changes and hides rows of `orders`, each in one PostgreSQL transaction with the job that completes it in MongoDB.
 * Reading goes through the source.
 */
export class OrderRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** The order with this id, seen by readers or not; null where there is none. */
  find(id: OrderId): ReturnType<typeof findOrder> {
    return findOrder(this.#postgres, id);
  }

  /**
   * Changes a row and returns it as it is now. `updatedAt` grows, so that it tells a client who has read the row before.
   * Where the column keeps seconds, a change without an expected time waits for the next one. With another total, a
   * transaction of the order is PENDING until it has that amount.
   *
   * @returns null when no row has the id, or its `updatedAt` is not the expected one, or cannot grow yet in a column that
   * keeps seconds or days
   * @throws {AppError} POSTGRES_UNAVAILABLE and WRITE_REFUSED when nothing was written; OUTCOME_UNKNOWN when that cannot be
   * found out in time; ORDER_NUMBER_TAKEN; NOT_UNIQUE where several rows have the id
   */
  async update(id: OrderId, changes: OrderRowChanges): Promise<Order | null> {
    const until = performance.now() + TIMINGS.ordering.call;
    const updated = await this.#updated(id, changes, true, until);
    if (updated !== null) return updated;
    const growsIn = await this.#growsIn(id, changes);
    if (growsIn === null) return null;
    if (growsIn > 0 && growsIn <= LONGEST_WAIT) await sleep(Math.ceil(growsIn * 1_000));
    return this.#updated(id, changes, false, until);
  }

  /**
   * Why a change without an expected time was not made.
   *
   * @returns in how many seconds its `updatedAt` can grow; null where another state of the row is the reason
   * @throws {AppError} ORDER_NUMBER_TAKEN; NOT_UNIQUE; POSTGRES_UNAVAILABLE
   */
  async #growsIn(id: OrderId, { orderNumber, expectedUpdatedAt }: OrderRowChanges): Promise<number | null> {
    await refuseDoubled(this.#postgres, id, CHANGING);
    const sql = `
      SELECT ${GROWS_IN} AS "growsIn", $2::text IS NULL OR ${SHOWN_UPDATED_AT} = $2::text::timestamptz AS "isExpected"
      FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL`;
    const [row] = await this.#postgres.query(sql, id, expectedUpdatedAt);
    if (row?.['isExpected'] !== true) return null;
    if (orderNumber !== null && (await hasNumber(this.#postgres, orderNumber, id))) throw numberTaken(orderNumber);
    return expectedUpdatedAt === null ? Number(row['growsIn']) : null;
  }

  /** @param mustGrow whether the change is left undone where its `updatedAt` would stay the same */
  async #updated(
    id: OrderId,
    { total, orderNumber, expectedUpdatedAt }: OrderRowChanges,
    mustGrow: boolean,
    until: number,
  ): Promise<Order | null> {
    const isOther = '"transactionState" <> \'NONE\' AND $2::text::numeric <> "total"';
    const sql = `
      WITH "order" AS (
        UPDATE "orders" SET
          "total" = COALESCE($2::text::numeric, "total"),
          "orderNumber" = COALESCE($3::text, "orderNumber"),
          "transactionState" = CASE WHEN ${isOther} THEN 'PENDING' ELSE "transactionState" END,
          "updatedAt" = CASE WHEN COALESCE($2::text, $3::text) IS NULL THEN "updatedAt" ELSE ${NEXT_UPDATED_AT} END
        WHERE "id" = $1::uuid AND "unfinished" IS NULL AND ${IS_ONE}
          AND ($4::text IS NULL OR ${SHOWN_UPDATED_AT} = $4::text::timestamptz)
          AND ($3::text IS NULL OR ${isFreeNumber('$3::text')})
          AND (NOT $5::boolean OR COALESCE($2::text, $3::text) IS NULL OR ${growsNow('$4::text')})
        RETURNING ${COLUMNS}),
      ${jobOf(this.#postgres.schema, TIMINGS.ordering.amountRecovery / 1_000, `"transactionState" = 'PENDING' AND $2::text IS NOT NULL`)}
      SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs", ${TRANSACTION_ID} FROM "order"`;
    const parameters = [id, total, orderNumber, expectedUpdatedAt, mustGrow];
    const first = orderNumber === null ? [] : [heldNumber(orderNumber)];
    const isEmpty = total === null && orderNumber === null;
    // A trigger may give the row the time that it had: a client who has read it before could not be told then.
    const isKept = (rows: readonly Record<string, unknown>[]) =>
      isEmpty || expectedUpdatedAt === null || rows.every((row) => isLater(row['updatedAt'], expectedUpdatedAt));
    try {
      const write = { first, statement: { sql, parameters }, isKept };
      const [row] = await writeKnown(this.#postgres, CHANGING, write, until);
      return row === undefined ? null : toRow(orders, row);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      if (orderNumber !== null && (await hasNumber(this.#postgres, orderNumber, id))) throw numberTaken(orderNumber);
      throw writeRefused(CHANGING, error);
    }
  }

  /**
   * Hides an order that is to be deleted, after trying whether its table lets it go: once its transactions are gone it is
   * too late to find that out.
   *
   * @param keep of a repair: keeps the whole row, in the transaction that hides it
   * @returns null where nobody sees one
   * @throws {AppError} POSTGRES_UNAVAILABLE and WRITE_REFUSED when nothing was written; NOT_UNIQUE where several rows have
   * the id; OUTCOME_UNKNOWN when the connection broke in the middle
   */
  async beginDelete(id: OrderId, keep: KeepOrder | null = null): Promise<Order | null> {
    const results = await this.#postgres.transaction(DELETING, [
      ...(keep === null ? [] : [heldUserOf(id)]),
      // What a constraint says at the end of a transaction, it is to say now.
      { sql: 'SET CONSTRAINTS ALL IMMEDIATE', parameters: [] },
      { sql: 'SAVEPOINT "before"', parameters: [] },
      // In a WITH, as it is deleted in the end: rules of the table's own may refuse it there alone.
      {
        sql: `
          WITH "gone" AS (DELETE FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL AND ${IS_ONE} RETURNING 1)
          SELECT count(*)::int AS "gone" FROM "gone"`,
        parameters: [id],
      },
      // A trigger may keep the row without a word: an error, which nothing else can say here. Several rows stay.
      {
        sql: 'SELECT 1 / (SELECT (count(*) <> 1)::int FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL)',
        parameters: [id],
      },
      { sql: 'ROLLBACK TO SAVEPOINT "before"', parameters: [] },
      ...(keep === null ? [] : keepingGoing(keep.repairId, id, keep.orders)),
      {
        sql: `
          WITH "order" AS (
            UPDATE "orders" SET "unfinished" = 'DELETE' WHERE "id" = $1::uuid AND "unfinished" IS NULL AND ${IS_ONE}
            RETURNING ${COLUMNS}),
          ${jobOf(this.#postgres.schema, TIMINGS.ordering.recovery / 1_000, 'TRUE')}
          ${ORDER_AND_JOB}`,
        parameters: [id],
      },
    ]);
    const row = results.at(-1)?.[0];
    if (row !== undefined) return toRow(orders, row);
    await refuseDoubled(this.#postgres, id, DELETING);
    return null;
  }
}

function numberTaken(orderNumber: string): AppError {
  const message = `another order has the number "${orderNumber}"; take another`;
  return new AppError('ORDER_NUMBER_TAKEN', message, { field: 'input.orderNumber' });
}

/** Whether a time, as it was read, is later than another, in ISO 8601. */
function isLater(time: unknown, than: string): boolean {
  return time instanceof Date && time.getTime() > Date.parse(than);
}
