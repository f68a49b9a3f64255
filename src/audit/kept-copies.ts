import { copyTable } from '../copies/copy-table.js';
import { keepsOnlyIds, type RepairId } from '../ordering/kept-rows.js';
import { quoted } from '../platform/postgres/columns.js';
import { KEPT_ROWS } from '../platform/postgres/own-tables.js';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { wholeTable } from '../platform/postgres/whole-rows.js';

/** Statements that keep copies of users as they are before, and after, one of them is made anew. */
export interface KeepingCopies {
  readonly before: readonly Sql[];
  readonly after: readonly Sql[];
}

/** Keeps rows of `users` that copying a user anew may change. */
export class KeptCopies {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /**
   * Says how to keep the rows that a copy of this user may change: its own; one that has no user yet, and
   * becomes the copy; and those of users who are gone, from which it takes a value that the table takes once only.
   *
   * @param user as MongoDB has it; null where it is gone
   * @throws {AppError} POSTGRES_UNAVAILABLE
   */
  async keeping(repairId: RepairId, userId: string, user: object | null): Promise<KeepingCopies> {
    const users = await wholeTable(this.#postgres, 'users');
    const { uniqueColumns } = await copyTable(this.#postgres);
    const values = new Map<string, unknown>(Object.entries(user ?? {}));
    const unique = uniqueColumns.map(({ name }) => name).filter((name) => typeof values.get(name) === 'string');
    const isShared = unique.map((name, at) => `lower("users".${quoted(name)}::text) = lower($${at + 4}::text)`);
    const email = values.get('email') ?? null;
    const person = '"users"."mongoId"';
    return {
      before: [
        {
          sql: `
            WITH "row" AS (
              SELECT "users"."id", ${person} AS "person", ${keepsOnlyIds(person)} AS "isErased", ${users.texts} AS "before"
              FROM "users"
              WHERE ${users.isSame} AND (${person} = $2::text
                OR ${person} IS NULL AND ("users"."id"::text = $2::text OR "users"."email"::text = $3::text)
                OR "users"."deletedAt" IS NOT NULL AND (${['false', ...isShared].join(' OR ')}))
              FOR UPDATE OF "users")
            INSERT INTO ${KEPT_ROWS} ("repairId", "place", "key", "before", "userId")
            SELECT $1::uuid, 'users', "id"::text, "before", COALESCE("person", $2::text)
            FROM "row" WHERE NOT "isErased" ON CONFLICT DO NOTHING`,
          parameters: [
            ...[repairId, userId, typeof email === 'string' ? email : null],
            ...unique.map((name) => values.get(name)),
          ],
        },
        // Without a row there is something to keep, too: that there was none.
        {
          sql: `
            INSERT INTO ${KEPT_ROWS} ("repairId", "place", "key", "userId")
            SELECT $1::uuid, 'users', $2::text, $2::text
            WHERE NOT EXISTS (SELECT FROM "users" WHERE "mongoId" = $2::text OR "id"::text = $2::text)
            ON CONFLICT DO NOTHING`,
          parameters: [repairId, userId],
        },
      ],
      after: [
        {
          sql: `
            UPDATE ${KEPT_ROWS} AS "row" SET "key" = "users"."id"::text, "after" = ${users.texts} FROM "users"
            WHERE "row"."repairId" = $1::uuid AND "row"."place" = 'users' AND NOT "row"."isErased"
              AND ("users"."id"::text = "row"."key" OR "row"."before" IS NULL AND "users"."mongoId" = "row"."key")`,
          parameters: [repairId],
        },
        // What stayed as it was needs no undoing.
        {
          sql: `DELETE FROM ${KEPT_ROWS} WHERE "repairId" = $1::uuid AND "place" = 'users'
            AND "after" IS NOT DISTINCT FROM "before"`,
          parameters: [repairId],
        },
      ],
    };
  }
}
