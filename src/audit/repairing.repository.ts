import mongoose from 'mongoose';
import { writeRefused } from '../errors/app-error.js';
import type { UserCopyRepository } from '../copies/user-copy.repository.js';
import type { UserSnapshots } from '../copies/user-snapshot.repository.js';
import { transactions, type Transaction } from '../domains/transaction/transaction.source.js';
import type { OrderId } from '../domains/order/order.source.js';
import { users, type UserId } from '../domains/user/user.source.js';
import { normalizeKey } from '../join/key.js';
import type { SourceReader } from '../join/reader.js';
import { allFields, KEY } from '../join/source.js';
import { IS_ONE } from '../ordering/order-identity.js';
import { LOOKED_UP_ORDERS } from '../ordering/looked-up-tables.js';
import { addOrderJob } from '../ordering/order-job.js';
import { heldUserOf, keepingOrder, keptTransactions, type KeptRows, type RepairId } from '../ordering/kept-rows.js';
import { paymentId } from '../ordering/payment-id.js';
import { heldUser } from '../ordering/user-hold.js';
import { visible } from '../platform/mongo/filter.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { estimatedCount } from '../platform/mongo/standing.js';
import { readsAsOneOf } from '../platform/mongo/stored-forms.js';
import { deleteExactly, findWhole, type WholeDocument } from '../platform/mongo/whole-documents.js';
import { theKey } from '../platform/mongo/one-document.js';
import { KEPT_ROWS } from '../platform/postgres/own-tables.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { absenceUnproved, transactionSeeingAll } from '../platform/postgres/visible-rows.js';
import type { KeptCopies } from './kept-copies.js';

export interface RepairingParts {
  readonly postgres: PostgresDatabase;
  readonly mongo: MongoDatabase;
  readonly mongoPrimary: Pick<SourceReader, 'findByKeys'>;
  readonly snapshots: UserSnapshots;
  readonly copies: UserCopyRepository;
  readonly keptRows: KeptRows;
  readonly keptCopies: KeptCopies;
}

/** How often a transaction is looked at again that changes while it is being deleted. */
const LOOKS = 5;

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

  /**
   * Whether most members of MongoDB confirm that a user is not there, by now. What cannot be confirmed is not so.
   *
   * @param userId as an order names it
   */
  async isUserGone(userId: string | null): Promise<boolean> {
    const id = normalizeKey('objectId', userId);
    return id !== null && this.#parts.snapshots.isConfirmedGone(id as UserId).catch(() => false);
  }

  /**
   * Whether there is an order, hidden by the protocol or not.
   *
   * @param orderId as a transaction names it
   * @throws {AppError} ABSENCE_UNPROVED where orders may be hidden, or a standby answers; POSTGRES_UNAVAILABLE
   */
  async hasOrder(orderId: string | null): Promise<boolean> {
    const sql = `SELECT EXISTS (SELECT FROM "orders" WHERE "id" = $1::uuid) AS "isThere", pg_is_in_recovery() AS "isStandby"`;
    const look = { sql, parameters: [normalizeKey('uuid', orderId)] };
    const results = await transactionSeeingAll(
      this.#parts.postgres,
      'looking for an order',
      [LOOKED_UP_ORDERS],
      [look],
    );
    const row = results.at(-1)?.[0];
    if (row?.['isStandby'] !== false) throw absenceUnproved(LOOKED_UP_ORDERS.table);
    return row['isThere'] === true;
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
   * @param repairId the entry under which its document is kept whole; it is deleted only as it was kept
   * @throws {AppError} NOT_UNIQUE where several documents have the id; MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY;
   * POSTGRES_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async deleteTransaction(
    id: string,
    orderId: string | null,
    repairId: RepairId,
  ): Promise<'deleted' | 'absent' | 'changing'> {
    const { mongo, keptRows } = this.#parts;
    const key = normalizeKey('uuid', orderId);
    const ofOrder = key === null ? {} : readsAsOneOf('uuid', 'orderId', [key]);
    const what = 'deleting a transaction';
    // Shards and time series may hold several of one id, and so may a collection with ids of several types.
    await theKey(mongo, transactions, id);
    const filter = { ...visible(transactions), ...ofOrder, ...readsAsOneOf('objectId', '_id', [id]) };
    for (let looked = 0; looked < LOOKS; looked += 1) {
      const found = (await findWhole(mongo, transactions.from, filter)).slice(0, 1);
      if (found.length === 0) {
        // Another caller has deleted it: that is not for this run to undo.
        await keptRows.keepNothing(repairId);
        return 'absent';
      }
      await keptRows.keepTransactions(repairId, found);
      if ((await this.#deleteExactly(what, found)) > 0) return 'deleted';
    }
    await keptRows.keepNothing(repairId);
    return 'changing';
  }

  /** Deletes documents as they were kept. @throws {AppError} WRITE_REFUSED, too, by a time-series collection */
  async #deleteExactly(what: string, found: readonly WholeDocument[]): Promise<number> {
    try {
      return await deleteExactly(this.#parts.mongo, transactions.from, found);
    } catch (error) {
      throw error instanceof mongoose.mongo.MongoServerError ? writeRefused(what, error) : error;
    }
  }

  /**
   * Makes a worker bring the transaction that Tandem has recorded of an order in line with the order.
   *
   * @param repairId the entry under which the transaction and the order are kept whole before
   * @returns false where it is none of those
   * @throws {AppError} POSTGRES_UNAVAILABLE, MONGO_UNAVAILABLE, WRITE_REFUSED, READ_ONLY; OUTCOME_UNKNOWN
   */
  async settle(transactionId: string, orderId: string | null, repairId: RepairId): Promise<boolean> {
    const key = normalizeKey('uuid', orderId) as OrderId | null;
    if (key === null || transactionId !== paymentId(key)) return false;
    const { postgres, mongo, keptRows } = this.#parts;
    const documents = await findWhole(mongo, transactions.from, readsAsOneOf('objectId', '_id', [transactionId]));
    const condition = `"transactionState" = 'RECORDED' AND "unfinished" IS NULL`;
    const results = await postgres.transaction('settling an order again', [
      heldUserOf(key),
      keepingOrder(repairId, key, await keptRows.orders(), { condition, isGoing: false }),
      keptTransactions(repairId, documents),
      {
        sql: `
          WITH "order" AS (
            UPDATE "orders" SET "transactionState" = 'PENDING'
            WHERE "id" = $1::uuid AND ${IS_ONE} AND ${condition} AND EXISTS (
              SELECT FROM ${KEPT_ROWS} WHERE "repairId" = $2::uuid AND "place" = 'orders') RETURNING "id")
          SELECT ${addOrderJob(postgres.schema, '"id"', 0)} FROM "order"`,
        parameters: [key, repairId],
      },
    ]);
    const isSettled = (results.at(-1) ?? []).length > 0;
    if (!isSettled) await keptRows.keepNothing(repairId);
    return isSettled;
  }

  /**
   * Copies a user anew, or marks the copy of one who is gone. A copy that was changed by somebody else says that it is as
   * late as it was before: that is not believed.
   *
   * @param repairId the entry under which the rows that this changes are kept whole
   * @throws {AppError} MONGO_UNAVAILABLE, POSTGRES_UNAVAILABLE, SYNC_UNAVAILABLE; OUTCOME_UNKNOWN; ABSENCE_UNPROVED of a
   * user who may be gone, and may be there
   */
  async relink(userId: string, repairId: RepairId): Promise<void> {
    const { postgres, snapshots, copies, keptCopies } = this.#parts;
    const snapshot = await snapshots.ofIds([userId as UserId]);
    if (snapshot.unsure.length > 0) throw absenceUnproved(users.from);
    const kept = await keptCopies.keeping(repairId, userId, snapshot.users[0] ?? null);
    await postgres.transaction('copying a user anew', [
      heldUser(userId, 'shared'),
      ...kept.before,
      {
        sql: `UPDATE "users" SET "sourceVersion" = NULL WHERE "mongoId" = $1::text AND "sourceVersion" <= $2::text`,
        parameters: [userId, snapshot.at],
      },
    ]);
    await copies.write(snapshot);
    await postgres.transaction('keeping copies', kept.after);
  }
}
