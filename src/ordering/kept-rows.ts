import { DELETIONS, IS_ERASED, KEPT_ROWS } from '../platform/postgres/own-tables.js';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { canBeWritten, type WholeDocument } from '../platform/mongo/whole-documents.js';
import { wholeTable, type WholeTable } from '../platform/postgres/whole-rows.js';
import { writeRefused } from '../errors/app-error.js';
import type { OrderId } from '../domains/order/order.source.js';
import type { UserId } from '../domains/user/user.source.js';
import { COPIED } from '../copies/user-copy.source.js';
import { taking } from '../platform/postgres/advisory-lock.js';
import { lockingUser } from './user-hold.js';

/** The id of the entry in `tandem_repairs` that rows are kept under. */
export type RepairId = string;

/** Columns in which the protocol notes how far it is; a deletion itself changes them. */
const OF_PROTOCOL = ['unfinished', 'settlingUntil', 'transactionState', 'transactionError'];

/** Nothing of a name or an address, to be laid over the row of an order. */
export const EMPTIED = `'{"userName": null, "userEmail": null}'::jsonb`;

/** Kept rows of one person that one statement empties. */
const STRETCH = 1_000;

/** An expression: the person that an order's `userId` names, however it is written there. */
function personOf(userId: string): string {
  return `COALESCE(substring(lower(${userId}::text) from '(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])'), lower(${userId}::text))`;
}

/** An expression: every person whom a reference may mean, an array: each stretch of it that is as long as an id, and all of it. */
function personsIn(reference: string): string {
  const text = `lower(${reference}::text)`;
  return `(SELECT array_agg(substr(${text}, "at", 24)) FROM generate_series(1, length(${text}) - 23) AS "at") || ${text}`;
}

/** A condition: a person whom a reference means was erased, so that nothing but ids may be kept. */
export function keepsOnlyIds(reference: string): string {
  const persons = `ANY(${personsIn(reference)})`;
  return `(EXISTS (SELECT FROM ${DELETIONS} AS "erasing" WHERE "erasing"."userId" = ${persons} AND ${IS_ERASED})
    OR EXISTS (SELECT FROM "users" AS "erased" WHERE "erased"."mongoId" = ${persons} AND "erased"."erasedAt" IS NOT NULL))`;
}

/** The columns of `orders` that one statement keeps: whole rows, without names of persons who were erased. */
export function keptOrder(orders: WholeTable): string {
  const isErased = keepsOnlyIds('"orders"."userId"');
  const hasNames = 'num_nonnulls("orders"."userName", "orders"."userEmail") > 0';
  return `CASE WHEN ${isErased} THEN ${orders.texts} || ${EMPTIED} ELSE ${orders.texts} END AS "before",
    CASE WHEN ${hasNames} AND NOT ${isErased} THEN ${personOf('"orders"."userId"')} END AS "userId",
    ${hasNames} AND ${isErased} AS "isErased"`;
}

/**
 * Keeps rows and documents as they are before a repair deletes or changes them. What is deleted is kept in the statement
 * that deletes it, or is deleted only as it was kept; so nothing that another program writes meanwhile is lost.
 */
export class KeptRows {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** The columns of `orders`, as they are now. @throws {AppError} POSTGRES_UNAVAILABLE */
  orders(): Promise<WholeTable> {
    return wholeTable(this.#postgres, 'orders');
  }

  /**
   * The repair that is deleting an order; null where another caller is.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE
   */
  async repairOf(id: OrderId): Promise<RepairId | null> {
    const sql = `SELECT "repairId"::text AS "id" FROM ${KEPT_ROWS}
      WHERE "isGoing" AND "place" = 'orders' AND "key" = $1::text`;
    const [row] = await this.#postgres.query(sql, id);
    return row === undefined ? null : String(row['id']);
  }

  /**
   * Keeps documents of `transactions`. One that was kept before is kept as it is now.
   *
   * @throws {AppError} WRITE_REFUSED where one could not be written back as it is; POSTGRES_UNAVAILABLE, READ_ONLY;
   * OUTCOME_UNKNOWN
   */
  async keepTransactions(repairId: RepairId, documents: readonly WholeDocument[]): Promise<void> {
    const odd = documents.find((document) => !canBeWritten(document));
    if (odd !== undefined) throw writeRefused('keeping a transaction', new Error(`${odd.key} cannot be written back`));
    if (documents.length === 0) return;
    await this.#postgres.write('keeping transactions', (prisma) =>
      prisma.$executeRawUnsafe(...spread(keptTransactions(repairId, documents))),
    );
  }

  /** Keeps nothing under an entry: it has changed nothing. @throws {AppError} POSTGRES_UNAVAILABLE; OUTCOME_UNKNOWN */
  async keepNothing(repairId: RepairId): Promise<void> {
    await this.#postgres.write('keeping nothing', (prisma) =>
      prisma.$executeRawUnsafe(`DELETE FROM ${KEPT_ROWS} WHERE "repairId" = $1::uuid`, repairId),
    );
  }
}

/** A statement that keeps documents of `transactions`. */
export function keptTransactions(repairId: RepairId, documents: readonly WholeDocument[]): Sql {
  return {
    sql: `
      INSERT INTO ${KEPT_ROWS} ("repairId", "place", "key", "document")
      SELECT $1::uuid, 'transactions', "key", decode("bytes", 'base64')
      FROM unnest($2::text[], $3::text[]) AS "document" ("key", "bytes")
      ON CONFLICT ("repairId", "place", "key") DO UPDATE SET "document" = EXCLUDED."document"`,
    parameters: [
      repairId,
      documents.map(({ key }) => key),
      documents.map(({ bytes }) => Buffer.from(bytes).toString('base64')),
    ],
  };
}

/**
 * Statements that keep an order which the same transaction hides to delete it. The row stays locked, so it is kept as it
 * is hidden. The last one fails where the order is there and was not kept.
 */
export function keepingGoing(repairId: RepairId, id: OrderId, orders: WholeTable): readonly Sql[] {
  return [
    keepingOrder(repairId, id, orders, { condition: '"unfinished" IS NULL', isGoing: true }),
    {
      sql: `SELECT 1 / (SELECT 1 - count(*) FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL AND NOT EXISTS (
        SELECT FROM ${KEPT_ROWS} WHERE "repairId" = $2::uuid AND "place" = 'orders' AND "key" = $1::uuid::text))`,
      parameters: [id, repairId],
    },
  ];
}

/** Keeps a row of `orders`, which stays locked until the end of the transaction. */
export function keepingOrder(
  repairId: RepairId,
  id: OrderId,
  orders: WholeTable,
  { condition, isGoing }: { readonly condition: string; readonly isGoing: boolean },
): Sql {
  return {
    sql: `
      WITH "row" AS (
        SELECT "orders"."id", ${keptOrder(orders)} FROM "orders"
        WHERE "orders"."id" = $1::uuid AND ${condition} AND ${orders.isSame} FOR UPDATE OF "orders")
      INSERT INTO ${KEPT_ROWS} ("repairId", "place", "key", "before", "userId", "isErased", "isGoing")
      SELECT $2::uuid, 'orders', "id"::text, "before", "userId", "isErased", ${isGoing ? 'true' : 'false'} FROM "row"
      ON CONFLICT ("repairId", "place", "key") DO UPDATE SET "before" = EXCLUDED."before",
        "userId" = EXCLUDED."userId", "isErased" = EXCLUDED."isErased", "isGoing" = EXCLUDED."isGoing"`,
    parameters: [id, repairId],
  };
}

/** Takes the ids that an order's reference may mean for the transaction: an erasure waits for it, or is seen by it. */
export function heldUserOf(id: OrderId): Sql {
  return {
    sql: taking(LOCKING, `FROM "orders", unnest(${personsIn('"userId"')}) AS "person" WHERE "id" = $1::uuid`),
    parameters: [id],
  };
}

/** Takes a person's id for the transaction, by an order's `userId`: see {@link heldUserOf}. */
export function heldPerson(userId: string): Sql {
  return {
    sql: taking(LOCKING, `FROM unnest(${personsIn('$1')}) AS "person"`),
    parameters: [userId],
  };
}

const LOCKING = lockingUser('"person"', 'shared');

/**
 * A part of the statement that deletes an order: keeps it as it goes, with what another program has written to it since it
 * was hidden. "whole" is the row that goes.
 */
export const KEPT_AS_IT_GOES = `
  "kept" AS (
    UPDATE ${KEPT_ROWS} AS "row" SET "isGoing" = false, "userId" = "whole"."userId",
      "isErased" = "row"."isErased" OR "whole"."isErased",
      "before" = "whole"."before" || jsonb_build_object(${OF_PROTOCOL.map((name) => `'${name}', "row"."before" -> '${name}'`).join(', ')})
    FROM "whole" WHERE "row"."isGoing" AND "row"."place" = 'orders' AND "row"."key" = "whole"."id"::text)`;

/** A part of the statement that shows an order again, "order", which was to be deleted: nothing of it is kept. */
export const KEPT_NO_MORE = `
  "unkept" AS (
    DELETE FROM ${KEPT_ROWS} AS "row" USING "order", ${KEPT_ROWS} AS "going"
    WHERE "going"."isGoing" AND "going"."place" = 'orders' AND "going"."key" = "order"."id"::text
      AND "row"."repairId" = "going"."repairId")`;

/** A condition: a kept row has a name or an address, and means a person, who is the first parameter. */
const NAMES_PERSON = `"userId" IS NOT NULL AND ("userId" = $1::text OR strpos(lower("before" ->> 'userId'), $1::text) > 0)`;

/** A person's name or address is in a kept row: a query that gives a row then. The person is the first parameter. */
export const KEEPS_NAMES = `(SELECT 1 FROM ${KEPT_ROWS} WHERE ${NAMES_PERSON} LIMIT 1)`;

/**
 * Empties names and addresses in the kept rows of a person who was erased; does nothing for any other. Made twice, it does
 * the same.
 *
 * @param goesOn is asked after each stretch
 * @returns false where it stopped because `goesOn` said so
 * @throws {AppError} POSTGRES_UNAVAILABLE, READ_ONLY; OUTCOME_UNKNOWN
 */
export async function eraseKeptRows(
  postgres: PostgresDatabase,
  userId: UserId,
  goesOn: () => boolean,
): Promise<boolean> {
  for (;;) {
    const emptied = await postgres.write('erasing kept rows', (prisma) => prisma.$executeRawUnsafe(ERASE, userId));
    // Another caller may have deleted some of a stretch.
    if (emptied === 0) return true;
    if (!goesOn()) return false;
  }
}

/** What is emptied of a kept row, as `deleteUser(erase: true)` empties it in the table itself. */
const ON_ORDERS = ['userName', 'userEmail'];
const ON_COPIES = [...COPIED, 'syncProblem'];

const ERASE = `
  UPDATE ${KEPT_ROWS} AS "row" SET "userId" = NULL, "isErased" = true,
    "before" = ${withoutNames('"row"."before"')}, "after" = ${withoutNames('"row"."after"')}
  WHERE ("repairId", "place", "key") IN (
    SELECT "repairId", "place", "key" FROM ${KEPT_ROWS} WHERE ${NAMES_PERSON} LIMIT ${STRETCH})
    AND EXISTS (SELECT FROM ${DELETIONS} AS "deletion" WHERE "deletion"."userId" = $1::text AND ${IS_ERASED})`;

function withoutNames(kept: string): string {
  const emptied = (names: readonly string[]) =>
    names.map((name) => `CASE WHEN ${kept} ? '${name}' THEN '{"${name}": null}' ELSE '{}' END::jsonb`).join(' || ');
  return `CASE WHEN "row"."place" = 'orders' THEN ${kept} || ${emptied(ON_ORDERS)} ELSE ${kept} || ${emptied(ON_COPIES)} END`;
}

function spread({ sql, parameters }: Sql): [string, ...unknown[]] {
  return [sql, ...parameters];
}
