import Big from 'big.js';
import mongoose from 'mongoose';
import { AppError, isAppError, outcomeUnknown, writeRefused } from '../errors/app-error.js';
import { isDoublingRefused } from '../platform/mongo/doubling.js';
import type { Document } from '../platform/mongo/document.js';
import { takenField } from '../platform/mongo/mongo-errors.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { readsAsOneOf } from '../platform/mongo/stored-forms.js';
import { deleteExactly, findWhole, type WholeDocument } from '../platform/mongo/whole-documents.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import { theKey } from '../platform/mongo/one-document.js';
import type { OrderId } from '../domains/order/order.source.js';
import { transactions } from '../domains/transaction/transaction.source.js';
import type { UserId } from '../domains/user/user.source.js';
import { paymentId } from './payment-id.js';
import { TIMINGS } from '../platform/timings.js';

const { Decimal128, ObjectId } = mongoose.mongo.BSON;

type Collection = mongoose.mongo.Collection;
type Insertable = Pick<Stored, '_id'> & object;

/** What is recorded of an order. */
export interface RecordedTransaction {
  readonly orderId: OrderId;
  readonly userId: UserId;
  /** With two decimals. */
  readonly amount: string;
  readonly createdAt: Date;
  /** When the order got this amount; null when it always had it. */
  readonly amountAsOf: Date | null;
}

/** Keeps transactions whole before a repair deletes them. */
export interface KeepTransactions {
  readonly keep: (documents: readonly WholeDocument[]) => Promise<void>;
  /** Is told when some of them are deleted: they do not come back by themselves. */
  readonly gone: () => void;
}

/** Known to the majority of a replica set, for what fewer know may be taken back; in so many milliseconds. */
function majority(patience: number) {
  return { writeConcern: { w: 'majority', wtimeoutMS: patience }, maxTimeMS: patience } as const;
}

const HIDDEN = 'voidedAt';

/** How often transactions are looked at again that change while they are being deleted. */
const ROUNDS = 10;

/** Writes to `transactions`, each of which can be made again. Reading goes through the source. */
export class TransactionRepository {
  readonly #mongo: MongoDatabase;

  constructor(mongo: MongoDatabase) {
    this.#mongo = mongo;
  }

  /**
   * Records the payment of an order, or brings its amount up to date. An older amount never wins over a newer.
   *
   * @param patience how long the server may take, in milliseconds
   * @returns `voided` where its key was taken so that it does not come
   * @throws {AppError} MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY and NOT_UNIQUE when nothing was written;
   * OUTCOME_UNKNOWN when that cannot be said
   */
  async record(transaction: RecordedTransaction, patience = TIMINGS.ordering.call): Promise<'recorded' | 'voided'> {
    const { orderId, amount, createdAt, amountAsOf } = transaction;
    // An order whose amount has changed may have a payment that another program has brought here, its key as a text.
    const key = amountAsOf === null ? null : await theKey(this.#mongo, transactions, paymentId(orderId));
    const document = { ...documentOf(transaction), ...(key === null ? {} : { _id: key as Stored['_id'] }) };
    if (key === null && (await this.#isInserted('recording a transaction', document, patience))) return 'recorded';
    const found = await this.#find(document._id, patience);
    if (found === null) throw notYetKnown('recording a transaction');
    if (found.voidedAt !== null) return 'voided';
    const isSame = typeof found.amount === 'string' && new Big(found.amount).eq(amount);
    const since = Number(found.amountAsOf ?? 0) - (amountAsOf ?? createdAt).getTime();
    // A table may keep whole seconds: of two amounts of one, the one that comes later is the newer.
    const isCurrent = isSame ? amountAsOf === null || since >= 0 : since > 0;
    if (!isCurrent) await this.#setAmount(document, amountAsOf ?? createdAt, patience);
    return 'recorded';
  }

  async #setAmount({ _id, amount }: Stored, amountAsOf: Date, patience: number): Promise<void> {
    const isOlder = { $or: [{ amountAsOf: null }, { amountAsOf: { $lte: amountAsOf } }] };
    await this.#write('recording an amount', patience, (collection, options) =>
      collection.updateOne({ _id, [HIDDEN]: null, ...isOlder }, { $set: { amount, amountAsOf } }, options),
    );
  }

  /**
   * Takes the key of an order's payment, so that one that is still on its way does not come.
   *
   * @returns `recorded` where it has come before
   * @throws {AppError} as {@link record} does
   */
  async takeKey(transaction: RecordedTransaction, patience = TIMINGS.ordering.call): Promise<'taken' | 'recorded'> {
    const what = 'cancelling a transaction';
    await eachUntilTaken(tombstonesOf(transaction), (tombstone) => this.#isInserted(what, tombstone, patience));
    const found = await this.#find(documentOf(transaction)._id, patience);
    if (found === null) throw notYetKnown(what);
    return found.voidedAt === null ? 'recorded' : 'taken';
  }

  /**
   * Deletes an order's transactions, whoever has written them.
   *
   * @param keepsKey whether the payment's key stays taken, because one that is still on its way may come later
   * @param keep of a repair: keeps them whole before
   * @throws {AppError} as {@link record} does
   */
  async deleteOf(
    transaction: RecordedTransaction,
    { keepsKey, keep = null }: { readonly keepsKey: boolean; readonly keep?: KeepTransactions | null },
    patience = TIMINGS.ordering.call,
  ): Promise<void> {
    const ofOrder = { ...readsAsOneOf('uuid', 'orderId', [transaction.orderId]), [HIDDEN]: null };
    await (keep === null
      ? this.#write('deleting transactions', patience, (collection, options) => collection.deleteMany(ofOrder, options))
      : this.#deleteKept(ofOrder, keep, patience));
    if (!keepsKey) return;
    await eachUntilTaken(tombstonesOf(transaction), ({ _id, ...rest }) =>
      this.#write('cancelling a transaction', patience, (collection, options) =>
        collection.replaceOne({ _id }, rest, { ...options, upsert: true }),
      ),
    );
  }

  /** Deletes what was kept, as it was kept; one that has come, or was changed, meanwhile is kept and deleted next. */
  async #deleteKept(ofOrder: Document, { keep, gone }: KeepTransactions, patience: number): Promise<void> {
    for (let rounds = 0; rounds < ROUNDS; rounds += 1) {
      const found = await findWhole(this.#mongo, transactions.from, ofOrder);
      if (found.length === 0) return;
      await keep(found);
      const deleted = await deleteExactly(this.#mongo, transactions.from, found, patience);
      if (deleted > 0) {
        gone();
        rounds = 0;
      }
    }
    throw writeRefused('deleting transactions', new Error('they change all the time'));
  }

  /** Gives keys free that tombstones hold. @throws {AppError} as {@link record} does */
  async dropTombstones(orderIds: readonly OrderId[]): Promise<void> {
    const keys = orderIds.map((id) => new ObjectId(paymentId(id)));
    await this.#write('removing tombstones', TIMINGS.ordering.call, (collection, options) =>
      collection.deleteMany({ _id: { $in: keys }, [HIDDEN]: { $ne: null } }, options),
    );
  }

  /** Whether two documents may have one `_id`, as far as was seen when the database was opened. */
  get mayDouble(): boolean {
    return this.#mongo.doublingOf(transactions.from) !== null;
  }

  /**
   * Refuses to begin what MongoDB would have to record once where two documents may have one `_id`.
   *
   * @throws {AppError} NOT_UNIQUE
   */
  refuseDoubling(what: string): void {
    const why = this.#mongo.doublingOf(transactions.from);
    if (why !== null) throw mayDouble(what, `${this.#mongo.nameOf(transactions.from)} is ${why}`);
  }

  /**
   * Whether a document is there now under its key, which was free. By an upsert, for that is what a server refuses where
   * two documents may have one `_id`; an insert it would take twice.
   *
   * @throws {AppError} NOT_UNIQUE where the server refuses that; else as {@link record} does
   */
  async #isInserted(what: string, { _id, ...rest }: Insertable, patience: number): Promise<boolean> {
    const upsert = { $setOnInsert: rest };
    try {
      return await this.#write(what, patience, async (collection, options) => {
        try {
          const { upsertedCount } = await collection.updateOne({ _id }, upsert, { ...options, upsert: true });
          return upsertedCount > 0;
        } catch (error) {
          // Another document under a key that people's own index guards is a refusal.
          if (takenField(error) !== '_id') throw error;
          return false;
        }
      });
    } catch (error) {
      if (!isAppError(error, 'WRITE_REFUSED') || !isDoublingRefused(error.cause)) throw error;
      throw mayDouble(
        what,
        `${this.#mongo.nameOf(transactions.from)} may hold two documents of one "_id"`,
        error.cause,
      );
    }
  }

  /** The payment as the majority knows it. */
  async #find(_id: Stored['_id'], patience: number) {
    const document = await this.#mongo.run(
      (db, { maxTimeMS, signal }) =>
        this.#collection(db).findOne(
          { _id },
          { readPreference: 'primary', readConcern: 'majority', maxTimeMS, signal },
        ),
      patience,
    );
    if (document === null) return null;
    const { amount, amountAsOf = null, voidedAt = null } = document as Partial<Stored>;
    return { amount: fromStored('decimal', amount), amountAsOf, voidedAt };
  }

  #collection(db: mongoose.mongo.Db): Collection {
    return db.collection(this.#mongo.nameOf(transactions.from));
  }

  /** What the server refuses for whatever reason was not written. */
  async #write<T>(
    what: string,
    patience: number,
    work: (collection: Collection, options: ReturnType<typeof majority>) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#mongo.write(what, (db) => work(this.#collection(db), majority(patience)), patience);
    } catch (error) {
      if (error instanceof AppError || !(error instanceof mongoose.mongo.MongoServerError)) throw error;
      throw writeRefused(what, error);
    }
  }
}

interface Stored {
  readonly _id: mongoose.mongo.BSON.ObjectId;
  readonly userId: mongoose.mongo.BSON.ObjectId;
  readonly orderId: string;
  readonly amount: mongoose.mongo.BSON.Decimal128;
  readonly createdAt: Date;
  readonly amountAsOf?: Date | null;
  readonly voidedAt?: Date | null;
}

function documentOf({ orderId, userId, amount, createdAt, amountAsOf }: RecordedTransaction): Stored {
  return {
    _id: new ObjectId(paymentId(orderId)),
    userId: new ObjectId(userId),
    orderId,
    amount: Decimal128.fromString(amount),
    createdAt,
    ...(amountAsOf === null ? {} : { amountAsOf }),
  };
}

function mayDouble(what: string, why: string, cause?: unknown): AppError {
  const message =
    `${why}, so ${what} once cannot be promised; nothing was written: keep transactions in a plain collection, ` +
    'or one that is sharded by "_id"';
  return new AppError('NOT_UNIQUE', message, { cause });
}

/** What takes a key: as little as can be, and where the collection has rules of its own, what they may ask for. */
function tombstonesOf(transaction: RecordedTransaction): readonly Pick<Stored, '_id' | 'voidedAt'>[] {
  const document = documentOf(transaction);
  const tombstone = { _id: document._id, [HIDDEN]: new Date() };
  return [tombstone, { ...document, ...tombstone }];
}

async function eachUntilTaken<T>(tombstones: readonly T[], take: (tombstone: T) => Promise<unknown>): Promise<void> {
  for (const [at, tombstone] of tombstones.entries()) {
    try {
      await take(tombstone);
      return;
    } catch (error) {
      if (!isAppError(error, 'WRITE_REFUSED') || at === tombstones.length - 1) throw error;
    }
  }
}

/** Where an answer came from a server that may lose its place, and what it has written with it. */
function notYetKnown(what: string): AppError {
  return outcomeUnknown(what, new Error('it is not known to the majority'));
}
