import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, writeRefused } from '../errors/app-error.js';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { TRANSACTION_ID, writeKnown } from '../platform/postgres/known-write.js';
import { isUniqueViolation } from '../platform/postgres/postgres-errors.js';
import { toRow } from '../platform/postgres/rows.js';
import { orders, type Order, type OrderId } from '../domains/order/order.source.js';
import type { UserId } from '../domains/user/user.source.js';
import type { Request } from './idempotency.repository.js';
import {
  COLUMNS,
  CREATED,
  findOrder,
  HELD,
  heldFrom,
  jobOf,
  leaseEnd,
  ORDER_AND_JOB,
  type HeldOrder,
} from './order-rows.js';
import { IS_ONE, isFreeNumber, refuseDoubled } from './order-identity.js';
import { followCopies } from './order-copies.js';
import type { TransactionMode } from './protocol.js';
import { DELETIONS, KEYS } from '../platform/postgres/own-tables.js';
import { floored, GROWS_IN, growsNow, NEXT_UPDATED_AT, SHOWN_UPDATED_AT } from './updated-at.js';
import { heldNumber, heldUserAndNumber } from './user-hold.js';
import { TIMINGS } from '../platform/timings.js';
import { heldUserOf, keepingGoing, type RepairId } from './kept-rows.js';
import type { WholeTable } from '../platform/postgres/whole-rows.js';

/** What an order's row is made of; its times are added. */
export interface NewOrder {
  readonly id: OrderId;
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

/** Under which repair an order is kept that is deleted, and the columns of its table. */
export interface KeepOrder {
  readonly repairId: RepairId;
  readonly orders: WholeTable;
}

/** What became of an insert: nothing was written but for `inserted`. */
export type Insertion =
  | { readonly kind: 'inserted'; readonly held: HeldOrder }
  | { readonly kind: 'keyUsed' }
  | { readonly kind: 'orderNumberTaken' }
  | { readonly kind: 'userDeleted' }
  /** Whether the user goes, or stays after all, is not decided yet. */
  | { readonly kind: 'userBeingDeleted' };

const CHANGING = 'changing an order';
const DELETING = 'deleting an order';

/** How long a change waits until its `updatedAt` differs from the one before, in seconds. */
const LONGEST_WAIT = 1;

/** Of the user who is the second parameter. Who was deleted longer ago than any call takes, and is there again, is there. */
const USER_DELETION = `
  SELECT "deletedAt" FROM ${DELETIONS} WHERE "userId" = $2::text
    AND ("deletedAt" IS NULL OR "deletedAt" > clock_timestamp() - interval '5 minutes')`;

/**
 * Writes to `orders`, each in one PostgreSQL transaction with the job that completes it in MongoDB and with what the
 * client is to be told. Reading goes through the source.
 */
export class OrderRepository {
  readonly #postgres: PostgresDatabase;
  readonly #follows: boolean;

  /** @param follows whether the copies of users on orders follow the users */
  constructor(postgres: PostgresDatabase, follows: boolean) {
    this.#postgres = postgres;
    this.#follows = follows;
  }

  /**
   * Writes an order under a client's key. Made again with the same id it is refused by what the first has left, so that
   * a call whose outcome is unknown can be repeated until it is known.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE and WRITE_REFUSED when nothing was written; OUTCOME_UNKNOWN when the
   * connection broke in the middle
   */
  async insert(row: NewOrder, mode: TransactionMode, request: Request): Promise<Insertion> {
    // A deletion of its user that kept it out may be given up before it is looked at.
    return (await this.#inserted(row, mode, request)) ?? (await this.#inserted(row, mode, request)) ?? noRow(row);
  }

  /** @returns null where the table took no row, and nothing says why */
  async #inserted(row: NewOrder, mode: TransactionMode, request: Request): Promise<Insertion | null> {
    const what = creating(row);
    try {
      const [, rows = []] = await this.#postgres.transaction(what, [
        heldUserAndNumber(row.userId, row.orderNumber),
        this.#insertion(row, mode, request),
      ]);
      if (rows[0] !== undefined) return { kind: 'inserted', held: heldFrom(rows[0]) };
      // What an attempt before has written counts, whatever has become of its user since.
      if (await this.#isKeyUsed(request)) return { kind: 'keyUsed' };
      if (await this.#hasNumber(row.orderNumber)) return { kind: 'orderNumberTaken' };
      const deletion = await this.#deletionOf(row.userId);
      return deletion === null ? null : { kind: deletion };
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      if (await this.#isKeyUsed(request)) return { kind: 'keyUsed' };
      if (await this.#hasNumber(row.orderNumber)) return { kind: 'orderNumberTaken' };
      throw writeRefused(what, error);
    }
  }

  /** One statement: the order, what its client is told (unless that is still open), and the job. */
  #insertion(
    { id, userId, orderNumber, total, userName, userEmail }: NewOrder,
    mode: TransactionMode,
    request: Request,
  ): Sql {
    const isRequired = mode === 'REQUIRED';
    const isPromised = mode !== 'NONE';
    const job = jobOf(
      this.#postgres.schema,
      isRequired ? TIMINGS.ordering.recovery / 1_000 : 0,
      isPromised ? 'TRUE' : 'FALSE',
    );
    const sql = `
      WITH "order" AS (
        INSERT INTO "orders" ("id", "userId", "orderNumber", "total", "userName", "userEmail", "copiedAt", "createdAt",
          "updatedAt", "transactionState", "unfinished", "settlingUntil")
        SELECT $1::uuid, $2::text, $3::text, $4::text::numeric, $5::text, $6::text, "now",
          ${floored('"now"', 'createdAt')}, ${floored('"now"', 'updatedAt')}, $7::text, $8::text,
          ${isRequired ? leaseEnd() : 'NULL::timestamptz'}
        FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS "now") AS "clock"
        WHERE NOT EXISTS (${USER_DELETION}) AND ${isFreeNumber('$3::text')}
          AND NOT EXISTS (SELECT FROM "orders" AS "same" WHERE "same"."id" = $1::uuid)
        RETURNING ${HELD}),
      "key" AS (
        INSERT INTO ${KEYS} ("actor", "key", "fingerprint", "orderId", "outcome")
        SELECT $9::text, $10::text, $11::text, "order"."id", ${isRequired ? 'NULL' : CREATED} FROM "order"),
      ${this.#follows ? followCopies(this.#postgres.schema) : ''}
      ${job}
      SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs"
        ${this.#follows ? `, (SELECT count(*) FROM "follow") AS "~follow"` : ''} FROM "order"`;
    const state = isPromised ? 'PENDING' : 'NONE';
    const unfinished = isRequired ? 'CREATE' : null;
    const { actor, key, fingerprint } = request;
    const row = [id, userId, orderNumber, total, userName, userEmail, state, unfinished];
    return { sql, parameters: [...row, actor, key, fingerprint] };
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
    if (orderNumber !== null && (await this.#hasNumber(orderNumber, id))) throw numberTaken(orderNumber);
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
      if (orderNumber !== null && (await this.#hasNumber(orderNumber, id))) throw numberTaken(orderNumber);
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

  async #deletionOf(userId: UserId): Promise<'userDeleted' | 'userBeingDeleted' | null> {
    const sql = `SELECT $1::text AS "~", "deletedAt" IS NULL AS "isOpen" FROM (${USER_DELETION}) AS "deletion"`;
    const [deletion] = await this.#postgres.query(sql, null, userId);
    if (deletion === undefined) return null;
    return deletion['isOpen'] === true ? 'userBeingDeleted' : 'userDeleted';
  }

  async #isKeyUsed({ actor, key }: Request): Promise<boolean> {
    const sql = `SELECT 1 FROM ${KEYS} WHERE "actor" = $1::text AND "key" = $2::text`;
    return (await this.#postgres.query(sql, actor, key)).length > 0;
  }

  /** Constraints have names of their own in people's tables, so which one refused a row is looked up. */
  async #hasNumber(orderNumber: string, not: string | null = null): Promise<boolean> {
    const sql = `SELECT 1 FROM "orders" WHERE "orderNumber" = $1 AND "id" IS DISTINCT FROM $2::uuid`;
    return (await this.#postgres.query(sql, orderNumber, not)).length > 0;
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

function creating({ orderNumber }: NewOrder): string {
  return `creating order ${orderNumber}`;
}

/** A trigger may keep a row out without a word. */
function noRow(row: NewOrder): never {
  throw writeRefused(creating(row), new Error('the table took no row'));
}
