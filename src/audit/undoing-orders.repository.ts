import type { OrderId } from '../domains/order/order.source.js';
import { addOrderJob, HAS_JOB, removeOrderJob } from '../ordering/order-job.js';
import { EMPTIED, heldPerson, keepsOnlyIds } from '../ordering/kept-rows.js';
import type { TransactionRepository } from '../ordering/transaction.repository.js';
import { quoted } from '../platform/postgres/columns.js';
import { KEPT_ROWS, KEYS, TOMBSTONES } from '../platform/postgres/own-tables.js';
import { isUniqueViolation } from '../platform/postgres/postgres-errors.js';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { differing, wholeTable, type RowTexts, type WholeTable } from '../platform/postgres/whole-rows.js';
import { TIMINGS } from '../platform/timings.js';
import {
  ABSENT,
  ALREADY_THERE,
  BROUGHT_BACK,
  CHANGED,
  ERASED,
  left,
  PLANNED,
  rowNow,
  type KeptRow,
  type Undone,
} from './undoing.js';

/** How far an order has come in the protocol says nothing of whether it is the same order. */
const OF_PROTOCOL = ['unfinished', 'settlingUntil', 'transactionState', 'transactionError'];
const NAMES = ['userName', 'userEmail'];

/**
 * Brings rows of `orders` back as a repair kept them. Each can be made again. None replaces what another program has
 * written since: a statement that writes says itself what it expects there.
 */
export class UndoingOrders {
  readonly #postgres: PostgresDatabase;
  readonly #transactions: Pick<TransactionRepository, 'dropTombstones'>;

  constructor(postgres: PostgresDatabase, transactions: Pick<TransactionRepository, 'dropTombstones'>) {
    this.#postgres = postgres;
    this.#transactions = transactions;
  }

  /**
   * Inserts an order that was deleted, with its job where it needs one. Triggers of the table fire.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE, MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async order(row: KeptRow, isDry: boolean): Promise<Undone> {
    const postgres = this.#postgres;
    const { key, before } = row;
    if (before === null) return left('its row was not kept');
    const orders = await wholeTable(postgres, 'orders');
    const lost = orders.lost(before);
    if (lost.length > 0) return left(`orders has no ${lost.map(quoted).join(', ')} any more`);
    const there = await this.#whereItWas(orders, row, before);
    if (there !== null) {
      if (there.kind === 'alreadyThere' && !isDry) await this.#dropTombstone(key);
      return there;
    }
    if (isDry) return PLANNED;
    try {
      const results = await postgres.transaction('bringing an order back', [
        heldPerson(before['userId'] ?? ''),
        insertionOf(orders, row, before, postgres.schema),
      ]);
      const inserted = results.at(-1)?.[0];
      if (inserted === undefined) return left('the table took no row');
      await this.#dropTombstone(key);
      const isErased = row.isErased || inserted['isErased'] === true;
      return broughtBack(before, inserted['row'] as RowTexts, isErased);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      return (await this.#whereItWas(orders, row, before)) ?? left('another row has a value that the table takes once');
    }
  }

  /**
   * Lets an order be as it was before its transaction was to get another amount: no job does that any more.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async settledOrder({ key, before }: KeptRow, isDry: boolean): Promise<Undone> {
    const postgres = this.#postgres;
    if (before === null) return left('its row was not kept');
    const now = await rowNow(this.#postgres, await wholeTable(postgres, 'orders'), '"id" = $1::uuid', key);
    if (now === null) return left('the order is not there any more');
    if (differing(before, now).includes('total')) return left("the order's total has changed since the repair");
    if (now['unfinished'] !== null) return left('the order is being deleted');
    if (now['transactionState'] === before['transactionState']) return ALREADY_THERE;
    if (isDry) return PLANNED;
    const rows = await postgres.write<object[]>('letting an order be', (prisma) =>
      prisma.$queryRawUnsafe(
        `WITH "order" AS (
           UPDATE "orders" SET "transactionState" = $2::text, "transactionError" = $3::text
           WHERE "id" = $1::uuid AND "unfinished" IS NULL AND "transactionState" IN ('PENDING', 'FAILED')
             AND "total"::text = $4::text AND ("settlingUntil" IS NULL OR "settlingUntil" < clock_timestamp())
           RETURNING "id")
         SELECT ${removeOrderJob(postgres.schema, '"id"')} FROM "order"`,
        ...[key, before['transactionState'], before['transactionError'], before['total']],
      ),
    );
    return rows.length > 0 ? BROUGHT_BACK : left('a worker is settling the order: run it again');
  }

  /**
   * Gives an order the name and address that it had, where it still has those that the repair gave it.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async names({ key, before, after, isErased }: KeptRow, isDry: boolean): Promise<Undone> {
    const postgres = this.#postgres;
    if (isErased) return left(ERASED);
    const [row] = await postgres.query(
      `SELECT jsonb_build_object('userName', "userName"::text, 'userEmail', "userEmail"::text) AS "names",
         "userId"::text AS "userId", ${keepsOnlyIds('"userId"')} AS "isErased"
       FROM "orders" WHERE "id" = $1::uuid`,
      key,
    );
    if (row === undefined) return left(ABSENT);
    if (row['isErased'] === true) return left(ERASED);
    const now = row['names'] as RowTexts;
    if (before !== null && differing(before, now).length === 0) return ALREADY_THERE;
    if (before === null || after === null || differing(after, now).length > 0) return left(CHANGED);
    if (isDry) return PLANNED;
    const results = await postgres.transaction('bringing names back', [
      heldPerson(String(row['userId'])),
      {
        sql: `
          UPDATE "orders" SET "userName" = $2::text, "userEmail" = $3::text
          WHERE "id" = $1::uuid AND "userName" IS NOT DISTINCT FROM $4::text
            AND "userEmail" IS NOT DISTINCT FROM $5::text AND NOT ${keepsOnlyIds('"orders"."userId"')}
          RETURNING 1`,
        parameters: [key, before['userName'], before['userEmail'], after['userName'], after['userEmail']],
      },
    ]);
    return (results.at(-1) ?? []).length > 0 ? BROUGHT_BACK : left(CHANGED);
  }

  /** What keeps an order from being inserted; null for nothing. */
  async #whereItWas(orders: WholeTable, row: KeptRow, before: RowTexts): Promise<Undone | null> {
    const now = await rowNow(this.#postgres, orders, '"id" = $1::uuid', row.key);
    if (now !== null) {
      if (now['unfinished'] === 'DELETE') return left('it is still being deleted: run it again');
      const passing = new Set([...OF_PROTOCOL, ...(row.isErased ? NAMES : [])]);
      const others = (then: RowTexts) => differing(then, now).filter((name) => !passing.has(name));
      if (others(before).length === 0 || (row.after !== null && others(row.after).length === 0)) return ALREADY_THERE;
      return left(`an order with this id is there, and differs in ${others(before).map(quoted).join(', ')}`);
    }
    const [other] = await this.#postgres.query(
      'SELECT "id"::text AS "id" FROM "orders" WHERE "orderNumber"::text = $1::text LIMIT 1',
      before['orderNumber'],
    );
    if (other === undefined) return null;
    return left(`order ${String(other['id'])} has its number ${JSON.stringify(before['orderNumber'])} by now`);
  }

  /** An order that is there needs no tombstone, which would keep its transaction out. */
  async #dropTombstone(orderId: string): Promise<void> {
    await this.#transactions.dropTombstones([orderId as OrderId]);
  }
}

/** One statement: the order, its job, and that it is there again for the client who asks with the key that made it. */
function insertionOf(orders: WholeTable, { repairId, key }: KeptRow, before: RowTexts, schema: string): Sql {
  const { into, values } = orders.insertion(before, '"kept"');
  return {
    sql: `
      WITH "given" AS (
        SELECT "isErased", CASE WHEN "isErased" THEN $1::text::jsonb || ${EMPTIED} ELSE $1::text::jsonb END AS "kept"
        FROM (SELECT ${keepsOnlyIds(`($1::text::jsonb ->> 'userId')`)} AS "isErased") AS "erasing"),
      "order" AS (
        ${into} SELECT ${values} FROM "given"
        RETURNING "orders"."id", ${orders.texts} AS "row", ${HAS_JOB} AS "hasJob"),
      "key" AS (UPDATE ${KEYS} SET "deletedAt" = NULL FROM "order" WHERE "orderId" = "order"."id"),
      "tombstone" AS (DELETE FROM ${TOMBSTONES} USING "order" WHERE "orderId" = "order"."id"),
      "back" AS (
        UPDATE ${KEPT_ROWS} SET "after" = "order"."row", "isGoing" = false FROM "order"
        WHERE "repairId" = $2::uuid AND "place" = 'orders' AND "key" = $3::text),
      "job" AS (SELECT ${addOrderJob(schema, '"order"."id"', TIMINGS.ordering.recovery / 1_000)} FROM "order" WHERE "hasJob")
      SELECT "order"."row", (SELECT "isErased" FROM "given") AS "isErased", (SELECT count(*)::int FROM "job") AS "jobs"
      FROM "order"`,
    parameters: [JSON.stringify(before), repairId, key],
  };
}

function broughtBack(before: RowTexts, now: RowTexts, isErased: boolean): Undone {
  const others = differing(before, now).filter((name) => !isErased || !NAMES.includes(name));
  const because = [
    ...(isErased ? ['without the name and address, for the person was erased'] : []),
    ...(others.length === 0 ? [] : [`the table's own rules have changed ${others.map(quoted).join(', ')}`]),
  ];
  return because.length === 0 ? BROUGHT_BACK : { kind: 'broughtBack', because: because.join('; ') };
}
