import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { refuseHidden, transactionSeeingAll, type LookedUpTable } from '../platform/postgres/visible-rows.js';
import { addFollowJob } from '../copies/follow-job.js';
import { COPIED } from '../copies/user-copy.source.js';
import type { UserId } from '../domains/user/user.source.js';
import { ordersOfUser } from './orders-of-user.js';
import { LOOKED_UP_COPIES, LOOKED_UP_ORDERS } from './looked-up-tables.js';
import { DELETIONS, KEYS } from '../platform/postgres/own-tables.js';
import { eraseKeptRows, KEEPS_NAMES } from './kept-rows.js';
import { NEXT_UPDATED_AT } from './updated-at.js';
import { heldUser } from './user-hold.js';
import { addUserJob, removeUserJob } from './user-job.js';
import { TIMINGS } from '../platform/timings.js';

export interface DeleteUser {
  /** What happens when the user has orders: it is not deleted, or they stay and refer to nobody. */
  readonly orders: 'REFUSE' | 'KEEP';
  /** Whether nothing but ids stays of the user: the copies on orders, in users, and in what clients are told again. */
  readonly erase: boolean;
}

/** What tells one call's hold of a user's id from another's. */
export interface UserHold {
  readonly userId: UserId;
  readonly token: string;
  /** Whether somebody held it already, whose delete may be on its way. */
  readonly wasHeld: boolean;
}

const HELD_ID = '"held"."userId"';

/**
 * Of what clients were told, and are told again, the copies of a user who is to be forgotten. Made twice: an order may
 * be completed between the two, with what its row held before.
 */
function forgottenCopies(condition: string): string {
  return `
    UPDATE ${KEYS} SET "outcome" = "outcome" || jsonb_build_object(
      'order', "outcome" -> 'order' || '{"userName": null, "userEmail": null}')
    FROM "held" WHERE ${condition} AND "outcome" -> 'order' ->> 'userId' = "held"."userId"`;
}

/** The copies on orders of a user who is to be forgotten, the first parameter. */
function emptiedOrders(condition: string): string {
  return `
    UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL, "updatedAt" = ${NEXT_UPDATED_AT}
    FROM "held" WHERE ${condition} AND lower("orders"."userId") = $1::text
      AND ("userName" IS NOT NULL OR "userEmail" IS NOT NULL)`;
}

/**
 * Takes the row of the user's copy until the end of the transaction. Whoever brings the copies on orders up to date
 * holds it meanwhile: what they have written by then is seen by the statements after this one, and by no other.
 */
function heldCopy(userId: UserId): Sql {
  return { sql: `SELECT 1 FROM "users" WHERE "mongoId" = $1::text FOR UPDATE`, parameters: [userId] };
}

const NOTHING_COPIED = [...COPIED, 'syncProblem'].map((column) => `"${column}" = NULL`).join(', ');

/** The copy of a user who is to be forgotten: from here on nothing but its ids is written to it. */
function erasedCopy(condition: string): string {
  return `
    UPDATE "users" SET ${NOTHING_COPIED}, "emailConflict" = false,
      "erasedAt" = COALESCE("users"."erasedAt", clock_timestamp())
    FROM "held" WHERE ${condition} AND "users"."mongoId" = "held"."userId"`;
}

const UNLESS_ERASED = [...COPIED, 'syncProblem']
  .map((column) => `"${column}" = CASE WHEN NOT "held"."erases" THEN "users"."${column}" END`)
  .join(', ');

/** The copy of a user who is gone, which nobody else may be about to note. */
const GONE_COPY = `
  UPDATE "users" SET ${UNLESS_ERASED}, "emailConflict" = "users"."emailConflict" AND NOT "held"."erases",
    "deletedAt" = COALESCE("users"."deletedAt", clock_timestamp()),
    "erasedAt" = CASE WHEN "held"."erases" THEN COALESCE("users"."erasedAt", clock_timestamp())
      ELSE "users"."erasedAt" END
  FROM "held" WHERE "users"."mongoId" = "held"."userId"`;

/** The copy of one who stays after all: it is filled again by the next who reads the user. */
const RESTORED_COPY = `
  UPDATE "users" SET "erasedAt" = NULL, "sourceVersion" = NULL FROM "held"
  WHERE "held"."erases" AND "users"."mongoId" = "held"."userId"`;

const REMEMBERED = `
  SELECT 1 FROM "users" WHERE "mongoId" = $1::text AND num_nonnulls(${COPIED.map((name) => `"${name}"`).join(', ')}) > 0
  UNION ALL
  (SELECT 1 FROM "orders" WHERE lower("userId") = $1::text AND num_nonnulls("userName", "userEmail") > 0 LIMIT 1)
  UNION ALL ${KEEPS_NAMES}`;

const LOOKED_UP_KEYS: LookedUpTable = { table: 'tandem_idempotency_keys', keys: ['outcome'] };

/** Where nothing of a person may be hidden who is to be forgotten. */
const REMEMBERING = [LOOKED_UP_ORDERS, LOOKED_UP_COPIES, LOOKED_UP_KEYS];

/** The tables of which a deletion has to see every row: none where orders stay, and their copies with them. */
function neededBy({ orders, erase }: DeleteUser): readonly LookedUpTable[] {
  if (erase) return REMEMBERING;
  return orders === 'REFUSE' ? [LOOKED_UP_ORDERS] : [];
}

/** Whether the user who is the first parameter is being forgotten. */
const IS_ERASED = `EXISTS (
  SELECT FROM ${DELETIONS} AS "deletion" WHERE "deletion"."userId" = $1::text AND "erases" AND "deletedAt" IS NULL)`;

/** How a deletion ends, in parts of its statement. */
interface End extends Readonly<Record<'held' | 'condition' | 'copies' | 'job', string>> {
  /** The tables of which every row has to be seen where a person is forgotten. */
  readonly seeing: readonly LookedUpTable[];
}

/** What PostgreSQL knows of users who are being deleted: from here on no order is created for them. */
export class UserDeletionRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /**
   * Takes a user's id for good, unless it has orders and they are to be respected. An order that is created at the same
   * moment is either counted here, or refused there.
   *
   * @returns how many orders the user has, and the hold; null where it is not to be deleted
   * @throws {AppError} ABSENCE_UNPROVED where orders may be hidden that decide over it, or copies that are to be emptied
   */
  async begin(userId: UserId, how: DeleteUser): Promise<{ orders: number; hold: UserHold | null }> {
    const { orders, erase } = how;
    const results = await transactionSeeingAll(this.#postgres, 'deleting a user', neededBy(how), [
      heldUser(userId, 'exclusive'),
      ...(erase ? [heldCopy(userId)] : []),
      {
        sql: `
          WITH "before" AS (SELECT FROM ${DELETIONS} WHERE "userId" = $1::text AND "deletedAt" IS NULL),
          "counted" AS (SELECT (${ordersOfUser('$1::text')})::int AS "orders"),
          "held" AS (
            INSERT INTO ${DELETIONS} ("userId", "erases")
            SELECT $1::text, $3::boolean FROM "counted" WHERE "orders" = 0 OR $2::boolean
            ON CONFLICT ("userId") DO UPDATE SET "createdAt" = clock_timestamp(), "deletedAt" = NULL,
              "erases" = EXCLUDED."erases" OR (${DELETIONS}."erases" AND ${DELETIONS}."deletedAt" IS NULL)
            RETURNING "userId", "createdAt"),
          "forgotten" AS (${forgottenCopies('$3::boolean')}),
          "erased" AS (${emptiedOrders('$3::boolean')}),
          "copy" AS (${erasedCopy('$3::boolean')}),
          "job" AS (SELECT ${addUserJob(this.#postgres.schema, HELD_ID, TIMINGS.ordering.recovery / 1_000)} FROM "held")
          SELECT "orders", (SELECT "createdAt"::text FROM "held") AS "token",
            EXISTS (SELECT FROM "before") AS "wasHeld", (SELECT count(*)::int FROM "job") AS "jobs"
          FROM "counted"`,
        parameters: [userId, orders === 'KEEP', erase],
      },
    ]);
    const row = results.at(-1)?.[0];
    const token = row?.['token'];
    const hold = typeof token === 'string' ? { userId, token, wasHeld: row?.['wasHeld'] === true } : null;
    return { orders: Number(row?.['orders']), hold };
  }

  /**
   * Whether anything but ids is kept of a person: a copy, be it of one who is gone, or copies on orders.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE; ABSENCE_UNPROVED where that may be hidden
   */
  async remembers(userId: UserId): Promise<boolean> {
    await refuseHidden(this.#postgres, REMEMBERING);
    return (await this.#postgres.query(REMEMBERED, userId)).length > 0;
  }

  /** Takes the hold of a deletion that was begun from whoever has it; null where there is none. */
  async takeOver(userId: UserId): Promise<UserHold | null> {
    const [row] = await this.#postgres.write<Record<string, unknown>[]>('taking over a deletion', (prisma) =>
      prisma.$queryRawUnsafe(
        `UPDATE ${DELETIONS} SET "createdAt" = clock_timestamp() WHERE "userId" = $1::text AND "deletedAt" IS NULL
         RETURNING "createdAt"::text AS "token"`,
        userId,
      ),
    );
    return row === undefined ? null : { userId, token: String(row['token']), wasHeld: true };
  }

  /**
   * Notes that the user is gone. Made twice, it does the same. What has reached the copy, or the orders, since it was
   * begun is emptied once more.
   *
   * @throws {AppError} ABSENCE_UNPROVED where the person is to be forgotten, and rows may be hidden; it is noted later then
   */
  async finish(userId: UserId): Promise<void> {
    await eraseKeptRows(this.#postgres, userId);
    const held = `UPDATE ${DELETIONS} SET "deletedAt" = clock_timestamp()`;
    const copies = `
      "copy" AS (${GONE_COPY}),
      "erased" AS (${emptiedOrders('"held"."erases"')})`;
    await this.#end({ held, condition: 'TRUE', copies, job: 'NULL', seeing: REMEMBERING }, userId);
  }

  /**
   * Lets go of a user who stays, unless somebody else has taken the id meanwhile.
   *
   * @returns whether it was let go
   */
  abandon({ userId, token }: UserHold): Promise<boolean> {
    const held = `DELETE FROM ${DELETIONS}`;
    const job = `CASE WHEN "erases" THEN ${addFollowJob(this.#postgres.schema, HELD_ID)} END`;
    const condition = '"createdAt" = $2::text::timestamptz';
    return this.#end({ held, condition, copies: `"copy" AS (${RESTORED_COPY})`, job, seeing: [] }, userId, token);
  }

  async #end(
    { held, condition, copies, job, seeing }: End,
    userId: UserId,
    ...others: readonly string[]
  ): Promise<boolean> {
    const sql = `
      WITH "held" AS (
        ${held} WHERE "userId" = $1::text AND "deletedAt" IS NULL AND ${condition} RETURNING "userId", "erases"),
      "forgotten" AS (${forgottenCopies('"held"."erases"')}),
      ${copies}
      SELECT ${removeUserJob(this.#postgres.schema, HELD_ID)} AS "removed", ${job} AS "follow" FROM "held"`;
    const end = { sql, parameters: [userId, ...others] };
    const when = { sql: IS_ERASED, parameter: userId };
    const statements = [heldCopy(userId), end];
    const results = await transactionSeeingAll(this.#postgres, 'noting a deletion', seeing, statements, when);
    return (results.at(-1) ?? []).length > 0;
  }
}
