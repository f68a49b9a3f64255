import { normalizeKey } from '../join/key.js';
import { transactions } from '../domains/transaction/transaction.source.js';
import type { Document } from '../platform/mongo/document.js';
import { visible } from '../platform/mongo/filter.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { readsAsOneOf } from '../platform/mongo/stored-forms.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import { paymentId } from '../ordering/payment-id.js';

/** What the audit reads of a transaction. */
export interface RecordedDocument {
  readonly id: string;
  /** In normal spelling; null where it names no order. */
  readonly orderId: string | null;
  /** As a decimal string of one spelling; null where it is no number. */
  readonly amount: string | null;
}

/** What fewer than the majority of a replica set know may be taken back, and a secondary may not know it yet. */
const CERTAIN = { readPreference: 'primary', readConcern: { level: 'majority' } } as const;

const PROJECTION = { orderId: 1, amount: 1 } as const;

/** Reads transactions for the audit, without tombstones. */
export class TransactionDocuments {
  readonly #mongo: MongoDatabase;

  constructor(mongo: MongoDatabase) {
    this.#mongo = mongo;
  }

  /** The transactions that name one of these orders, in whatever form, and the orders' payments. */
  ofOrders(orderIds: readonly string[]): Promise<readonly RecordedDocument[]> {
    if (orderIds.length === 0) return Promise.resolve([]);
    const payments = readsAsOneOf('objectId', '_id', orderIds.map(paymentId));
    return this.#find({ $or: [payments, readsAsOneOf('uuid', 'orderId', orderIds)] });
  }

  /** Those that there are of the transactions with these ids, in whatever form. */
  withIds(ids: readonly string[]): Promise<readonly RecordedDocument[]> {
    return ids.length === 0 ? Promise.resolve([]) : this.#find(readsAsOneOf('objectId', '_id', ids));
  }

  /** All of them, in stretches of this size. */
  async *all(size: number): AsyncGenerator<readonly RecordedDocument[]> {
    const cursor = await this.#mongo.run((db) =>
      Promise.resolve(
        db
          .collection(this.#mongo.nameOf(transactions.from), CERTAIN)
          .find<Document>(visible(transactions), { projection: PROJECTION, batchSize: size }),
      ),
    );
    try {
      while (await this.#mongo.run(() => cursor.hasNext())) yield cursor.readBufferedDocuments().map(toRecorded);
    } finally {
      await cursor.close();
    }
  }

  async #find(filter: Document): Promise<readonly RecordedDocument[]> {
    const documents = await this.#mongo.run((db, limits) =>
      db
        .collection(this.#mongo.nameOf(transactions.from), CERTAIN)
        .find<Document>({ ...visible(transactions), ...filter }, { projection: PROJECTION, ...limits })
        .toArray(),
    );
    return documents.map(toRecorded);
  }
}

function toRecorded(document: Document): RecordedDocument {
  return {
    id: String(fromStored('objectId', document['_id'])),
    orderId: normalizeKey('uuid', fromStored('uuid', document['orderId'])),
    amount: fromStored('decimal', document['amount']) as string | null,
  };
}
