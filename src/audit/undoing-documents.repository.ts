import Big from 'big.js';
import { transactions } from '../domains/transaction/transaction.source.js';
import type { RepairId } from '../ordering/kept-rows.js';
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
import { KEPT_ROWS } from '../platform/postgres/own-tables.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { ABSENT, ALREADY_THERE, BROUGHT_BACK, CHANGED, left, PLANNED, type KeptRow, type Undone } from './undoing.js';

/**
 * Brings documents of `transactions` back as a repair kept them. Each can be made again. None replaces what another
 * program has written since: a write says itself what it expects there.
 */
export class UndoingDocuments {
  readonly #postgres: PostgresDatabase;
  readonly #mongo: MongoDatabase;

  constructor(postgres: PostgresDatabase, mongo: MongoDatabase) {
    this.#postgres = postgres;
    this.#mongo = mongo;
  }

  /**
   * Inserts a document that was deleted, under its `_id`.
   *
   * @throws {AppError} MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; POSTGRES_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async document(row: KeptRow, isDry: boolean): Promise<Undone> {
    const mongo = this.#mongo;
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
   * Gives a transaction the amount that it had, where it still has the one that the repair gave it.
   *
   * @throws {AppError} MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; POSTGRES_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async amount(row: KeptRow, isDry: boolean): Promise<Undone> {
    const mongo = this.#mongo;
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

  async #document({ repairId, key }: KeptRow): Promise<WholeDocument> {
    const sql = `SELECT encode("document", 'base64') AS "bytes" FROM ${KEPT_ROWS}
      WHERE "repairId" = $1::uuid AND "place" = 'transactions' AND "key" = $2::text`;
    const [row] = await this.#postgres.query(sql, repairId, key);
    return { key, bytes: Buffer.from(String(row?.['bytes']), 'base64') };
  }

  async #totalOf(repairId: RepairId): Promise<unknown> {
    const sql = `SELECT "before" ->> 'total' AS "total" FROM ${KEPT_ROWS}
      WHERE "repairId" = $1::uuid AND "place" = 'orders'`;
    return (await this.#postgres.query(sql, repairId))[0]?.['total'];
  }
}

function isTombstone(document: WholeDocument): boolean {
  return (fieldOfWhole(document, 'voidedAt') ?? null) !== null;
}

function isAmount(amount: unknown, total: unknown): boolean {
  const [one, other] = [fromStored('decimal', amount), fromStored('decimal', total)];
  return typeof one === 'string' && typeof other === 'string' && new Big(one).eq(other);
}
