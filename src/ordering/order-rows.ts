import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { fixedOrder, rowColumns, toRow } from '../platform/postgres/rows.js';
import { orders, type Order, type OrderId } from '../domains/order/order.source.js';
import { addOrderJob, removeOrderJob } from './order-job.js';
import { unitOf } from './updated-at.js';
import { TIMINGS } from '../platform/timings.js';

/**
 * An order that somebody has to himself, to write to MongoDB for it. Who takes too long may lose it to another; whatever
 * they write for it then does nothing.
 */
export interface HeldOrder {
  readonly order: Order;
  /** The write that is under way: until it is finished, nobody sees the order. */
  readonly unfinished: 'CREATE' | 'DELETE' | null;
  /** Whether whoever had it before never said how that ended: what was sent to MongoDB then may still arrive. */
  readonly isAbandoned: boolean;
  /** For how many seconds the order is there, at least: `createdAt` may be kept in seconds or days. */
  readonly age: number;
  /** What tells this hold from any other. */
  readonly lease: string;
}

/** What is selected, or returned, of an order. */
export const COLUMNS = rowColumns(orders);

/** The same, for {@link heldFrom}. */
export const HELD = `${COLUMNS}, "unfinished" AS "~unfinished", "settlingUntil"::text AS "~lease",
  EXTRACT(EPOCH FROM clock_timestamp() - "createdAt" - ${unitOf('createdAt')})::float8 AS "~age"`;

/** The moment at which a lease that is taken now runs out, as an expression. */
export function leaseEnd(): string {
  return `clock_timestamp() + make_interval(secs => ${TIMINGS.ordering.lease / 1_000})`;
}

/** What a client is told of an order that was created, and keeps being told. */
export const CREATED = `jsonb_build_object(
  'kind', 'created', 'order', to_jsonb("order") - '~unfinished' - '~lease' - '~age' || jsonb_build_object(
    'createdAt', "order"."createdAt"::timestamptz, 'updatedAt', "order"."updatedAt"::timestamptz))`;

export function heldFrom(row: Readonly<Record<string, unknown>>): HeldOrder {
  return {
    order: toRow(orders, row),
    unfinished: row['~unfinished'] as HeldOrder['unfinished'],
    isAbandoned: row['~abandoned'] === true,
    age: Number(row['~age']),
    lease: String(row['~lease']),
  };
}

/** The order with this id, seen by readers or not; null where there is none. */
export async function findOrder(
  postgres: PostgresDatabase,
  id: OrderId,
): Promise<(Order & Pick<HeldOrder, 'unfinished'>) | null> {
  const sql = `SELECT ${HELD} FROM "orders" WHERE "id" = $1::uuid ORDER BY ${fixedOrder(orders)} LIMIT 1`;
  const [row] = await postgres.query(sql, id);
  if (row === undefined) return null;
  const { order, unfinished } = heldFrom(row);
  return { ...order, unfinished };
}

/**
 * Runs a statement that writes an order and returns it as "order".
 *
 * @param what is going on, for the message
 * @returns null where no order was written
 */
export async function writtenOrder(
  postgres: PostgresDatabase,
  what: string,
  sql: string,
  ...parameters: readonly unknown[]
): Promise<Order | null> {
  const rows = await postgres.write<Record<string, unknown>[]>(what, (prisma) =>
    prisma.$queryRawUnsafe(sql, ...parameters),
  );
  return rows[0] === undefined ? null : toRow(orders, rows[0]);
}

/** The end of a statement: the order. The jobs are counted because PostgreSQL calls only what is read. */
export const ORDER_AND_JOB = 'SELECT "order".*, (SELECT count(*) FROM "job") AS "~jobs" FROM "order"';

/** A part of a statement: the job of "order", where the condition holds. */
export function jobOf(schema: string, delay: number, condition: string): string {
  return `"job" AS (SELECT ${addOrderJob(schema, '"order"."id"', delay)} FROM "order" WHERE ${condition})`;
}

/** A part of a statement: "order" has no job any more. */
export function noJobOf(schema: string): string {
  return `"job" AS (SELECT ${removeOrderJob(schema, '"order"."id"')} FROM "order")`;
}
