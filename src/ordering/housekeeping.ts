import type { OrderId } from '../domains/order/order.source.js';
import { jobStates } from '../platform/jobs/job-queue.js';
import { jobSchema } from '../platform/jobs/job-schema.js';
import { quoted } from '../platform/postgres/columns.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { addOrderJob, HAS_JOB, orderJobKey } from './order-job.js';
import { addUserJob, userJobKey } from './user-job.js';
import { DELETIONS, isUnfinished, KEYS, TOMBSTONES } from '../platform/postgres/own-tables.js';
import type { TransactionRepository } from './transaction.repository.js';

/** How long a write can be on its way to MongoDB at most, in hours, and a tombstone so long in its place. */
const TOMBSTONE_HOURS = 1;

/** Rows in one statement. */
const BATCH = 1_000;

/** Orders that are read at once. */
const STRETCH = 5_000;

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
  async run(stopping?: AbortSignal): Promise<void> {
    await this.#delete(KEYS, '"outcome" IS NOT NULL AND "createdAt"', this.#keyRetention);
    await this.#delete(DELETIONS, '"deletedAt"', TOMBSTONE_HOURS);
    await this.#dropTombstones();
    await this.#write(forgetSuperseded(this.#postgres.schema));
    await this.#write(forgottenDeletions(this.#postgres.schema));
    // At once after a start, for that is when something may have been lost.
    const isDue = this.#rounds % ROUNDS === 0;
    this.#rounds += 1;
    if (isDue) await this.#findForgotten(stopping);
  }

  /** Stretch by stretch, for there may be more orders than one statement can read in its time. */
  async #findForgotten(stopping: AbortSignal | undefined): Promise<void> {
    const sql = forgottenOrders(this.#postgres.schema);
    let last: unknown = null;
    while (stopping?.aborted !== true) {
      const [stretch] = await this.#write(sql, last);
      if (Number(stretch?.['orders']) < STRETCH) return;
      last = stretch?.['last'];
    }
  }

  #write(sql: string, ...parameters: unknown[]): Promise<Record<string, unknown>[]> {
    return this.#postgres.write('looking for jobs', (prisma) => prisma.$queryRawUnsafe(sql, ...parameters));
  }

  async #delete(table: string, condition: string, hours: number): Promise<void> {
    const old = `SELECT ctid FROM ${table} WHERE ${condition} < clock_timestamp() - make_interval(hours => $1::int)`;
    let deleted: number;
    do {
      deleted = await this.#postgres.write('removing old rows', (prisma) =>
        prisma.$executeRawUnsafe(`DELETE FROM ${table} WHERE ctid = ANY(ARRAY(${old} LIMIT ${BATCH}))`, hours),
      );
    } while (deleted === BATCH);
  }

  async #dropTombstones(): Promise<void> {
    const rows = await this.#postgres.query(
      `SELECT "orderId"::text AS "orderId" FROM ${TOMBSTONES}
       WHERE "createdAt" < clock_timestamp() - make_interval(hours => $1::int) LIMIT ${BATCH}`,
      TOMBSTONE_HOURS,
    );
    if (rows.length === 0) return;
    const ids = rows.map(({ orderId }) => String(orderId) as OrderId);
    await this.#transactions.dropTombstones(ids);
    await this.#postgres.write('removing tombstones', (prisma) =>
      prisma.$executeRawUnsafe(`DELETE FROM ${TOMBSTONES} WHERE "orderId" = ANY($1::uuid[])`, ids),
    );
  }
}

/** Jobs that have another in their place, and failed all the same: they are kept for nobody. */
function forgetSuperseded(schema: string): string {
  return `SELECT count(*) FROM ${quoted(jobSchema(schema))}.complete_jobs(
    ARRAY(SELECT "id" FROM ${jobStates(schema)} AS "states" WHERE "state" = 'superseded' LIMIT ${BATCH}))`;
}

/**
 * Orders for which something is to be done, and nobody will: their job was removed by somebody who took it for another, a
 * process that went on after it was frozen, or a person.
 */
function forgottenOrders(schema: string): string {
  const id = '"stretch"."id"';
  return `
    WITH "stretch" AS MATERIALIZED (
      SELECT "id", ${HAS_JOB} AS "hasJob" FROM "orders"
      WHERE $1::uuid IS NULL OR "id" > $1::uuid ORDER BY "id" LIMIT ${STRETCH}),
    "jobs" AS (
      SELECT ${addOrderJob(schema, id, 0)} FROM "stretch" WHERE "hasJob" AND ${hasNone(schema, orderJobKey(id))})
    SELECT (SELECT count(*)::int FROM "stretch") AS "orders", (SELECT count(*)::int FROM "jobs") AS "jobs",
      (SELECT "id"::text FROM "stretch" ORDER BY "stretch"."id" DESC LIMIT 1) AS "last"`;
}

/** Enqueues the job of each deletion that has none: until it ends no order is created for the user, or copies stay. */
function forgottenDeletions(schema: string): string {
  const userId = '"deletions"."userId"';
  return `
    SELECT count(${addUserJob(schema, userId, 0)})::int AS "jobs" FROM ${DELETIONS} AS "deletions"
    WHERE ${isUnfinished()} AND ${hasNone(schema, userJobKey(userId))}`;
}

function hasNone(schema: string, key: string): string {
  return `NOT EXISTS (SELECT FROM ${quoted(jobSchema(schema))}."jobs" WHERE "jobs"."key" = ${key})`;
}
