import { notUnique } from '../errors/app-error.js';
import type { OrderId } from '../domains/order/order.source.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';

/**
 * A condition: no other row of "orders" has the id in the first parameter. A primary key on other columns beside the id,
 * inheritance and views let several rows have one id. The count and the write it guards read one snapshot, so a write
 * under this condition touches one row at most.
 */
export const IS_ONE = `(SELECT count(*) FROM "orders" AS "same" WHERE "same"."id" = $1::uuid) = 1`;

/**
 * A condition: no order but the one with the id in the first parameter has this number. Holds until the end of the
 * transaction if the number was locked (`heldNumber`) by an earlier statement.
 *
 * @param number a parameter: `$3::text`
 */
export function isFreeNumber(number: string): string {
  return `NOT EXISTS (
    SELECT FROM "orders" AS "other" WHERE "other"."orderNumber" = ${number} AND "other"."id" <> $1::uuid)`;
}

/**
 * Whether an order, another one than `not`, has this number. Constraints have names of their own in people's tables, so
 * which one refused a row is looked up. @throws {AppError} POSTGRES_UNAVAILABLE
 */
export async function hasNumber(
  postgres: PostgresDatabase,
  orderNumber: string,
  not: OrderId | null = null,
): Promise<boolean> {
  const sql = `SELECT 1 FROM "orders" WHERE "orderNumber" = $1 AND "id" IS DISTINCT FROM $2::uuid`;
  return (await postgres.query(sql, orderNumber, not)).length > 0;
}

/** Refuses a write by an id that several rows have. @throws {AppError} NOT_UNIQUE; POSTGRES_UNAVAILABLE */
export async function refuseDoubled(postgres: PostgresDatabase, id: OrderId, what: string): Promise<void> {
  const [row] = await postgres.query('SELECT count(*) > 1 AS "areSeveral" FROM "orders" WHERE "id" = $1::uuid', id);
  if (row?.['areSeveral'] === true) notUnique(what, id);
}
