import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { UserId } from '../domains/user/user.source.js';
import { RECOVERY_DELAY } from './protocol.js';
import { DELETIONS, KEYS } from './tables.js';
import { NEXT_UPDATED_AT } from './updated-at.js';
import { heldUser } from './user-hold.js';
import { addUserJob, removeUserJob } from './user-job.js';

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

const HELD_ID = '"held"."userId"';

/**
 * Of what clients were told, and are told again, the copies of a user who is to be forgotten. Made twice: an order may be
 * completed between the two, with what its row held before.
 */
function forgottenCopies(condition: string): string {
  return `
    UPDATE ${KEYS} SET "outcome" = "outcome" || jsonb_build_object(
      'order', "outcome" -> 'order' || '{"userName": null, "userEmail": null}')
    FROM "held" WHERE ${condition} AND "outcome" -> 'order' ->> 'userId' = "held"."userId"`;
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
   */
  async begin(userId: UserId, { orders, erase }: DeleteUser): Promise<{ orders: number; hold: UserHold | null }> {
    const [, rows = []] = await this.#postgres.transaction('deleting a user', [
      heldUser(userId, 'exclusive'),
      {
        sql: `
          WITH "before" AS (SELECT FROM ${DELETIONS} WHERE "userId" = $1::text AND "deletedAt" IS NULL),
          "counted" AS (SELECT count(*)::int AS "orders" FROM "orders" WHERE lower("userId") = $1::text),
          "held" AS (
            INSERT INTO ${DELETIONS} ("userId", "erases")
            SELECT $1::text, $3::boolean FROM "counted" WHERE "orders" = 0 OR $2::boolean
            ON CONFLICT ("userId") DO UPDATE SET "createdAt" = clock_timestamp(), "deletedAt" = NULL,
              "erases" = EXCLUDED."erases" OR (${DELETIONS}."erases" AND ${DELETIONS}."deletedAt" IS NULL)
            RETURNING "userId", "createdAt"),
          "forgotten" AS (${forgottenCopies('$3::boolean')}),
          "erased" AS (
            UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL, "updatedAt" = ${NEXT_UPDATED_AT}
            FROM "held"
            WHERE $3::boolean AND lower("orders"."userId") = $1::text AND ("userName" IS NOT NULL OR "userEmail" IS NOT NULL)),
          "job" AS (SELECT ${addUserJob(this.#postgres.schema, HELD_ID, RECOVERY_DELAY)} FROM "held")
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

  /** Notes that the user is gone. Made twice, it does the same. */
  async finish(userId: UserId): Promise<void> {
    await this.#end(`UPDATE ${DELETIONS} SET "deletedAt" = clock_timestamp()`, 'TRUE', userId);
  }

  /**
   * Lets go of a user who stays, unless somebody else has taken the id meanwhile.
   *
   * @returns whether it was let go
   */
  abandon({ userId, token }: UserHold): Promise<boolean> {
    return this.#end(`DELETE FROM ${DELETIONS}`, '"createdAt" = $2::text::timestamptz', userId, token);
  }

  async #end(change: string, condition: string, ...parameters: readonly string[]): Promise<boolean> {
    const rows = await this.#postgres.write<unknown[]>('noting a deletion', (prisma) =>
      prisma.$queryRawUnsafe(
        `WITH "held" AS (${change} WHERE "userId" = $1::text AND "deletedAt" IS NULL AND ${condition}
           RETURNING "userId", "erases"),
         "forgotten" AS (${forgottenCopies('"held"."erases"')})
         SELECT ${removeUserJob(this.#postgres.schema, HELD_ID)} FROM "held"`,
        ...parameters,
      ),
    );
    return rows.length > 0;
  }
}
