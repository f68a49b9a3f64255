import { writeRefused } from '../errors/app-error.js';
import type { OrderId } from '../domains/order/order.source.js';
import type { UserId } from '../domains/user/user.source.js';
import { DELETIONS, KEYS } from '../platform/postgres/own-tables.js';
import { isUniqueViolation } from '../platform/postgres/postgres-errors.js';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { TIMINGS } from '../platform/timings.js';
import type { Request } from './idempotency.repository.js';
import { followCopies } from './order-copies.js';
import { hasNumber, isFreeNumber } from './order-identity.js';
import { CREATED, HELD, heldFrom, jobOf, leaseEnd, type HeldOrder } from './order-rows.js';
import type { TransactionMode } from './protocol.js';
import { floored } from './updated-at.js';
import { heldUserAndNumber } from './user-hold.js';

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

/** What became of an insert: nothing was written but for `inserted`. */
export type Insertion =
  | { readonly kind: 'inserted'; readonly held: HeldOrder }
  | { readonly kind: 'keyUsed' }
  | { readonly kind: 'orderNumberTaken' }
  | { readonly kind: 'userDeleted' }
  /** Whether the user goes, or stays after all, is not decided yet. */
  | { readonly kind: 'userBeingDeleted' };

/**
 * Selects the deletion of the user who is the second parameter: an open one, or one that a call under way may still meet.
 * A user who was deleted longer ago, and is there again, is there.
 */
const USER_DELETION = `
  SELECT "deletedAt" FROM ${DELETIONS} WHERE "userId" = $2::text
    AND ("deletedAt" IS NULL OR "deletedAt" > clock_timestamp() - interval '5 minutes')`;

/**
 * Inserts rows into `orders`, each in one PostgreSQL transaction with the job that completes it in MongoDB and with what
 * the client is to be told.
 */
export class NewOrderRepository {
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
      if (await hasNumber(this.#postgres, row.orderNumber)) return { kind: 'orderNumberTaken' };
      const deletion = await this.#deletionOf(row.userId);
      return deletion === null ? null : { kind: deletion };
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      if (await this.#isKeyUsed(request)) return { kind: 'keyUsed' };
      if (await hasNumber(this.#postgres, row.orderNumber)) return { kind: 'orderNumberTaken' };
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
}

function creating({ orderNumber }: NewOrder): string {
  return `creating order ${orderNumber}`;
}

/** A trigger may keep a row out without a word. */
function noRow(row: NewOrder): never {
  throw writeRefused(creating(row), new Error('the table took no row'));
}
