import type { OrderId } from '../domains/order/order.source.js';
import { jobStates } from '../platform/jobs/job-queue.js';
import { jobSchema } from '../platform/jobs/job-schema.js';
import { addJob } from '../platform/jobs/job-sql.js';
import { quoted } from '../platform/postgres/columns.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { SETTLE_ORDER } from './protocol.js';
import type { TransactionRepository } from './transaction.repository.js';

/** How long a write can be on its way to MongoDB at most, in hours, and a tombstone so long in its place. */
const TOMBSTONE_HOURS = 1;

/** Rows in one statement. */
const BATCH = 1_000;

/** In how many rounds those that nobody works on are looked for once: all orders are read for it. */
const ROUNDS = 10;

/** Removes what the protocol needs no more, and finds what it has lost. What is left undone is done the next time. */
export class OrderingHousekeeping {
  readonly #postgres: PostgresDatabase;
  readonly #transactions: TransactionRepository;
  readonly #keyRetention: number;
  #rounds = 0;

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
    await this.#postgres.query(forgetSuperseded(this.#postgres.schema));
    // At once after a start, for that is when something may have been lost.
    if (this.#rounds % ROUNDS === 0) await this.#postgres.query(findForgotten(this.#postgres.schema));
    this.#rounds += 1;
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

/** Jobs that have another in their place, and failed all the same: they are kept for nobody. */
function forgetSuperseded(schema: string): string {
  return `SELECT count(*) FROM ${quoted(jobSchema(schema))}.complete_jobs(
    ARRAY(SELECT "id" FROM ${jobStates(schema)} AS "states" WHERE "state" = 'superseded' LIMIT ${BATCH}))`;
}

/**
 * Orders for which something is to be done, and nobody will: a worker that was frozen while its job was given to others
 * takes with it, when it goes on, the job that has come under the same id.
 */
function findForgotten(schema: string): string {
  const key = `'order ' || "orders"."id"::text`;
  const job = { task: SETTLE_ORDER, key, payload: `json_build_object('orderId', "orders"."id")`, delay: 0 };
  return `SELECT count(${addJob(schema, job)}) FROM "orders"
    WHERE ("unfinished" IS NOT NULL OR "transactionState" IN ('PENDING', 'FAILED'))
      AND NOT EXISTS (SELECT FROM ${quoted(jobSchema(schema))}."jobs" WHERE "jobs"."key" = ${key})`;
}
