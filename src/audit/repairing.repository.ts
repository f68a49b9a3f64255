import type mongoose from 'mongoose';
import type { UserCopyRepository } from '../copies/user-copy.repository.js';
import type { UserSnapshots } from '../copies/user-snapshot.repository.js';
import { transactions, type Transaction } from '../domains/transaction/transaction.source.js';
import { users, type UserId } from '../domains/user/user.source.js';
import { normalizeKey } from '../join/key.js';
import type { SourceReader } from '../join/reader.js';
import { allFields, KEY } from '../join/source.js';
import { addOrderJob } from '../ordering/order-job.js';
import { paymentId } from '../ordering/payment-id.js';
import { visible } from '../platform/mongo/filter.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { estimatedCount } from '../platform/mongo/standing.js';
import { readsAsOneOf } from '../platform/mongo/stored-forms.js';
import { theKey } from '../platform/mongo/one-document.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';

export interface RepairingParts {
  readonly postgres: PostgresDatabase;
  readonly mongo: MongoDatabase;
  readonly mongoPrimary: Pick<SourceReader, 'findByKeys'>;
  readonly snapshots: UserSnapshots;
  readonly copies: UserCopyRepository;
}

/** What is written to mend single rows. Each can be made again, and does nothing where there is nothing to be mended. */
export class Repairing {
  readonly #parts: RepairingParts;

  constructor(parts: RepairingParts) {
    this.#parts = parts;
  }

  /** Whether there is any user. @throws {AppError} MONGO_UNAVAILABLE */
  async hasUsers(): Promise<boolean> {
    const { mongo } = this.#parts;
    return (await estimatedCount(mongo, mongo.nameOf(users.from))) > 0;
  }

  /** Whether there is any order. @throws {AppError} POSTGRES_UNAVAILABLE */
  async hasOrders(): Promise<boolean> {
    const [row] = await this.#parts.postgres.query('SELECT EXISTS (SELECT FROM "orders") AS "isThere"');
    return row?.['isThere'] === true;
  }

  /** An order, for the log. @throws {AppError} POSTGRES_UNAVAILABLE */
  async order(id: string): Promise<object | null> {
    const [row] = await this.#parts.postgres.query(
      `SELECT to_jsonb("orders") - 'userName' - 'userEmail' AS "order" FROM "orders" WHERE "id" = $1::uuid`,
      id,
    );
    return (row?.['order'] as object | undefined) ?? null;
  }

  /** A transaction, for the log. @throws {AppError} MONGO_UNAVAILABLE */
  async transaction(id: string): Promise<object | null> {
    if (normalizeKey('objectId', id) === null) return null;
    const found = await this.#parts.mongoPrimary.findByKeys<Transaction>(
      transactions,
      KEY,
      [id],
      allFields(transactions),
      null,
    );
    return found[0] ?? null;
  }

  /** A copy of a user, for the log. @throws {AppError} POSTGRES_UNAVAILABLE */
  async copy(userId: string): Promise<object | null> {
    const [row] = await this.#parts.postgres.query(
      'SELECT "sourceVersion", "deletedAt", "emailConflict", "syncProblem" FROM "users" WHERE "mongoId" = $1::text',
      userId,
    );
    return row ?? null;
  }

  /**
   * Deletes a transaction that names an order that is not there, in whichever form its id is stored.
   *
   * @param orderId as the transaction names it
   * @returns whether it was there
   * @throws {AppError} NOT_UNIQUE where several transactions have the id; MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY;
   * OUTCOME_UNKNOWN
   */
  async deleteTransaction(id: string, orderId: string | null): Promise<boolean> {
    const { mongo } = this.#parts;
    const _id = (await theKey(mongo, transactions, id)) as mongoose.mongo.ObjectId | null;
    if (_id === null) return false;
    const key = normalizeKey('uuid', orderId);
    const ofOrder = key === null ? {} : readsAsOneOf('uuid', 'orderId', [key]);
    const { deletedCount } = await mongo.write('deleting a transaction', (db, { maxTimeMS }) =>
      db
        .collection(mongo.nameOf(transactions.from))
        .deleteOne(
          { ...visible(transactions), ...ofOrder, _id },
          { writeConcern: { w: 'majority', wtimeoutMS: maxTimeMS }, maxTimeMS },
        ),
    );
    return deletedCount > 0;
  }

  /**
   * Makes a worker bring the transaction that Tandem has recorded of an order in line with the order.
   *
   * @returns false where it is none of those
   * @throws {AppError} POSTGRES_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async settle(transactionId: string, orderId: string | null): Promise<boolean> {
    const key = normalizeKey('uuid', orderId);
    if (key === null || transactionId !== paymentId(key)) return false;
    const { postgres } = this.#parts;
    const rows = await postgres.write<object[]>('settling an order again', (prisma) =>
      prisma.$queryRawUnsafe(
        `WITH "order" AS (
           UPDATE "orders" SET "transactionState" = 'PENDING'
           WHERE "id" = $1::uuid AND "transactionState" = 'RECORDED' AND "unfinished" IS NULL RETURNING "id")
         SELECT ${addOrderJob(postgres.schema, '"id"', 0)} FROM "order"`,
        key,
      ),
    );
    return rows.length > 0;
  }

  /**
   * Copies a user anew, or marks the copy of one who is gone. A copy that was changed by somebody else says that it is as
   * late as it was before: that is not believed.
   *
   * @throws {AppError} MONGO_UNAVAILABLE, POSTGRES_UNAVAILABLE, SYNC_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async relink(userId: string): Promise<void> {
    const { postgres, snapshots, copies } = this.#parts;
    const snapshot = await snapshots.ofIds([userId as UserId]);
    await postgres.write('copying a user anew', (prisma) =>
      prisma.$executeRawUnsafe(
        `UPDATE "users" SET "sourceVersion" = NULL WHERE "mongoId" = $1::text AND "sourceVersion" <= $2::text`,
        userId,
        snapshot.at,
      ),
    );
    await copies.write(snapshot);
  }
}
