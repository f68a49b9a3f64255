import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { transactionSeeingAll, type LookedUpTable } from '../platform/postgres/visible-rows.js';
import { COPIED, NAMED_COPY } from '../copies/user-copy.source.js';
import type { UserId } from '../domains/user/user.source.js';
import { LOOKED_UP_ORDERS, REMEMBERING } from './looked-up-tables.js';
import { ordersOfUser } from './orders-of-user.js';
import { COUNTED_ORDERS } from './protocol.js';
import { BEING_EMPTIED, DELETIONS, isUnfinished } from '../platform/postgres/own-tables.js';
import { NEXT_UPDATED_AT } from './updated-at.js';
import { heldCopying } from '../copies/copying-hold.js';
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
  /** Whether another call or job held it already, whose delete may be on its way. */
  readonly wasHeld: boolean;
}

/** The hold of a deletion that another call has begun. */
export interface InheritedHold extends UserHold {
  /** Whether MongoDB has deleted the user, and copies are left to be emptied. */
  readonly isGone: boolean;
}

const HELD_ID = '"held"."userId"';

/** Orders on which an erasure is tried before it begins. */
const SAMPLE = 100;

/**
 * Takes the row of a deletion until the end of the transaction. Whoever copies the user takes it as well: what they have
 * written is seen by the statements after this one, and what they write later sees what became of the deletion.
 */
function heldDeletion(userId: UserId): Sql {
  return { sql: `SELECT 1 FROM ${DELETIONS} WHERE "userId" = $1::text FOR UPDATE`, parameters: [userId] };
}

const UNLESS_ERASED = [...COPIED, 'syncProblem']
  .map((column) => `"${column}" = CASE WHEN NOT "held"."erases" THEN "users"."${column}" END`)
  .join(', ');

/** Marks the copy of a user who is gone; of one who is erased nothing but its ids is kept from here on. */
const GONE_COPY = `
  UPDATE "users" SET ${UNLESS_ERASED}, "emailConflict" = "users"."emailConflict" AND NOT "held"."erases",
    "deletedAt" = COALESCE("users"."deletedAt", clock_timestamp()),
    "erasedAt" = CASE WHEN "held"."erases" THEN COALESCE("users"."erasedAt", clock_timestamp())
      ELSE "users"."erasedAt" END
  FROM "held" WHERE "users"."mongoId" = "held"."userId"`;

/** A statement that fails where a query gives a row: a trigger may keep a name without a word, and an error says so. */
function failingOn(query: string): string {
  return `SELECT 1 / CASE WHEN EXISTS (${query}) THEN 0 ELSE 1 END`;
}

const COPY_IS_EMPTY = failingOn(NAMED_COPY);

const SAMPLED = `
  SELECT "id" FROM "orders" WHERE lower("userId") = $1::text ORDER BY "createdAt" DESC, "id" DESC LIMIT ${SAMPLE}`;
const NAMED_SAMPLE = `"id" = ANY(ARRAY(${SAMPLED})) AND num_nonnulls("userName", "userEmail") > 0`;

/** The tables of which a deletion has to see every row: none where orders stay, and their copies with them. */
function neededBy({ orders, erase }: DeleteUser): readonly LookedUpTable[] {
  if (erase) return REMEMBERING;
  return orders === 'REFUSE' ? [LOOKED_UP_ORDERS] : [];
}

/**
 * Tries whether the tables let copies be emptied, and takes it back: once the user is gone it is too late to find out.
 *
 * @param hasOrders whether orders of the user may be there
 */
function triedErasure(userId: UserId, hasOrders: boolean): readonly Sql[] {
  const copied = COPIED.map((column) => `"${column}" = NULL`).join(', ');
  // Before the orders: so does the job that brings their copies up to date.
  const ofCopy = [`UPDATE "users" SET ${copied} WHERE "mongoId" = $1::text`, COPY_IS_EMPTY];
  const ofOrders = [
    // In the order in which a walk that empties them takes them.
    `SELECT 1 FROM "orders" WHERE ${NAMED_SAMPLE} ORDER BY "id" FOR UPDATE`,
    `UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL, "updatedAt" = ${NEXT_UPDATED_AT}
     WHERE lower("userId") = $1::text AND ${NAMED_SAMPLE}`,
    failingOn(`SELECT FROM "orders" WHERE lower("userId") = $1::text AND ${NAMED_SAMPLE}`),
  ];
  return [
    // What a constraint says at the end of a transaction, it is to say now.
    { sql: 'SET CONSTRAINTS ALL IMMEDIATE', parameters: [] },
    { sql: 'SAVEPOINT "before"', parameters: [] },
    ...[...ofCopy, ...(hasOrders ? ofOrders : [])].map((sql) => ({ sql, parameters: [userId] })),
    { sql: 'ROLLBACK TO SAVEPOINT "before"', parameters: [] },
  ];
}

/** What PostgreSQL knows of users who are being deleted: from here on no order is created for them. */
export class UserDeletionRepository {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /**
   * Takes a user's id for good, unless it has orders and they are to be respected. An order that is created at the same
   * moment is either counted here, or refused there. Nothing of the user is changed: it is there yet.
   *
   * @returns how many orders the user has, one more than {@link COUNTED_ORDERS} at most, 0 where they do not matter; and
   * the hold, null where the user is not to be deleted
   * @throws {AppError} ABSENCE_UNPROVED where orders may be hidden that decide over it, or copies that are to be emptied
   */
  async begin(userId: UserId, how: DeleteUser): Promise<{ orders: number; hold: UserHold | null }> {
    const { orders, erase } = how;
    const results = await transactionSeeingAll(this.#postgres, 'deleting a user', neededBy(how), [
      heldUser(userId, 'exclusive'),
      ...(erase ? triedErasure(userId, orders === 'KEEP') : []),
      {
        sql: `
          WITH "before" AS (SELECT FROM ${DELETIONS} WHERE "userId" = $1::text AND "deletedAt" IS NULL),
          "counted" AS (
            SELECT count(*)::int AS "orders" FROM (
              SELECT FROM (${ordersOfUser('$1::text')}) AS "ofUser" WHERE NOT $2::boolean
              LIMIT ${COUNTED_ORDERS + 1}) AS "found"),
          "held" AS (
            INSERT INTO ${DELETIONS} ("userId", "erases")
            SELECT $1::text, $3::boolean FROM "counted" WHERE "orders" = 0
            ON CONFLICT ("userId") DO UPDATE SET "createdAt" = clock_timestamp(),
              "deletedAt" = CASE WHEN ${DELETIONS}."deletedAt" = ${BEING_EMPTIED} THEN ${BEING_EMPTIED} END,
              "erases" = EXCLUDED."erases" OR (${DELETIONS}."erases" AND ${isUnfinished(`${DELETIONS}."deletedAt"`)})
            RETURNING "userId", "createdAt"),
          "job" AS (SELECT ${addUserJob(this.#postgres.schema, HELD_ID, TIMINGS.ordering.recovery / 1_000)} FROM "held")
          SELECT "orders", (SELECT "createdAt"::text FROM "held") AS "token",
            EXISTS (SELECT FROM "before") AS "wasHeld", (SELECT count(*)::int FROM "job") AS "jobs"
          FROM "counted"`,
        parameters: [userId, orders === 'KEEP', erase],
      },
    ]);
    const row = results.at(-1)?.[0];
    const token = row?.['token'];
    const wasHeld = row?.['wasHeld'] === true;
    const hold = typeof token === 'string' ? { userId, token, wasHeld } : null;
    return { orders: Number(row?.['orders']), hold };
  }

  /** Takes the hold of a deletion that was begun from whoever has it; null where there is nothing to be done. */
  async takeOver(userId: UserId): Promise<InheritedHold | null> {
    const [row] = await this.#postgres.write<Record<string, unknown>[]>('taking over a deletion', (prisma) =>
      prisma.$queryRawUnsafe(
        `UPDATE ${DELETIONS} SET "createdAt" = clock_timestamp() WHERE "userId" = $1::text AND ${isUnfinished()}
         RETURNING "createdAt"::text AS "token", "deletedAt" IS NOT NULL AS "isGone"`,
        userId,
      ),
    );
    if (row === undefined) return null;
    return { userId, token: String(row['token']), wasHeld: true, isGone: row['isGone'] === true };
  }

  /**
   * Notes that MongoDB has deleted the user. From here on no copier writes more than the ids of one who is erased. Made
   * twice, it does the same.
   *
   * @returns whether copies of the user are to be emptied now, and then {@link finish} to be called; else nothing is left
   * to be done
   */
  async noteGone(userId: UserId): Promise<boolean> {
    const noted = `
      WITH "held" AS (
        UPDATE ${DELETIONS} SET "deletedAt" = CASE WHEN "erases" THEN ${BEING_EMPTIED} ELSE clock_timestamp() END
        WHERE "userId" = $1::text AND "deletedAt" IS NULL RETURNING "userId", "erases"),
      "copy" AS (${GONE_COPY}),
      "job" AS (SELECT ${removeUserJob(this.#postgres.schema, HELD_ID)} FROM "held" WHERE NOT "erases")
      SELECT EXISTS (SELECT FROM "held" WHERE "erases") OR EXISTS (
        SELECT FROM ${DELETIONS} WHERE "userId" = $1::text AND "deletedAt" = ${BEING_EMPTIED}) AS "isToBeEmptied",
        (SELECT count(*)::int FROM "job") AS "jobs"`;
    const results = await this.#postgres.transaction('noting a deletion', [
      // Who keeps rows of the user has it too: they are kept with names before this, and without them after it.
      heldUser(userId, 'exclusive'),
      heldDeletion(userId),
      { sql: noted, parameters: [userId] },
    ]);
    return results.at(-1)?.[0]?.['isToBeEmptied'] === true;
  }

  /**
   * Notes that all copies of a user who was erased are empty. Made twice, it does the same.
   *
   * @throws {AppError} ABSENCE_UNPROVED where copies may be hidden, WRITE_REFUSED where `users` keeps a name; it is noted
   * later then
   */
  async finish(userId: UserId): Promise<void> {
    const finished = `
      WITH "held" AS (
        UPDATE ${DELETIONS} SET "deletedAt" = clock_timestamp()
        WHERE "userId" = $1::text AND "deletedAt" = ${BEING_EMPTIED} RETURNING "userId", "erases"),
      "copy" AS (${GONE_COPY})
      SELECT ${removeUserJob(this.#postgres.schema, HELD_ID)} AS "removed" FROM "held"`;
    const statements = [
      // Who copies the user since before the deletion began is waited for, and what it has written is emptied.
      heldCopying('exclusive'),
      heldDeletion(userId),
      { sql: finished, parameters: [userId] },
      { sql: COPY_IS_EMPTY, parameters: [userId] },
    ];
    await transactionSeeingAll(this.#postgres, 'noting an erasure', REMEMBERING, statements);
  }

  /**
   * Lets go of a user who stays, unless somebody else has taken the id meanwhile. What an earlier erasure has left to be
   * emptied is emptied all the same.
   *
   * @returns whether it was let go
   */
  async abandon({ userId, token }: UserHold): Promise<boolean> {
    const isMine = '"userId" = $1::text AND "createdAt" = $2::text::timestamptz';
    const sql = `
      WITH "held" AS (DELETE FROM ${DELETIONS} WHERE ${isMine} AND "deletedAt" IS NULL RETURNING "userId")
      SELECT ${removeUserJob(this.#postgres.schema, HELD_ID)} AS "removed" FROM "held"
      UNION ALL
      SELECT NULL FROM ${DELETIONS} WHERE ${isMine} AND "deletedAt" = ${BEING_EMPTIED}`;
    const rows = await this.#postgres.write<object[]>('giving up a deletion', (prisma) =>
      prisma.$queryRawUnsafe(sql, userId, token),
    );
    return rows.length > 0;
  }
}
