import { AppError, writeRefused } from '../errors/app-error.js';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { isUniqueViolation } from '../platform/postgres/postgres-errors.js';
import { rowColumns, toRow } from '../platform/postgres/rows.js';
import { addJob, removeJob } from '../platform/jobs/job-sql.js';
import { orders, type Order, type OrderId } from '../domains/order/order.source.js';
import type { UserId } from '../domains/user/user.source.js';
import type { Request } from './idempotency.repository.js';
import { RECOVERY_DELAY, SETTLE_ORDER, type TransactionMode } from './protocol.js';
import { heldUser } from './user-hold.js';

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

/** What became of an insert: nothing was written but for `inserted`. */
export type Insertion =
  | { readonly kind: 'inserted'; readonly order: Order }
  | { readonly kind: 'keyUsed' }
  | { readonly kind: 'orderNumberTaken' }
  | { readonly kind: 'userDeleted' };

/** An order as it stands, seen or not. */
export interface Standing {
  readonly order: Order;
  /** The write that is under way. */
  readonly unfinished: 'CREATE' | 'DELETE' | null;
  /** Whether a write of its transaction that nobody waits for any more may still arrive in MongoDB. */
  readonly uncertain: boolean;
  /** For how many seconds it is there. */
  readonly age: number;
}

const COLUMNS = rowColumns(orders);
const JOB_KEY = `'order ' || "order"."id"::text`;
const KEYS = '"tandem_idempotency_keys"';
/** Of the user who is the second parameter. Who was deleted longer ago than any call takes, and is there again, is there. */
const USER_DELETION = `
  SELECT "userId" FROM "tandem_user_deletions" WHERE "userId" = $2::text
    AND ("deletedAt" IS NULL OR "deletedAt" > clock_timestamp() - interval '5 minutes')`;
/** What a client is told of an order that was created, and keeps being told. */
const CREATED = `jsonb_build_object('kind', 'created', 'order', to_jsonb("order"))`;

/**
 * Writes to `orders`, each in one PostgreSQL transaction with the job that completes it in MongoDB and with what the
 * client is to be told. Reading goes through the source.
 */
export class OrderRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /**
   * Writes an order under a client's key. Made again with the same id it is refused by what the first has left, so that
   * a call whose outcome is unknown can be repeated until it is known.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE and WRITE_REFUSED when nothing was written; OUTCOME_UNKNOWN when the
   * connection broke in the middle
   */
  async insert(row: NewOrder, mode: TransactionMode, request: Request): Promise<Insertion> {
    const what = `order ${row.orderNumber} was written`;
    try {
      const [, rows = []] = await this.#postgres.transaction(what, [
        heldUser(row.userId, 'shared'),
        this.#insertion(row, mode, request),
      ]);
      if (rows[0] !== undefined) return { kind: 'inserted', order: toRow(orders, rows[0]) };
      if (await this.#isUserDeleted(row.userId)) return { kind: 'userDeleted' };
      // A trigger may keep a row out without a word.
      throw writeRefused(what, new Error('the table took no row'));
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
    const job =
      mode === 'NONE'
        ? '"job" AS (SELECT WHERE FALSE)'
        : this.#job(isRequired ? RECOVERY_DELAY : 0, 'TRUE', !isRequired);
    const sql = `
      WITH "order" AS (
        INSERT INTO "orders" ("id", "userId", "orderNumber", "total", "userName", "userEmail", "createdAt", "updatedAt",
          "transactionState", "unfinished")
        SELECT $1::uuid, $2::text, $3::text, $4::text::numeric, $5::text, $6::text, "now", "now", $7::text, $8::text
        FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS "now") AS "clock"
        WHERE NOT EXISTS (${USER_DELETION})
        RETURNING ${COLUMNS}),
      "key" AS (
        INSERT INTO ${KEYS} ("actor", "key", "fingerprint", "orderId", "outcome")
        SELECT $9::text, $10::text, $11::text, $1::uuid, ${isRequired ? 'NULL' : CREATED} FROM "order"),
      ${job}
      SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`;
    const state = mode === 'NONE' ? 'NONE' : 'PENDING';
    const unfinished = isRequired ? 'CREATE' : null;
    const { actor, key, fingerprint } = request;
    const row = [id, userId, orderNumber, total, userName, userEmail, state, unfinished];
    return { sql, parameters: [...row, actor, key, fingerprint] };
  }

  /** The order with this id as it stands, seen by readers or not; null where there is none. */
  async standing(id: OrderId): Promise<Standing | null> {
    const [row] = await this.#postgres.query(
      `SELECT ${rowColumns(orders)}, "unfinished" AS "~unfinished",
         EXTRACT(EPOCH FROM clock_timestamp() - "createdAt")::float8 AS "~age",
         COALESCE((SELECT bool_or("uncertain") FROM ${KEYS} WHERE "orderId" = "orders"."id"), false) AS "~uncertain"
       FROM "orders" WHERE "id" = $1::uuid`,
      id,
    );
    if (row === undefined) return null;
    return {
      order: toRow(orders, row),
      unfinished: row['~unfinished'] as Standing['unfinished'],
      uncertain: row['~uncertain'] === true,
      age: Number(row['~age']),
    };
  }

  /**
   * Lets an order be seen whose transaction is recorded, and keeps what its client is told. Made twice, it does the same.
   *
   * @returns null when there is no such order any more, or it was finished by somebody else
   */
  finishCreate(id: OrderId, uncertain: boolean): Promise<Order | null> {
    return this.#one(
      'an order was completed',
      `WITH "order" AS (
         UPDATE "orders" SET "unfinished" = NULL, "transactionState" = 'RECORDED', "transactionError" = NULL
         WHERE "id" = $1::uuid AND "unfinished" = 'CREATE' RETURNING ${COLUMNS}),
       "key" AS (
         UPDATE ${KEYS} SET "outcome" = ${CREATED}, "uncertain" = "uncertain" OR $2::boolean FROM "order"
         WHERE "orderId" = "order"."id"),
       ${this.#removedJob()}
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
      id,
      uncertain,
    );
  }

  /**
   * Takes an order back that was never seen, and keeps what its client is told instead. Made twice, it does the same.
   *
   * @param hasTombstone whether its key in MongoDB is held by one
   */
  async cancelCreate(id: OrderId, outcome: object, hasTombstone: boolean): Promise<void> {
    await this.#one(
      'an order was taken back',
      `WITH "order" AS (DELETE FROM "orders" WHERE "id" = $1::uuid AND "unfinished" = 'CREATE' RETURNING ${COLUMNS}),
       "key" AS (
         UPDATE ${KEYS} SET "outcome" = $2::text::jsonb FROM "order" WHERE "orderId" = "order"."id"),
       ${tombstoneOf('$3::boolean')},
       ${this.#removedJob()}
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
      id,
      JSON.stringify(outcome),
      hasTombstone,
    );
  }

  /**
   * Notes that the order's transaction is there with this amount. Another one by now has a job of its own.
   *
   * @returns the order, or null when it has another total, or there is none
   */
  recorded(id: OrderId, total: string, uncertain: boolean): Promise<Order | null> {
    return this.#one(
      'a transaction was noted',
      `WITH "order" AS (
         UPDATE "orders" SET "transactionState" = 'RECORDED', "transactionError" = NULL
         WHERE "id" = $1::uuid AND "total" = $2::text::numeric AND "unfinished" IS NULL RETURNING ${COLUMNS}),
       "key" AS (
         UPDATE ${KEYS} SET "uncertain" = true FROM "order" WHERE "orderId" = "order"."id" AND $3::boolean)
       SELECT * FROM "order"`,
      id,
      total,
      uncertain,
    );
  }

  /** Notes why the order's transaction is not recorded, and whether it is tried again. */
  async failing(id: OrderId, reason: string, isParked: boolean): Promise<void> {
    await this.#one(
      'a failure was noted',
      `UPDATE "orders" SET "transactionError" = $2::text,
         "transactionState" = CASE WHEN $3::boolean THEN 'FAILED' ELSE "transactionState" END
       WHERE "id" = $1::uuid AND "transactionState" IN ('PENDING', 'FAILED') RETURNING ${COLUMNS}`,
      id,
      reason,
      isParked,
    );
  }

  /**
   * Changes a row and returns it as it is now. `updatedAt` grows by a millisecond at least, so that whoever has read the
   * row before can be told by it. With another total, a transaction of the order is PENDING until it has that amount.
   *
   * @returns null when no row has the id, or its `updatedAt` is not the expected one
   * @throws {AppError} POSTGRES_UNAVAILABLE when nothing was written; OUTCOME_UNKNOWN when that cannot be said;
   * ORDER_NUMBER_TAKEN
   */
  async update(id: OrderId, { total, orderNumber, expectedUpdatedAt }: OrderRowChanges): Promise<Order | null> {
    const isOther = '"transactionState" <> \'NONE\' AND $2::text::numeric <> "total"';
    const sql = `
      WITH "order" AS (
        UPDATE "orders" SET
          "total" = COALESCE($2::text::numeric, "total"),
          "orderNumber" = COALESCE($3::text, "orderNumber"),
          "transactionState" = CASE WHEN ${isOther} THEN 'PENDING' ELSE "transactionState" END,
          "updatedAt" = CASE WHEN COALESCE($2::text, $3::text) IS NULL THEN "updatedAt" ELSE ${NEXT_UPDATED_AT} END
        WHERE "id" = $1::uuid AND "unfinished" IS NULL
          AND ($4::text IS NULL OR date_trunc('milliseconds', "updatedAt") = $4::text::timestamptz)
        RETURNING ${COLUMNS}),
      ${this.#job(RECOVERY_DELAY, `"transactionState" = 'PENDING' AND $2::text IS NOT NULL`)}
      SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`;
    try {
      return await this.#one('an order was changed', sql, id, total, orderNumber, expectedUpdatedAt);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const isTaken = orderNumber !== null && (await this.#hasNumber(orderNumber, id));
      if (!isTaken) throw writeRefused('an order was changed', error);
      throw new AppError('ORDER_NUMBER_TAKEN', `another order has the number "${orderNumber}"; take another`, {
        field: 'input.orderNumber',
      });
    }
  }

  /**
   * Hides an order that is to be deleted, after trying whether its table lets it go: once its transactions are gone it is
   * too late to find that out.
   *
   * @returns null where nobody sees one
   * @throws {AppError} as {@link update} does
   */
  async beginDelete(id: OrderId): Promise<Order | null> {
    const results = await this.#postgres.transaction('an order was deleted', [
      { sql: 'SAVEPOINT "before"', parameters: [] },
      { sql: 'DELETE FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL', parameters: [id] },
      { sql: 'ROLLBACK TO SAVEPOINT "before"', parameters: [] },
      {
        sql: `
          WITH "order" AS (
            UPDATE "orders" SET "unfinished" = 'DELETE' WHERE "id" = $1::uuid AND "unfinished" IS NULL
            RETURNING ${COLUMNS}),
          ${this.#job(RECOVERY_DELAY, 'TRUE')}
          SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
        parameters: [id],
      },
    ]);
    const row = results.at(-1)?.[0];
    return row === undefined ? null : toRow(orders, row);
  }

  /**
   * Deletes an order that {@link beginDelete} has hidden. Made twice, it does the same.
   *
   * @param hasTombstone whether its key in MongoDB is held by one
   */
  async finishDelete(id: OrderId, hasTombstone: boolean): Promise<void> {
    await this.#one(
      'an order was deleted',
      `WITH "gone" AS (DELETE FROM "orders" WHERE "id" = $1::uuid AND "unfinished" = 'DELETE'),
       "key" AS (UPDATE ${KEYS} SET "deletedAt" = clock_timestamp() WHERE "orderId" = $1::uuid),
       "order" AS (SELECT $1::uuid AS "id"),
       ${tombstoneOf('$2::boolean')},
       ${this.#removedJob()}
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
      id,
      hasTombstone,
    );
  }

  /** Lets an order be seen again that {@link beginDelete} has hidden. */
  async abandonDelete(id: OrderId): Promise<void> {
    await this.#one(
      'an order was kept',
      `WITH "order" AS (
         UPDATE "orders" SET "unfinished" = NULL WHERE "id" = $1::uuid AND "unfinished" = 'DELETE' RETURNING ${COLUMNS}),
       "job" AS (
         SELECT CASE WHEN "transactionState" = 'PENDING' THEN ${this.#addJob(0)} ELSE ${this.#removeJob()} END
         FROM "order")
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
      id,
    );
  }

  async #one(what: string, sql: string, ...parameters: unknown[]): Promise<Order | null> {
    const rows = await this.#postgres.write<Record<string, unknown>[]>(what, (prisma) =>
      prisma.$queryRawUnsafe(sql, ...parameters),
    );
    return rows[0] === undefined ? null : toRow(orders, rows[0]);
  }

  #job(delay: number, condition: string, isFirst = false): string {
    return `"job" AS (SELECT ${this.#addJob(delay, isFirst)} FROM "order" WHERE ${condition})`;
  }

  #removedJob(): string {
    return `"job" AS (SELECT ${this.#removeJob()} FROM "order")`;
  }

  /** @param isFirst whether nobody but this job sends MongoDB anything for the order, the first time */
  #addJob(delay: number, isFirst = false): string {
    const payload = `json_build_object('orderId', "order"."id", 'isFirst', ${isFirst})`;
    return addJob(this.#postgres.schema, { task: SETTLE_ORDER, key: JOB_KEY, payload, delay });
  }

  #removeJob(): string {
    return removeJob(this.#postgres.schema, JOB_KEY);
  }

  async #isUserDeleted(userId: UserId): Promise<boolean> {
    const sql = `SELECT $1::text AS "~", "userId" FROM (${USER_DELETION}) AS "deletion"`;
    return (await this.#postgres.query(sql, null, userId)).length > 0;
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

function tombstoneOf(condition: string): string {
  return `"tombstone" AS (
    INSERT INTO "tandem_tombstones" ("orderId") SELECT "id" FROM "order" WHERE ${condition} ON CONFLICT DO NOTHING)`;
}

const NEXT_UPDATED_AT = `GREATEST(
  date_trunc('milliseconds', clock_timestamp()),
  date_trunc('milliseconds', "updatedAt") + interval '1 millisecond'
)`;
