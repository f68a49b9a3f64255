import type { OrderId } from '../domains/order/order.source.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { TransactionRepository } from './transaction.repository.js';

/** How long a write can be on its way to MongoDB at most, in hours, and a tombstone so long in its place. */
const TOMBSTONE_HOURS = 1;

/** Rows in one statement. */
const BATCH = 1_000;

/** Removes what the protocol needs no more. What is left undone is done the next time. */
export class OrderingHousekeeping {
  readonly #postgres: PostgresDatabase;
  readonly #transactions: TransactionRepository;
  readonly #keyRetention: number;

  /** @param parts.keyRetention how long answers are kept, in hours */
  constructor(parts: { postgres: PostgresDatabase; transactions: TransactionRepository; keyRetention: number }) {
    this.#postgres = parts.postgres;
    this.#transactions = parts.transactions;
    this.#keyRetention = parts.keyRetention;
  }

  /** @throws {AppError} when a database is away */
  async run(): Promise<void> {
    await this.#delete('tandem_idempotency_keys', '"outcome" IS NOT NULL AND "createdAt"', this.#keyRetention);
    await this.#delete('tandem_user_deletions', '"deletedAt"', TOMBSTONE_HOURS);
    await this.#dropTombstones();
  }

  async #delete(table: string, condition: string, hours: number): Promise<void> {
    const old = `SELECT ctid FROM "${table}" WHERE ${condition} < clock_timestamp() - make_interval(hours => $1::int)`;
    let deleted: number;
    do {
      deleted = await this.#postgres.write('old rows were removed', (prisma) =>
        prisma.$executeRawUnsafe(`DELETE FROM "${table}" WHERE ctid = ANY(ARRAY(${old} LIMIT ${BATCH}))`, hours),
      );
    } while (deleted === BATCH);
  }

  async #dropTombstones(): Promise<void> {
    const rows = await this.#postgres.query(
      `SELECT "orderId"::text AS "orderId" FROM "tandem_tombstones"
       WHERE "createdAt" < clock_timestamp() - make_interval(hours => $1::int) LIMIT ${BATCH}`,
      TOMBSTONE_HOURS,
    );
    if (rows.length === 0) return;
    const ids = rows.map(({ orderId }) => String(orderId) as OrderId);
    await this.#transactions.dropTombstones(ids);
    await this.#postgres.write('tombstones were forgotten', (prisma) =>
      prisma.$executeRawUnsafe('DELETE FROM "tandem_tombstones" WHERE "orderId" = ANY($1::uuid[])', ids),
    );
  }
}
