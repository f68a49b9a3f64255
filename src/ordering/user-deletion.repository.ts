import { addJob, removeJob } from '../platform/jobs/job-sql.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { UserId } from '../domains/user/user.source.js';
import { RECOVERY_DELAY, SETTLE_USER } from './protocol.js';
import { NEXT_UPDATED_AT } from './updated-at.js';
import { heldUser } from './user-hold.js';

export interface DeleteUser {
  /** What happens when the user has orders: it is not deleted, or they stay and refer to nobody. */
  readonly orders: 'REFUSE' | 'KEEP';
  /** Whether the copies of name and e-mail on orders that stay are emptied. */
  readonly erase: boolean;
}

/** What tells one call's hold of a user's id from another's. */
export interface UserHold {
  readonly userId: UserId;
  readonly token: string;
  /** Whether somebody held it already, whose delete may be on its way. */
  readonly wasHeld: boolean;
}

const DELETIONS = '"tandem_user_deletions"';
const JOB_KEY = `'user ' || "held"."userId"`;

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
   */
  async begin(userId: UserId, { orders, erase }: DeleteUser): Promise<{ orders: number; hold: UserHold | null }> {
    const job = { task: SETTLE_USER, key: JOB_KEY, payload: `json_build_object('userId', "held"."userId")` };
    const [, rows = []] = await this.#postgres.transaction('a user was deleted', [
      heldUser(userId, 'exclusive'),
      {
        sql: `
          WITH "before" AS (SELECT FROM ${DELETIONS} WHERE "userId" = $1::text AND "deletedAt" IS NULL),
          "counted" AS (SELECT count(*)::int AS "orders" FROM "orders" WHERE lower("userId") = $1::text),
          "held" AS (
            INSERT INTO ${DELETIONS} ("userId") SELECT $1::text FROM "counted" WHERE "orders" = 0 OR $2::boolean
            ON CONFLICT ("userId") DO UPDATE SET "createdAt" = clock_timestamp(), "deletedAt" = NULL
            RETURNING "userId", "createdAt"),
          "forgotten" AS (
            UPDATE "tandem_idempotency_keys" SET "outcome" = "outcome" || jsonb_build_object(
              'order', "outcome" -> 'order' || '{"userName": null, "userEmail": null}')
            FROM "held" WHERE $3::boolean AND "outcome" -> 'order' ->> 'userId' = $1::text),
          "erased" AS (
            UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL, "updatedAt" = ${NEXT_UPDATED_AT}
            FROM "held"
            WHERE $3::boolean AND lower("orders"."userId") = $1::text AND ("userName" IS NOT NULL OR "userEmail" IS NOT NULL)),
          "job" AS (SELECT ${addJob(this.#postgres.schema, { ...job, delay: RECOVERY_DELAY })} FROM "held")
          SELECT "orders", (SELECT "createdAt"::text FROM "held") AS "token", EXISTS (SELECT FROM "before") AS "wasHeld",
            (SELECT count(*)::int FROM "job") AS "jobs"
          FROM "counted"`,
        parameters: [userId, orders === 'KEEP', erase],
      },
    ]);
    const [row] = rows;
    const token = row?.['token'];
    const hold = typeof token === 'string' ? { userId, token, wasHeld: row?.['wasHeld'] === true } : null;
    return { orders: Number(row?.['orders']), hold };
  }

  /** Whether a user is being deleted. */
  async isHeld(userId: UserId): Promise<boolean> {
    const sql = `SELECT 1 FROM ${DELETIONS} WHERE "userId" = $1::text AND "deletedAt" IS NULL`;
    return (await this.#postgres.query(sql, userId)).length > 0;
  }

  /** Notes that the user is gone. Made twice, it does the same. */
  finish(userId: UserId): Promise<void> {
    return this.#end(`UPDATE ${DELETIONS} SET "deletedAt" = clock_timestamp()`, 'TRUE', userId);
  }

  /** Lets go of a user who stays, unless somebody else has taken the id meanwhile. */
  abandon({ userId, token }: UserHold): Promise<void> {
    return this.#end(`DELETE FROM ${DELETIONS}`, '"createdAt" = $2::text::timestamptz', userId, token);
  }

  async #end(change: string, condition: string, ...parameters: readonly string[]): Promise<void> {
    await this.#postgres.write('a deletion was noted', (prisma) =>
      prisma.$queryRawUnsafe(
        `WITH "held" AS (${change} WHERE "userId" = $1::text AND "deletedAt" IS NULL AND ${condition}
           RETURNING "userId")
         SELECT ${removeJob(this.#postgres.schema, JOB_KEY)} FROM "held"`,
        ...parameters,
      ),
    );
  }
}
