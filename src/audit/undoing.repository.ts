import Big from 'big.js';
import type { OrderId } from '../domains/order/order.source.js';
import { transactions } from '../domains/transaction/transaction.source.js';
import { EMPTIED, heldPerson, keepsOnlyIds, type RepairId } from '../ordering/kept-rows.js';
import { addOrderJob, HAS_JOB, removeOrderJob } from '../ordering/order-job.js';
import { TIMINGS } from '../platform/timings.js';
import type { TransactionRepository } from '../ordering/transaction.repository.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import {
  fieldOfWhole,
  insertWhole,
  isSame,
  replaceExactly,
  wholeByKey,
  without,
  type WholeDocument,
} from '../platform/mongo/whole-documents.js';
import { quoted } from '../platform/postgres/columns.js';
import { KEPT_ROWS, KEYS, TOMBSTONES } from '../platform/postgres/own-tables.js';
import { isUniqueViolation } from '../platform/postgres/postgres-errors.js';
import type { PostgresDatabase, Sql } from '../platform/postgres/postgres.js';
import { differing, wholeTable, type RowTexts, type WholeTable } from '../platform/postgres/whole-rows.js';

/** A row or document as a repair found it. */
export interface KeptRow {
  readonly repairId: RepairId;
  readonly place: 'orders' | 'transactions' | 'users';
  readonly key: string;
  /** Null of a document, and of a row that was not there. */
  readonly before: RowTexts | null;
  /** What the repair left, where that is known. */
  readonly after: RowTexts | null;
  /** Whether the name and address were emptied because the person was erased. */
  readonly isErased: boolean;
}

/** What became of bringing one row back. */
export type Undone =
  | { readonly kind: 'broughtBack'; /** What is not as it was. */ readonly because?: string }
  | { readonly kind: 'alreadyThere' }
  /** A dry run would bring it back. */
  | { readonly kind: 'planned' }
  | { readonly kind: 'left'; readonly because: string };

export interface UndoingParts {
  readonly postgres: PostgresDatabase;
  readonly mongo: MongoDatabase;
  readonly transactions: Pick<TransactionRepository, 'dropTombstones'>;
}

const BROUGHT_BACK: Undone = { kind: 'broughtBack' };
const ALREADY_THERE: Undone = { kind: 'alreadyThere' };
const PLANNED: Undone = { kind: 'planned' };

const CHANGED = 'it has changed since the repair';
const ABSENT = 'it is not there any more';
const ERASED = 'the person was erased since: only ids are kept';

/** How far an order has come in the protocol says nothing of whether it is the same order. */
const OF_PROTOCOL = ['unfinished', 'settlingUntil', 'transactionState', 'transactionError'];
const NAMES = ['userName', 'userEmail'];

/**
 * Brings single rows and documents back as a repair kept them. Each can be made again. None replaces what another program
 * has written since: a statement that writes says itself what it expects there.
 */
export class Undoing {
  readonly #parts: UndoingParts;

  constructor(parts: UndoingParts) {
    this.#parts = parts;
  }

  /**
   * Inserts an order that was deleted, with its job where it needs one. Triggers of the table fire.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE, MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async order(row: KeptRow, isDry: boolean): Promise<Undone> {
    const { postgres } = this.#parts;
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
   * Inserts a document that was deleted, under its `_id`.
   *
   * @throws {AppError} MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; POSTGRES_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async document(row: KeptRow, isDry: boolean): Promise<Undone> {
    const { mongo } = this.#parts;
    const kept = await this.#document(row);
    const now = await wholeByKey(mongo, transactions.from, row.key);
    if (now === null) {
      if (isDry) return PLANNED;
      const taken = await insertWhole(mongo, transactions.from, kept);
      if (taken === null) return BROUGHT_BACK;
      return left(taken === '_id' ? CHANGED : `another document has its ${taken}`);
    }
    if (isSame(now.bytes, kept.bytes)) return ALREADY_THERE;
    if (!isTombstone(now) || isTombstone(kept)) return left('a document with its _id is there, and differs');
    if (isDry) return PLANNED;
    return (await replaceExactly(mongo, transactions.from, now, kept)) ? BROUGHT_BACK : left(CHANGED);
  }

  /**
   * Lets an order be as it was before its transaction was to get another amount: no job does that any more.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async settledOrder({ key, before }: KeptRow, isDry: boolean): Promise<Undone> {
    const { postgres } = this.#parts;
    if (before === null) return left('its row was not kept');
    const now = await this.#row(await wholeTable(postgres, 'orders'), '"id" = $1::uuid', key);
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
   * Gives a transaction the amount that it had, where it still has the one that the repair gave it.
   *
   * @throws {AppError} MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; POSTGRES_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async amount(row: KeptRow, isDry: boolean): Promise<Undone> {
    const { mongo } = this.#parts;
    const kept = await this.#document(row);
    const now = await wholeByKey(mongo, transactions.from, row.key);
    if (now === null) return left(ABSENT);
    if (isSame(now.bytes, kept.bytes)) return ALREADY_THERE;
    const given = ['amount', 'amountAsOf'];
    const isOfRepair = isAmount(fieldOfWhole(now, 'amount'), await this.#totalOf(row.repairId));
    if (!isOfRepair || !isSame(without(now, given), without(kept, given))) return left(CHANGED);
    if (isDry) return PLANNED;
    return (await replaceExactly(mongo, transactions.from, now, kept)) ? BROUGHT_BACK : left(CHANGED);
  }

  /**
   * Gives an order the name and address that it had, where it still has those that the repair gave it.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async names({ key, before, after, isErased }: KeptRow, isDry: boolean): Promise<Undone> {
    const { postgres } = this.#parts;
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

  /**
   * Gives the copy of a user what it had, where it is still as the repair left it; one that was not there goes again.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async copy({ key, before, after, isErased }: KeptRow, isDry: boolean): Promise<Undone> {
    const { postgres } = this.#parts;
    if (isErased) return left(ERASED);
    const users = await wholeTable(postgres, 'users');
    const now = await this.#row(users, '"id"::text = $1::text', key);
    if (now === null) return before === null ? ALREADY_THERE : left(ABSENT);
    if (before !== null && differing(before, now).length === 0) return ALREADY_THERE;
    if (after === null || differing(after, now).length > 0) return left(CHANGED);
    const person = '"users"."mongoId"';
    const isStill = `"users"."id"::text = $1::text AND ${users.texts} = $2::text::jsonb AND NOT ${keepsOnlyIds(person)}`;
    if (before === null) {
      const [others] = await postgres.query(REFERRED);
      if (others?.['isReferred'] === true) return left('other tables refer to users: delete the copy yourself');
      if (isDry) return PLANNED;
    } else {
      const lost = users.lost(before);
      if (lost.length > 0) return left(`users has no ${lost.map(quoted).join(', ')} any more`);
      if (isDry) return PLANNED;
    }
    const changed = before === null ? [] : differing(after, before);
    const values = users.columns
      .filter(({ name, isComputed }) => changed.includes(name) && !isComputed)
      .map((column) => `${quoted(column.name)} = ${users.valueOf(column, '$3::text::jsonb')}`);
    const sql =
      before === null
        ? `DELETE FROM "users" WHERE ${isStill} RETURNING 1`
        : `UPDATE "users" SET ${values.join(', ')} WHERE ${isStill} RETURNING 1`;
    const results = await postgres.transaction('bringing a copy back', [
      heldPerson(now['mongoId'] ?? ''),
      { sql, parameters: [key, JSON.stringify(after), ...(before === null ? [] : [JSON.stringify(before)])] },
    ]);
    return (results.at(-1) ?? []).length > 0 ? BROUGHT_BACK : left(CHANGED);
  }

  /** What keeps an order from being inserted; null for nothing. */
  async #whereItWas(orders: WholeTable, row: KeptRow, before: RowTexts): Promise<Undone | null> {
    const now = await this.#row(orders, '"id" = $1::uuid', row.key);
    if (now !== null) {
      if (now['unfinished'] === 'DELETE') return left('it is still being deleted: run it again');
      const passing = new Set([...OF_PROTOCOL, ...(row.isErased ? NAMES : [])]);
      const others = (then: RowTexts) => differing(then, now).filter((name) => !passing.has(name));
      if (others(before).length === 0 || (row.after !== null && others(row.after).length === 0)) return ALREADY_THERE;
      return left(`an order with this id is there, and differs in ${others(before).map(quoted).join(', ')}`);
    }
    const [other] = await this.#parts.postgres.query(
      'SELECT "id"::text AS "id" FROM "orders" WHERE "orderNumber"::text = $1::text LIMIT 1',
      before['orderNumber'],
    );
    if (other === undefined) return null;
    return left(`order ${String(other['id'])} has its number ${JSON.stringify(before['orderNumber'])} by now`);
  }

  async #row(table: WholeTable, condition: string, key: string): Promise<RowTexts | null> {
    const sql = `SELECT ${table.texts} AS "row" FROM ${quoted(table.name)} WHERE ${condition}`;
    const [row] = await this.#parts.postgres.query(sql, key);
    return (row?.['row'] as RowTexts | undefined) ?? null;
  }

  async #document({ repairId, key }: KeptRow): Promise<WholeDocument> {
    const sql = `SELECT encode("document", 'base64') AS "bytes" FROM ${KEPT_ROWS}
      WHERE "repairId" = $1::uuid AND "place" = 'transactions' AND "key" = $2::text`;
    const [row] = await this.#parts.postgres.query(sql, repairId, key);
    return { key, bytes: Buffer.from(String(row?.['bytes']), 'base64') };
  }

  async #totalOf(repairId: RepairId): Promise<unknown> {
    const sql = `SELECT "before" ->> 'total' AS "total" FROM ${KEPT_ROWS}
      WHERE "repairId" = $1::uuid AND "place" = 'orders'`;
    return (await this.#parts.postgres.query(sql, repairId))[0]?.['total'];
  }

  /** An order that is there needs no tombstone, which would keep its transaction out. */
  async #dropTombstone(orderId: string): Promise<void> {
    await this.#parts.transactions.dropTombstones([orderId as OrderId]);
  }
}

/** Whether deleting a row of `users` may take rows of other tables along. */
const REFERRED = `SELECT EXISTS (
    SELECT FROM pg_constraint WHERE "confrelid" = '"users"'::regclass AND "contype" = 'f')
  OR EXISTS (
    SELECT FROM pg_trigger WHERE "tgrelid" = '"users"'::regclass AND NOT "tgisinternal" AND ("tgtype" & 8) <> 0)
  AS "isReferred"`;

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

function isTombstone(document: WholeDocument): boolean {
  return (fieldOfWhole(document, 'voidedAt') ?? null) !== null;
}

function isAmount(amount: unknown, total: unknown): boolean {
  const [one, other] = [fromStored('decimal', amount), fromStored('decimal', total)];
  return typeof one === 'string' && typeof other === 'string' && new Big(one).eq(other);
}

function left(because: string): Undone {
  return { kind: 'left', because };
}
