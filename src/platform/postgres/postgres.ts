import { setImmediate } from 'node:timers/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Logger } from 'pino';
import { connectionConfig } from './connection.js';
import { PrismaClient } from './generated/client.js';
import { translated, translatedWrite } from './postgres-errors.js';
import { outsideDeadline, untilDeadline } from '../deadline.js';
import { whetherSent } from '../statements.js';
import { RecordingPool } from './recording-pool.js';
import { TIMINGS } from '../timings.js';

export interface PostgresOptions {
  readonly url: string;
  readonly logger: Logger;
  /** Connections at most. */
  readonly poolSize?: number;
  /** How the connections call themselves in `pg_stat_activity`. */
  readonly applicationName?: string;
}

/** A statement with its parameters, which are bound, never spliced. */
export interface Sql {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** PostgreSQL through Prisma. Connections are opened when they are needed; closing waits for those in use. */
export class PostgresDatabase implements AsyncDisposable {
  readonly #pool: RecordingPool;
  readonly #prisma: PrismaClient;
  /** Where new tables are made, and Prisma's lie. */
  readonly schema: string;

  private constructor(pool: RecordingPool, schema: string) {
    this.#pool = pool;
    this.schema = schema;
    this.#prisma = new PrismaClient({
      adapter: new PrismaPg(pool, { schema }),
      errorFormat: 'minimal',
      transactionOptions: {
        maxWait: TIMINGS.postgres.poolWait,
        timeout: TIMINGS.postgres.statement + TIMINGS.postgres.poolWait,
      },
    });
  }

  /** @throws {AppError} POSTGRES_UNAVAILABLE when the server does not answer; the driver's error when it refuses us */
  static async open({
    url,
    logger,
    poolSize = 10,
    applicationName = 'tandem',
  }: PostgresOptions): Promise<PostgresDatabase> {
    const pool = new RecordingPool({
      ...connectionConfig(url),
      max: poolSize,
      application_name: applicationName,
      connectTimeout: TIMINGS.postgres.connect,
      connectionTimeoutMillis: TIMINGS.postgres.poolWait,
      statement_timeout: TIMINGS.postgres.statement,
      // The server's own limit does not help when the server is out of reach.
      query_timeout: TIMINGS.postgres.statement + 1_000,
      keepAlive: true,
    });
    // An idle connection that breaks is no fault of a request; unheard, the event would end the process. One that we are
    // closing is no loss: a server that shuts down at the same time may say so before it hears of our end.
    pool.on('error', (error) => {
      if (!pool.ending) logger.warn({ error: error.message }, 'an idle PostgreSQL connection broke');
    });
    try {
      // Prisma names the schema in what it writes; our reads go by the search path. Both mean the same tables so.
      const { rows } = await pool.query<{ schema: string | null }>('SELECT current_schema() AS schema');
      const schema = rows[0]?.schema ?? null;
      if (schema === null)
        throw new Error('the schema of ?schema=, or of the search_path, is not there: CREATE SCHEMA ...');
      return new PostgresDatabase(pool, schema);
    } catch (error) {
      await pool.end();
      throw translated(error);
    }
  }

  /**
   * Runs `work` with Prisma's client.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE when the database does not answer; any other error as it comes. A write
   * that ends in one of them may still have been done. The reason of the caller's deadline, where there is one.
   */
  async run<T>(work: (prisma: PrismaClient) => Promise<T>): Promise<T> {
    try {
      return await untilDeadline(() => work(this.#prisma));
    } catch (error) {
      throw translated(error);
    }
  }

  /**
   * Runs `work` that writes. A deadline ends the waiting for it, never the work.
   *
   * @param what is going on, for the message: `creating order ORD-1`
   * @throws {AppError} POSTGRES_UNAVAILABLE and WRITE_REFUSED when nothing was written; OUTCOME_UNKNOWN when the
   * connection broke in the middle, so that it may have been. Any other error, a unique violation too, as it comes
   */
  write<T>(what: string, work: (prisma: PrismaClient) => Promise<T>): Promise<T> {
    const run = () =>
      whetherSent(
        () => this.run(work),
        (error, sent) => translatedWrite(what, error, sent),
      );
    return untilDeadline(() => outsideDeadline(run));
  }

  /**
   * Runs statements in one transaction, one after the other, and gives the rows of each.
   *
   * @param what is going on, for the message: `creating order ORD-1`
   * @throws {AppError} as {@link write} does; of a transaction that fails nothing is left
   */
  async transaction(what: string, statements: readonly Sql[]): Promise<Record<string, unknown>[][]> {
    // Prisma sends all transactions that begin in one tick as if the first had asked: whether the others were sent could
    // not be told. Between two of these there is a tick.
    await setImmediate();
    return this.write(what, (prisma) =>
      prisma.$transaction(
        statements.map(({ sql, parameters }) => prisma.$queryRawUnsafe<Record<string, unknown>[]>(sql, ...parameters)),
      ),
    );
  }

  /** Runs one statement that reads. Parameters are bound, never spliced. */
  query(sql: string, ...parameters: unknown[]): Promise<Record<string, unknown>[]> {
    return this.run((prisma) => prisma.$queryRawUnsafe(sql, ...parameters));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#prisma.$disconnect();
    await this.#pool.end();
  }
}
