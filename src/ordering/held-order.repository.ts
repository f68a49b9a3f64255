import { notUnique, writeRefused } from '../errors/app-error.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { Order, OrderId } from '../domains/order/order.source.js';
import { IS_ONE } from './order-identity.js';
import { addOrderJob, HAS_JOB, removeOrderJob } from './order-job.js';
import {
  COLUMNS,
  CREATED,
  findOrder,
  HELD,
  heldFrom,
  jobOf,
  leaseEnd,
  noJobOf,
  ORDER_AND_JOB,
  writtenOrder,
  type HeldOrder,
} from './order-rows.js';
import { KEPT_AS_IT_GOES, KEPT_NO_MORE, keptOrder } from './kept-rows.js';
import type { WholeTable } from '../platform/postgres/whole-rows.js';
import { KEYS, TOMBSTONES } from '../platform/postgres/own-tables.js';
import { TIMINGS } from '../platform/timings.js';

/** What is there to be done for an order in MongoDB, and whether one may. */
export type Acquired =
  | { readonly kind: 'held'; readonly held: HeldOrder }
  | { readonly kind: 'busy' }
  /** Nothing is to be done. */
  | { readonly kind: 'settled'; readonly order: Order }
  | { readonly kind: 'absent' };

/** Of the order and the lease that are the first two parameters. */
const IS_HELD = `"id" = $1::uuid AND "settlingUntil" = $2::text::timestamptz AND ${IS_ONE}`;

/**
 * Orders that one party at a time has to itself, to bring MongoDB in line with them: taking one, noting what became of
 * it, and letting go. What is written of an order whose lease another has by now does nothing.
 */
export class HeldOrderRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /**
   * Takes an order for oneself, where something is to be done for it in MongoDB and nobody else is at it.
   *
   * @throws {AppError} NOT_UNIQUE where several rows have the id; POSTGRES_UNAVAILABLE, WRITE_REFUSED, OUTCOME_UNKNOWN
   */
  async acquire(id: OrderId): Promise<Acquired> {
    const rows = await this.#postgres.write<Record<string, unknown>[]>('taking an order', (prisma) =>
      prisma.$queryRawUnsafe(
        `WITH "before" AS (
           SELECT "settlingUntil" AS "until", clock_timestamp() AS "now", ${HAS_JOB} AS "isOpen"
           FROM "orders" WHERE "id" = $1::uuid FOR UPDATE),
         "order" AS (
           UPDATE "orders" SET "settlingUntil" = ${leaseEnd()} FROM "before"
           WHERE "id" = $1::uuid AND ${IS_ONE} AND "isOpen" AND ("until" IS NULL OR "until" < "now")
           RETURNING ${HELD}, "until" IS NOT NULL AS "~abandoned")
         SELECT "order".*, "isOpen" AS "~open", "until" IS NULL OR "until" < "now" AS "~free",
           "order"."id" IS NOT NULL AS "~held"
         FROM "before" LEFT JOIN "order" ON true`,
        id,
      ),
    );
    const [row] = rows;
    if (row === undefined) return { kind: 'absent' };
    if (rows.length > 1) notUnique('taking an order', id);
    if (row['~held'] === true) return { kind: 'held', held: heldFrom(row) };
    // A trigger may keep a change out without a word.
    if (row['~open'] === true && row['~free'] === true)
      throw writeRefused('taking an order', new Error('no row changed'));
    if (row['~open'] === true) return { kind: 'busy' };
    const order = await findOrder(this.#postgres, id);
    return order === null ? { kind: 'absent' } : { kind: 'settled', order };
  }

  /**
   * Lets go of an order that stays as it is.
   *
   * @param isCertain whether all that was ever sent for it is answered; whoever takes it next will know
   */
  async release({ order, lease }: HeldOrder, isCertain: boolean): Promise<void> {
    await this.#written(
      'letting go of an order',
      `UPDATE "orders" SET "settlingUntil" = ${releasedIf('$3::boolean')} WHERE ${IS_HELD} RETURNING ${COLUMNS}`,
      order.id,
      lease,
      isCertain,
    );
  }

  /**
   * Lets an order be seen whose transaction is recorded, and keeps what its client is told.
   *
   * @param isCertain whether all that was ever sent for it is answered
   * @returns null when somebody else has it by now
   */
  finishCreate({ order, lease }: HeldOrder, isCertain: boolean): Promise<Order | null> {
    return this.#written(
      'completing an order',
      `WITH "order" AS (
         UPDATE "orders" SET "unfinished" = NULL, "transactionState" = 'RECORDED', "transactionError" = NULL,
           "settlingUntil" = ${releasedIf('$3::boolean')}
         WHERE ${IS_HELD} AND "unfinished" = 'CREATE' RETURNING ${COLUMNS}),
       "key" AS (
         UPDATE ${KEYS} SET "outcome" = ${CREATED}, "createdAt" = clock_timestamp()
         FROM "order" WHERE "orderId" = "order"."id"),
       ${noJobOf(this.#postgres.schema)}
       ${ORDER_AND_JOB}`,
      order.id,
      lease,
      isCertain,
    );
  }

  /**
   * Takes an order back that was never seen, and keeps what its client is told instead.
   *
   * @param hasTombstone whether its key in MongoDB is held by one
   * @returns null when somebody else has it by now
   * @throws {AppError} WRITE_REFUSED when the table keeps it
   */
  async cancelCreate(held: HeldOrder, outcome: object, hasTombstone: boolean): Promise<Order | null> {
    const { order, lease } = held;
    const what = 'taking an order back';
    const cancelled = await this.#written(
      what,
      `WITH "order" AS (DELETE FROM "orders" WHERE ${IS_HELD} AND "unfinished" = 'CREATE' RETURNING ${COLUMNS}),
       "key" AS (
         UPDATE ${KEYS} SET "outcome" = $3::text::jsonb, "createdAt" = clock_timestamp()
         FROM "order" WHERE "orderId" = "order"."id"),
       ${tombstoneOf('$4::boolean')},
       ${noJobOf(this.#postgres.schema)}
       ${ORDER_AND_JOB}`,
      order.id,
      lease,
      JSON.stringify(outcome),
      hasTombstone,
    );
    // A trigger may keep a row without a word.
    if (cancelled === null && (await this.#isHeld(held))) throw writeRefused(what, new Error('the table kept the row'));
    return cancelled;
  }

  /**
   * Notes that the order's transaction is there with the amount that the order had when it was taken. Where it has another
   * by now, whoever has changed it, a job follows.
   *
   * @param isCertain whether all that was ever sent for it is answered
   * @returns the order as it is now, or null when somebody else has it by now
   */
  recorded({ order, lease }: HeldOrder, isCertain: boolean): Promise<Order | null> {
    const isRecorded = '"total" = $3::text::numeric AND "unfinished" IS NULL';
    return this.#written(
      'noting a transaction',
      `WITH "order" AS (
         UPDATE "orders" SET "settlingUntil" = ${releasedIf('$4::boolean')},
           "transactionState" = CASE WHEN ${isRecorded} THEN 'RECORDED' ELSE "transactionState" END,
           "transactionError" = CASE WHEN ${isRecorded} THEN NULL ELSE "transactionError" END
         WHERE ${IS_HELD} RETURNING ${COLUMNS}, "unfinished" AS "~unfinished"),
       ${jobOf(this.#postgres.schema, TIMINGS.ordering.amountRecovery / 1_000, `"transactionState" = 'PENDING' AND "~unfinished" IS NULL`)}
       ${ORDER_AND_JOB}`,
      order.id,
      lease,
      order.total,
      isCertain,
    );
  }

  /** Notes why the order's transaction is not recorded, and whether it is tried again. */
  async failing(id: OrderId, reason: string, isParked: boolean): Promise<void> {
    await this.#written(
      'noting a failure',
      `UPDATE "orders" SET "transactionError" = $2::text,
         "transactionState" = CASE WHEN $3::boolean THEN 'FAILED' ELSE "transactionState" END
       WHERE "id" = $1::uuid AND "transactionState" IN ('PENDING', 'FAILED') AND ${IS_ONE} RETURNING ${COLUMNS}`,
      id,
      reason,
      isParked,
    );
  }

  /**
   * Deletes an order that `beginDelete` has hidden.
   *
   * @param hasTombstone whether its key in MongoDB is held by one
   * @param whole of a repair: the columns of the table, to keep the row as it goes
   * @returns whether it was deleted; not when another caller has it by now, or the table has another column by now
   */
  async finishDelete({ order, lease }: HeldOrder, hasTombstone: boolean, whole: WholeTable | null): Promise<boolean> {
    const kept =
      whole === null
        ? ''
        : `"whole" AS (
             SELECT "orders"."id", ${keptOrder(whole)} FROM "orders"
             WHERE ${IS_HELD} AND "unfinished" = 'DELETE' AND ${whole.isSame} FOR UPDATE OF "orders"),
           ${KEPT_AS_IT_GOES},`;
    const isKept = whole === null ? '' : 'AND EXISTS (SELECT FROM "whole")';
    const held = await this.#written(
      'deleting an order',
      `WITH ${kept}
       "order" AS (
         SELECT ${COLUMNS} FROM "orders" WHERE ${IS_HELD} AND "unfinished" = 'DELETE' ${isKept} FOR UPDATE),
       "gone" AS (DELETE FROM "orders" USING "order" WHERE "orders"."id" = "order"."id" AND ${IS_ONE}),
       "key" AS (UPDATE ${KEYS} SET "deletedAt" = clock_timestamp() FROM "order" WHERE "orderId" = "order"."id"),
       ${tombstoneOf('$3::boolean')},
       ${noJobOf(this.#postgres.schema)}
       ${ORDER_AND_JOB}`,
      order.id,
      lease,
      hasTombstone,
    );
    return held !== null;
  }

  /** Lets an order be seen again that `beginDelete` has hidden; null when somebody else has it by now. */
  abandonDelete({ order, lease }: HeldOrder): Promise<Order | null> {
    return this.#written(
      'keeping an order',
      `WITH "order" AS (
         UPDATE "orders" SET "unfinished" = NULL, "settlingUntil" = NULL WHERE ${IS_HELD} AND "unfinished" = 'DELETE'
         RETURNING ${COLUMNS}),
       ${KEPT_NO_MORE},
       "job" AS (
         SELECT CASE WHEN "transactionState" IN ('PENDING', 'FAILED') THEN ${addOrderJob(this.#postgres.schema, '"id"', 0)} ELSE ${removeOrderJob(this.#postgres.schema, '"id"')} END
         FROM "order")
       ${ORDER_AND_JOB}`,
      order.id,
      lease,
    );
  }

  async #isHeld({ order, lease }: HeldOrder): Promise<boolean> {
    return (await this.#postgres.query(`SELECT 1 FROM "orders" WHERE ${IS_HELD}`, order.id, lease)).length > 0;
  }

  #written(what: string, sql: string, ...parameters: readonly unknown[]): Promise<Order | null> {
    return writtenOrder(this.#postgres, what, sql, ...parameters);
  }
}

/** A lease that has run out, and is not taken back, tells whoever comes later that something may be on its way. */
function releasedIf(condition: string): string {
  return `CASE WHEN ${condition} THEN NULL ELSE LEAST("settlingUntil", clock_timestamp()) END`;
}

function tombstoneOf(condition: string): string {
  return `"tombstone" AS (
    INSERT INTO ${TOMBSTONES} ("orderId") SELECT "id" FROM "order" WHERE ${condition} ON CONFLICT DO NOTHING)`;
}
