import { AppError, writeRefused } from '../errors/app-error.js';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { isUniqueViolation } from '../platform/postgres/postgres-errors.js';
import { rowColumns, toRow } from '../platform/postgres/rows.js';
import { addJob, removeJob } from '../platform/jobs/job-sql.js';
import { orders, type Order, type OrderId } from '../domains/order/order.source.js';
import type { UserId } from '../domains/user/user.source.js';
import type { Request } from './idempotency.repository.js';
import { AMOUNT_DELAY, LEASE, RECOVERY_DELAY, SETTLE_ORDER, type TransactionMode } from './protocol.js';
import { NEXT_UPDATED_AT } from './updated-at.js';
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
  | { readonly kind: 'inserted'; readonly held: HeldOrder }
  | { readonly kind: 'keyUsed' }
  | { readonly kind: 'orderNumberTaken' }
  | { readonly kind: 'userDeleted' };

/**
 * An order that somebody has to himself, to write to MongoDB for it. Who takes too long may lose it to another; every
 * statement below does nothing then.
 */
export interface HeldOrder {
  readonly order: Order;
  /** The write that is under way: until it is finished, nobody sees the order. */
  readonly unfinished: 'CREATE' | 'DELETE' | null;
  /** Whether whoever had it before never said how that ended: what was sent to MongoDB then may still arrive. */
  readonly isAbandoned: boolean;
  /** For how many seconds the order is there. */
  readonly age: number;
  /** What tells this hold from any other. */
  readonly lease: string;
}

/** What is there to be done for an order in MongoDB, and whether one may. */
export type Acquired =
  | { readonly kind: 'held'; readonly held: HeldOrder }
  | { readonly kind: 'busy' }
  /** Nothing is to be done. */
  | { readonly kind: 'settled'; readonly order: Order }
  | { readonly kind: 'absent' };

const COLUMNS = rowColumns(orders);
const LEASE_END = `clock_timestamp() + make_interval(secs => ${LEASE})`;
const HELD = `${COLUMNS}, "unfinished" AS "~unfinished", "settlingUntil"::text AS "~lease",
  EXTRACT(EPOCH FROM clock_timestamp() - "createdAt")::float8 AS "~age"`;
/** Of the order and the lease that are the first two parameters. */
const IS_HELD = '"id" = $1::uuid AND "settlingUntil" = $2::text::timestamptz';
const JOB_KEY = `'order ' || "order"."id"::text`;
const KEYS = '"tandem_idempotency_keys"';
/** Of the user who is the second parameter. Who was deleted longer ago than any call takes, and is there again, is there. */
const USER_DELETION = `
  SELECT "userId" FROM "tandem_user_deletions" WHERE "userId" = $2::text
    AND ("deletedAt" IS NULL OR "deletedAt" > clock_timestamp() - interval '5 minutes')`;
/** What a client is told of an order that was created, and keeps being told. */
const CREATED = `jsonb_build_object(
  'kind', 'created', 'order', to_jsonb("order") - '~unfinished' - '~lease' - '~age' || jsonb_build_object(
    'createdAt', "order"."createdAt"::timestamptz, 'updatedAt', "order"."updatedAt"::timestamptz))`;

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
      if (rows[0] !== undefined) return { kind: 'inserted', held: heldFrom(rows[0]) };
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
    const job = mode === 'NONE' ? '"job" AS (SELECT WHERE FALSE)' : this.#job(isRequired ? RECOVERY_DELAY : 0, 'TRUE');
    const sql = `
      WITH "order" AS (
        INSERT INTO "orders" ("id", "userId", "orderNumber", "total", "userName", "userEmail", "createdAt", "updatedAt",
          "transactionState", "unfinished", "settlingUntil")
        SELECT $1::uuid, $2::text, $3::text, $4::text::numeric, $5::text, $6::text, "now", "now", $7::text, $8::text,
          ${isRequired ? LEASE_END : 'NULL::timestamptz'}
        FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS "now") AS "clock"
        WHERE NOT EXISTS (${USER_DELETION})
        RETURNING ${HELD}),
      "key" AS (
        INSERT INTO ${KEYS} ("actor", "key", "fingerprint", "orderId", "outcome")
        SELECT $9::text, $10::text, $11::text, "order"."id", ${isRequired ? 'NULL' : CREATED} FROM "order"),
      ${job}
      SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`;
    const state = mode === 'NONE' ? 'NONE' : 'PENDING';
    const unfinished = isRequired ? 'CREATE' : null;
    const { actor, key, fingerprint } = request;
    const row = [id, userId, orderNumber, total, userName, userEmail, state, unfinished];
    return { sql, parameters: [...row, actor, key, fingerprint] };
  }

  /** The order with this id, seen by readers or not; null where there is none. */
  async find(id: OrderId): Promise<(Order & Pick<HeldOrder, 'unfinished'>) | null> {
    const [row] = await this.#postgres.query(`SELECT ${HELD} FROM "orders" WHERE "id" = $1::uuid`, id);
    if (row === undefined) return null;
    const { order, unfinished } = heldFrom(row);
    return { ...order, unfinished };
  }

  /** Takes an order for oneself, where something is to be done for it in MongoDB and nobody else is at it. */
  async acquire(id: OrderId): Promise<Acquired> {
    const rows = await this.#postgres.write<Record<string, unknown>[]>('an order was taken', (prisma) =>
      prisma.$queryRawUnsafe(
        `WITH "before" AS (
           SELECT "settlingUntil" AS "until", clock_timestamp() AS "now",
             "unfinished" IS NOT NULL OR "transactionState" IN ('PENDING', 'FAILED') AS "isOpen"
           FROM "orders" WHERE "id" = $1::uuid FOR UPDATE),
         "order" AS (
           UPDATE "orders" SET "settlingUntil" = ${LEASE_END} FROM "before"
           WHERE "id" = $1::uuid AND "isOpen" AND ("until" IS NULL OR "until" < "now")
           RETURNING ${HELD}, "until" IS NOT NULL AS "~abandoned")
         SELECT "order".*, "isOpen" AS "~open", "until" IS NULL OR "until" < "now" AS "~free",
           "order"."id" IS NOT NULL AS "~held"
         FROM "before" LEFT JOIN "order" ON true`,
        id,
      ),
    );
    const [row] = rows;
    if (row === undefined) return { kind: 'absent' };
    if (row['~held'] === true) return { kind: 'held', held: heldFrom(row) };
    // A trigger may keep a change out without a word.
    if (row['~open'] === true && row['~free'] === true)
      throw writeRefused('an order was taken', new Error('no row changed'));
    if (row['~open'] === true) return { kind: 'busy' };
    const order = await this.find(id);
    return order === null ? { kind: 'absent' } : { kind: 'settled', order };
  }

  /**
   * Lets go of an order that stays as it is.
   *
   * @param isCertain whether all that was ever sent for it is answered; whoever takes it next will know
   */
  async release({ order, lease }: HeldOrder, isCertain: boolean): Promise<void> {
    await this.#one(
      'an order was let go',
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
    return this.#one(
      'an order was completed',
      `WITH "order" AS (
         UPDATE "orders" SET "unfinished" = NULL, "transactionState" = 'RECORDED', "transactionError" = NULL,
           "settlingUntil" = ${releasedIf('$3::boolean')}
         WHERE ${IS_HELD} AND "unfinished" = 'CREATE' RETURNING ${COLUMNS}),
       "key" AS (UPDATE ${KEYS} SET "outcome" = ${CREATED} FROM "order" WHERE "orderId" = "order"."id"),
       ${this.#removedJob()}
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
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
   */
  cancelCreate({ order, lease }: HeldOrder, outcome: object, hasTombstone: boolean): Promise<Order | null> {
    return this.#one(
      'an order was taken back',
      `WITH "order" AS (DELETE FROM "orders" WHERE ${IS_HELD} AND "unfinished" = 'CREATE' RETURNING ${COLUMNS}),
       "key" AS (
         UPDATE ${KEYS} SET "outcome" = $3::text::jsonb FROM "order" WHERE "orderId" = "order"."id"),
       ${tombstoneOf('$4::boolean')},
       ${this.#removedJob()}
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
      order.id,
      lease,
      JSON.stringify(outcome),
      hasTombstone,
    );
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
    return this.#one(
      'a transaction was noted',
      `WITH "order" AS (
         UPDATE "orders" SET "settlingUntil" = ${releasedIf('$4::boolean')},
           "transactionState" = CASE WHEN ${isRecorded} THEN 'RECORDED' ELSE "transactionState" END,
           "transactionError" = CASE WHEN ${isRecorded} THEN NULL ELSE "transactionError" END
         WHERE ${IS_HELD} RETURNING ${COLUMNS}, "unfinished" AS "~unfinished"),
       ${this.#job(AMOUNT_DELAY, `"transactionState" = 'PENDING' AND "~unfinished" IS NULL`)}
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
      order.id,
      lease,
      order.total,
      isCertain,
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
      ${this.#job(AMOUNT_DELAY, `"transactionState" = 'PENDING' AND $2::text IS NOT NULL`)}
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
      // What a constraint says at the end of a transaction, it is to say now.
      { sql: 'SET CONSTRAINTS ALL IMMEDIATE', parameters: [] },
      { sql: 'SAVEPOINT "before"', parameters: [] },
      { sql: 'DELETE FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL', parameters: [id] },
      // A trigger may keep the row without a word: an error, which nothing else can say here.
      {
        sql: 'SELECT 1 / (SELECT 1 - count(*) FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL)',
        parameters: [id],
      },
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
   * Deletes an order that {@link beginDelete} has hidden.
   *
   * @param hasTombstone whether its key in MongoDB is held by one
   * @returns whether it was deleted; not when somebody else has it by now
   */
  async finishDelete({ order, lease }: HeldOrder, hasTombstone: boolean): Promise<boolean> {
    const held = await this.#one(
      'an order was deleted',
      `WITH "order" AS (SELECT ${COLUMNS} FROM "orders" WHERE ${IS_HELD} AND "unfinished" = 'DELETE' FOR UPDATE),
       "gone" AS (DELETE FROM "orders" USING "order" WHERE "orders"."id" = "order"."id"),
       "key" AS (UPDATE ${KEYS} SET "deletedAt" = clock_timestamp() FROM "order" WHERE "orderId" = "order"."id"),
       ${tombstoneOf('$3::boolean')},
       ${this.#removedJob()}
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
      order.id,
      lease,
      hasTombstone,
    );
    return held !== null;
  }

  /** Lets an order be seen again that {@link beginDelete} has hidden; null when somebody else has it by now. */
  abandonDelete({ order, lease }: HeldOrder): Promise<Order | null> {
    return this.#one(
      'an order was kept',
      `WITH "order" AS (
         UPDATE "orders" SET "unfinished" = NULL, "settlingUntil" = NULL WHERE ${IS_HELD} AND "unfinished" = 'DELETE'
         RETURNING ${COLUMNS}),
       "job" AS (
         SELECT CASE WHEN "transactionState" IN ('PENDING', 'FAILED') THEN ${this.#addJob(0)} ELSE ${this.#removeJob()} END
         FROM "order")
       SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"`,
      order.id,
      lease,
    );
  }

  async #one(what: string, sql: string, ...parameters: unknown[]): Promise<Order | null> {
    const rows = await this.#postgres.write<Record<string, unknown>[]>(what, (prisma) =>
      prisma.$queryRawUnsafe(sql, ...parameters),
    );
    return rows[0] === undefined ? null : toRow(orders, rows[0]);
  }

  #job(delay: number, condition: string): string {
    return `"job" AS (SELECT ${this.#addJob(delay)} FROM "order" WHERE ${condition})`;
  }

  #removedJob(): string {
    return `"job" AS (SELECT ${this.#removeJob()} FROM "order")`;
  }

  #addJob(delay: number): string {
    const payload = `json_build_object('orderId', "order"."id")`;
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

function heldFrom(row: Readonly<Record<string, unknown>>): HeldOrder {
  return {
    order: toRow(orders, row),
    unfinished: row['~unfinished'] as HeldOrder['unfinished'],
    isAbandoned: row['~abandoned'] === true,
    age: Number(row['~age']),
    lease: String(row['~lease']),
  };
}

/** A lease that has run out, and is not taken back, tells whoever comes later that something may be on its way. */
function releasedIf(condition: string): string {
  return `CASE WHEN ${condition} THEN NULL ELSE LEAST("settlingUntil", clock_timestamp()) END`;
}

function tombstoneOf(condition: string): string {
  return `"tombstone" AS (
    INSERT INTO "tandem_tombstones" ("orderId") SELECT "id" FROM "order" WHERE ${condition} ON CONFLICT DO NOTHING)`;
}
