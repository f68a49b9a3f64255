import { NAMED_COPY } from '../copies/user-copy.source.js';
import type { UserId } from '../domains/user/user.source.js';
import { isAppError, writeRefused } from '../errors/app-error.js';
import { DELETIONS, isUnfinished, KEYS } from '../platform/postgres/own-tables.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { refuseHidden } from '../platform/postgres/visible-rows.js';
import { EMPTIED, eraseKeptRows, KEEPS_NAMES } from './kept-rows.js';
import { REMEMBERING } from './looked-up-tables.js';
import { wrapsUser } from './orders-of-user.js';
import { NEXT_UPDATED_AT } from './updated-at.js';

/** Rows that one statement looks at: it ends far within its time limit, even where a trigger runs for each row. */
const STRETCH = 1_000;

/** By how many times more rows are looked at where none is written, or few have anything to do with the person. */
const LOOKED_FURTHER = 10;

type Row = Readonly<Record<string, unknown>>;

/** Says whether there is time for the next stretch. */
export type GoesOn = () => boolean;

/**
 * Empties the copies of a person's name and address: on orders, in the answers that are kept under idempotency keys, and in
 * the rows that repairs have kept. A walk goes through each table in stretches, a statement for each. A walk that was cut short begins anew, and passes
 * quickly over rows that are empty already.
 */
export class UserErasureRepository {
  readonly #postgres: PostgresDatabase;
  readonly #stretch: number;

  /** @param stretch how many rows one statement looks at */
  constructor(postgres: PostgresDatabase, stretch = STRETCH) {
    this.#postgres = postgres;
    this.#stretch = stretch;
  }

  /**
   * Empties all copies on orders, then those in answers: an order that is completed later has no name for its answer. Then
   * those in kept rows.
   *
   * @param goesOn is asked after each stretch
   * @returns false where it stopped because `goesOn` said so
   * @throws {AppError} POSTGRES_UNAVAILABLE, OUTCOME_UNKNOWN; WRITE_REFUSED where the table keeps a name;
   * ABSENCE_UNPROVED where copies may be hidden
   */
  async empty(userId: UserId, goesOn: GoesOn): Promise<boolean> {
    await refuseHidden(this.#postgres, REMEMBERING);
    for (const walk of await this.#walks(userId)) {
      for await (const { stale, emptied } of this.#stretches(walk, userId, true)) {
        // A trigger may keep a row as it is without a word.
        if (emptied < stale) throw writeRefused('emptying the copies of a user', new Error('the table kept a name'));
        if (!goesOn()) return false;
      }
    }
    return eraseKeptRows(this.#postgres, userId, goesOn);
  }

  /**
   * Whether PostgreSQL keeps more than ids of a person, in the copy, on orders, in answers or in kept rows, or is about to
   * erase it.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE; ABSENCE_UNPROVED where that may be hidden
   */
  async remembers(userId: UserId): Promise<boolean> {
    await refuseHidden(this.#postgres, REMEMBERING);
    if ((await this.#postgres.query(REMEMBERED, userId)).length > 0) return true;
    for (const walk of await this.#walks(userId)) {
      for await (const { stale } of this.#stretches(walk, userId, false)) if (stale > 0) return true;
    }
    return false;
  }

  /**
   * All walks that may find something. One look through all orders is faster than a walk through them, as long as it ends
   * within the time of a statement.
   */
  async #walks(userId: UserId): Promise<readonly Walk[]> {
    try {
      const [wrapping] = await this.#postgres.query(WRAPPING, userId);
      return wrapping === undefined ? WALKS.filter((walk) => walk !== WRAPPING_ORDERS) : WALKS;
    } catch (error) {
      if (isAppError(error, 'POSTGRES_UNAVAILABLE')) return WALKS;
      throw error;
    }
  }

  async *#stretches(walk: Walk, userId: UserId, empties: boolean): AsyncGenerator<{ stale: number; emptied: number }> {
    const size = this.#stretch * (empties ? (walk.rows ?? 1) : LOOKED_FURTHER);
    let last: readonly unknown[] = [];
    do {
      const statement = `
        WITH "stretch" AS MATERIALIZED (${walk.stretch(last.length > 0)} LIMIT ${size}),
        ${empties ? walk.emptied : walk.looked}
        SELECT (SELECT count(*)::int FROM "stale") AS "stale",
          ${empties ? '(SELECT count(*)::int FROM "emptied" WHERE "isEmpty")' : '0'} AS "emptied", ${walk.place.map((name) => `"end"."${name}"`).join(', ')}
        FROM (SELECT count(*)::int AS "size" FROM "stretch") AS "all"
        LEFT JOIN (SELECT * FROM "stretch" OFFSET ${size - 1}) AS "end" ON true`;
      const parameters = [userId, ...last];
      const rows: readonly Row[] = empties
        ? await this.#postgres.write<Row[]>('emptying copies', (prisma) =>
            prisma.$queryRawUnsafe(statement, ...parameters),
          )
        : await this.#postgres.query(statement, ...parameters);
      const [row] = rows;
      yield { stale: Number(row?.['stale']), emptied: Number(row?.['emptied']) };
      last = walk.place.map((name) => row?.[name]);
    } while (last.every((value) => typeof value === 'string'));
  }
}

/** A walk through a table, in the order of one of its indexes. The first parameter is the user's id. */
interface Walk {
  /** How many times the usual rows a stretch has. */
  readonly rows?: number;
  /** The columns whose values in the last row of a stretch, as texts, are the parameters behind the user's id. */
  readonly place: readonly string[];
  /** Selects rows in their order, from the first on or behind a place. */
  readonly stretch: (isBehind: boolean) => string;
  /** A part of a statement: "stale", the rows of the stretch that hold a copy. */
  readonly looked: string;
  /** Parts of a statement: "stale", and "emptied", the same rows once they are emptied. */
  readonly emptied: string;
}

const OF_USER = 'lower("orders"."userId") = $1::text';
const NAMED = 'num_nonnulls("orders"."userName", "orders"."userEmail") > 0';

/** Walks of orders whose references fulfil a condition. */
function ofOrders(isOfUser: string): Pick<Walk, 'looked' | 'emptied'> {
  // By an array of ids, so that PostgreSQL goes by the primary key, however many orders it takes the user to have.
  const amongIds = (part: string) =>
    `"orders"."id" = ANY(ARRAY(SELECT "id"::uuid FROM "${part}")) AND ${isOfUser} AND ${NAMED}`;
  // Locks in one order, so that two who erase the same person never wait for each other in a circle.
  const named = `SELECT "orders"."id" FROM "orders" WHERE ${amongIds('stretch')} ORDER BY "orders"."id"`;
  return {
    looked: `"stale" AS (${named})`,
    emptied: `
      "stale" AS MATERIALIZED (${named} FOR UPDATE),
      "emptied" AS (
        UPDATE "orders" SET "userName" = NULL, "userEmail" = NULL, "updatedAt" = ${NEXT_UPDATED_AT}
        WHERE ${amongIds('stale')} RETURNING NOT (${NAMED}) AS "isEmpty")`,
  };
}

/** In the order of the index that the lists of a user's orders need. */
const DATED_ORDERS: Walk = {
  place: ['createdAt', 'id'],
  stretch: (isBehind) => `
    SELECT "createdAt"::timestamptz::text AS "createdAt", "id"::text AS "id" FROM "orders"
    WHERE ${OF_USER} AND "createdAt" IS NOT NULL
      ${isBehind ? 'AND ("orders"."createdAt", "orders"."id") < ($2::text::timestamptz, $3::text::uuid)' : ''}
    ORDER BY "orders"."createdAt" DESC, "orders"."id" DESC`,
  ...ofOrders(OF_USER),
};

/** An adopted table may hold orders without a time. */
const UNDATED_ORDERS: Walk = {
  place: ['id'],
  stretch: (isBehind) => `
    SELECT "id"::text AS "id" FROM "orders"
    WHERE ${OF_USER} AND "createdAt" IS NULL ${isBehind ? 'AND "orders"."id" < $2::text::uuid' : ''}
    ORDER BY "orders"."id" DESC`,
  ...ofOrders(OF_USER),
};

/** References that wrap the id: no index has them, so all orders are walked through. */
const WRAPPING_ORDERS: Walk = {
  rows: LOOKED_FURTHER,
  place: ['id'],
  stretch: (isBehind) => `
    SELECT "id"::text AS "id" FROM "orders" ${isBehind ? 'WHERE "orders"."id" < $2::text::uuid' : ''}
    ORDER BY "orders"."id" DESC`,
  ...ofOrders(wrapsUser('$1::text')),
};

/** Orders may be gone whose answers are still kept, so all answers are walked through: they are those of a day. */
const ANSWER_OF_USER = `lower(${KEYS}."outcome" -> 'order' ->> 'userId') = $1::text
  AND num_nonnulls(${KEYS}."outcome" -> 'order' ->> 'userName', ${KEYS}."outcome" -> 'order' ->> 'userEmail') > 0`;
const NAMED_ANSWERS = `
  SELECT "actor", "key" FROM ${KEYS} JOIN "stretch" USING ("actor", "key")
  WHERE ${ANSWER_OF_USER} ORDER BY "actor", "key"`;
const ANSWERS: Walk = {
  place: ['actor', 'key'],
  stretch: (isBehind) => `
    SELECT "actor", "key" FROM ${KEYS} ${isBehind ? 'WHERE ("actor", "key") > ($2::text, $3::text)' : ''}
    ORDER BY "actor", "key"`,
  looked: `"stale" AS (${NAMED_ANSWERS})`,
  emptied: `
    "stale" AS MATERIALIZED (${NAMED_ANSWERS} FOR UPDATE OF ${KEYS}),
    "emptied" AS (
      UPDATE ${KEYS} SET "outcome" = "outcome" || jsonb_build_object(
        'order', "outcome" -> 'order' || ${EMPTIED})
      FROM "stale" WHERE ${KEYS}."actor" = "stale"."actor" AND ${KEYS}."key" = "stale"."key" AND ${ANSWER_OF_USER}
      RETURNING true AS "isEmpty")`,
};

const WRAPPING = `SELECT 1 FROM "orders" WHERE ${wrapsUser('$1::text')} AND ${NAMED} LIMIT 1`;

const WALKS: readonly Walk[] = [UNDATED_ORDERS, DATED_ORDERS, WRAPPING_ORDERS, ANSWERS];

const REMEMBERED = `
  ${NAMED_COPY}
  UNION ALL
  SELECT 1 FROM ${DELETIONS} WHERE "userId" = $1::text AND "erases" AND ${isUnfinished()}
  UNION ALL ${KEEPS_NAMES}`;
