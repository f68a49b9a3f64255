import type { OrderId } from '../domains/order/order.source.js';
import type { UserId } from '../domains/user/user.source.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { DELETIONS, IS_ERASED, KEPT_ROWS } from '../platform/postgres/own-tables.js';
import type { RepairId } from './kept-rows.js';

/** What orders copy of a user, as of a moment in MongoDB. */
export interface OrderCopies {
  readonly userId: UserId;
  readonly userName: string | null;
  readonly userEmail: string | null;
  readonly at: ClusterTime;
}

/** Orders that are changed at once: a transaction for each stretch, so that nobody waits for all of them. */
const STRETCH = 1_000;

/** The copies of users on the orders that Tandem has created. */
export class FollowingOrderRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /**
   * Brings the copies on all orders of a user up to date, unless the user has another name or address by now, which is
   * another job's, or was erased. `updatedAt` stays: nothing of the order itself is changed.
   *
   * @param repairId of a repair: what the orders had is kept under this entry, in the statement that changes it
   * @returns how many orders were changed
   * @throws {AppError} POSTGRES_UNAVAILABLE, OUTCOME_UNKNOWN; WRITE_REFUSED by rules of the table's own
   */
  async write({ userId, userName, userEmail, at }: OrderCopies, repairId: RepairId | null = null): Promise<number> {
    let [all, last] = [0, null as unknown];
    for (;;) {
      const [row] = await this.#postgres.write<Record<string, unknown>[]>(
        'bringing the copies on orders up to date',
        (prisma) =>
          repairId === null
            ? prisma.$queryRawUnsafe(STATEMENT, userId, userName, userEmail, at, last)
            : prisma.$queryRawUnsafe(KEEPING_STATEMENT, userId, userName, userEmail, at, last, repairId),
      );
      all += Number(row?.['changed']);
      if (row?.['isFull'] !== true) return all;
      last = row['last'];
    }
  }

  /**
   * Whether the copy of a user has got its name or address after this moment, of which orders take nothing then. Who is
   * erased has none.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE
   */
  async isNamedSince(userId: UserId, at: ClusterTime): Promise<boolean> {
    return (await this.#postgres.query(NAMED_SINCE, userId, at)).length > 0;
  }

  /** Which of these orders' copies follow their users. @throws {AppError} POSTGRES_UNAVAILABLE */
  async followed(ids: readonly OrderId[]): Promise<ReadonlySet<unknown>> {
    return new Set((await this.#postgres.query(FOLLOWED, ids)).map(({ id }) => id));
  }
}

const FOLLOWED = `SELECT "id"::text AS "id" FROM "orders" WHERE "id" = ANY($1::uuid[]) AND "copiedAt" IS NOT NULL`;

/** Of a copy that is newer than its name, MongoDB was set back: then the name is no newer than the copy. */
const NAMED_AT = 'LEAST("namedVersion", "sourceVersion")';

const NAMED_SINCE = `
  SELECT 1 FROM "users" WHERE "mongoId" = $1::text AND ${NAMED_AT} > $2::text AND "erasedAt" IS NULL`;

/**
 * One stretch. The row of the user is held: nobody gives it a later name until these orders have theirs. The orders are
 * walked by their ids, for a trigger may keep them from ever having what they are given.
 */
const statement = (keep: string, lock: string) => `
  WITH "current" AS (
    SELECT FROM "users" WHERE "mongoId" = $1::text AND ${NAMED_AT} <= $4::text AND "erasedAt" IS NULL FOR SHARE),
  "stale" AS (
    SELECT "id", "userName", "userEmail" FROM "orders"
    WHERE lower("userId") = $1::text AND "copiedAt" IS NOT NULL
      AND ("userName" IS DISTINCT FROM $2::text OR "userEmail" IS DISTINCT FROM $3::text)
      AND ($5::text IS NULL OR "id" > $5::text::uuid)
      AND EXISTS (SELECT FROM "current")
      AND NOT EXISTS (SELECT FROM ${DELETIONS} WHERE ${DELETIONS}."userId" = $1::text AND ${IS_ERASED})
    ORDER BY "id" LIMIT ${STRETCH} ${lock}),
  "changed" AS (
    UPDATE "orders" SET "userName" = $2::text, "userEmail" = $3::text FROM "stale"
    WHERE "orders"."id" = "stale"."id" AND lower("orders"."userId") = $1::text AND "orders"."copiedAt" IS NOT NULL
      -- Another job may have been here since the statement began.
      AND ("orders"."userName" IS DISTINCT FROM $2::text OR "orders"."userEmail" IS DISTINCT FROM $3::text)
    RETURNING "orders"."id")
  ${keep}
  SELECT (SELECT count(*)::int FROM "changed") AS "changed", (SELECT count(*) = ${STRETCH} FROM "stale") AS "isFull",
    (SELECT "id"::text FROM "stale" ORDER BY "stale"."id" DESC LIMIT 1) AS "last"`;

const STATEMENT = statement('', '');

/** The orders are locked as their names are read, so that those are kept which are replaced. */
const KEEPING_STATEMENT = statement(
  `, "kept" AS (
    INSERT INTO ${KEPT_ROWS} ("repairId", "place", "key", "before", "after", "userId")
    SELECT $6::uuid, 'orders', "id"::text,
      jsonb_build_object('userName', "stale"."userName"::text, 'userEmail', "stale"."userEmail"::text),
      jsonb_build_object('userName', $2::text, 'userEmail', $3::text), $1::text
    FROM "stale" JOIN "changed" USING ("id") ON CONFLICT DO NOTHING)`,
  'FOR UPDATE',
);
