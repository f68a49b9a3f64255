import mongoose from 'mongoose';
import { clusterTimeOf, type ClusterTime } from './cluster-time.js';
import { currentDeadline, outsideDeadline, untilDeadline } from '../deadline.js';
import { whetherSent } from '../statements.js';
import { doublings, type Doubling } from './doubling.js';
import { reportCommands } from './recording-commands.js';
import { translated, translatedWrite, unavailable } from './mongo-errors.js';
import { TIMINGS } from '../timings.js';

export interface MongoOptions {
  readonly url: string;
  /** Connections at most. */
  readonly poolSize?: number;
  /** How the connections call themselves in `$currentOp`. */
  readonly applicationName?: string;
  /** What collections are called there, by the name that their source has: `{ users: 'people' }`. */
  readonly collections?: Readonly<Record<string, string>> | undefined;
}

/** What every read passes on: the server stops by itself, and the caller stops waiting even where it does not. */
export interface ReadLimits {
  /** One answer in one batch: a second would be one more command. */
  readonly batchSize: number;
  readonly maxTimeMS: number;
  readonly signal: AbortSignal;
}

/** More than any read of ours asks for; what a batch holds is limited to 16 MB by the server anyway. */
const BATCH_SIZE = 100_000;

/** MongoDB through Mongoose. It reconnects by itself; while it cannot, commands fail after a second. */
export class MongoDatabase implements AsyncDisposable {
  /** For models, which belong to a connection. */
  readonly connection: mongoose.Connection;
  readonly #collections: ReadonlyMap<string, string>;
  readonly #doublings: ReadonlyMap<string, Doubling>;

  private constructor(
    connection: mongoose.Connection,
    collections: Readonly<Record<string, string>>,
    found: ReadonlyMap<string, Doubling>,
  ) {
    this.connection = connection;
    this.#doublings = found;
    this.#collections = new Map(Object.entries(collections));
  }

  /** @throws {AppError} MONGO_UNAVAILABLE when no server is found, or it wants a user. */
  static async open(options: MongoOptions): Promise<MongoDatabase> {
    const { url, poolSize = 20, applicationName = 'tandem', collections = {} } = options;
    const connection = mongoose.createConnection(url, {
      ...unlessGiven(url, {
        appName: applicationName,
        connectTimeoutMS: TIMINGS.mongo.connect,
        heartbeatFrequencyMS: TIMINGS.mongo.heartbeat,
        maxPoolSize: poolSize,
        serverSelectionTimeoutMS: TIMINGS.mongo.selection,
        waitQueueTimeoutMS: TIMINGS.mongo.poolWait,
      }),
      autoCreate: false,
      autoIndex: false,
      bufferCommands: false,
      monitorCommands: true,
    });
    let found: ReadonlyMap<string, Doubling> = new Map();
    try {
      await connection.asPromise();
      const { topology } = connection.getClient() as { topology?: { description?: { type?: string } } };
      const isSharded = topology?.description?.type === 'Sharded';
      // A server with users lets anybody connect, and refuses the first question.
      if (connection.db !== undefined) found = await doublings(connection.db, { isSharded });
      reportCommands(connection.getClient());
    } catch (error) {
      await connection.close();
      throw unavailable(error);
    }
    return new MongoDatabase(connection, collections, found);
  }

  /** The latest moment that the server has told of; null of a server without a replica set. */
  get seen(): ClusterTime | null {
    const { topology } = this.connection.getClient() as { topology?: { clusterTime?: { clusterTime: unknown } } };
    const time = topology?.clusterTime?.clusterTime;
    return time === undefined ? null : clusterTimeOf(time);
  }

  /** What the collection of a source is called in this database. */
  nameOf(collection: string): string {
    return this.#collections.get(collection) ?? collection;
  }

  /**
   * Why the collection of a source may hold two documents of one `_id`; null where it cannot. As it was when the database
   * was opened: what is to be written once has to be written so that the server refuses a second one.
   */
  doublingOf(collection: string): Doubling | null {
    return this.#doublings.get(this.nameOf(collection)) ?? null;
  }

  /**
   * Runs `work` with the driver's database.
   *
   * @param timeout how long the server may take, in milliseconds
   * @throws {AppError} MONGO_UNAVAILABLE when the database does not answer; any other error as it comes. A write that
   * ends in one of them may still have been done. The reason of the caller's deadline, where there is one.
   */
  async run<T>(
    work: (database: mongoose.mongo.Db, limits: ReadLimits) => Promise<T>,
    timeout = TIMINGS.mongo.command,
  ): Promise<T> {
    const { db } = this.connection;
    if (db === undefined) throw unavailable(undefined);
    const timeUp = new AbortController();
    const signal = eitherOf(timeUp.signal, currentDeadline());
    let timer: NodeJS.Timeout | undefined;
    // The driver takes a signal for reads only, and a write must not be waited for without end either.
    const ended = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new DOMException('MongoDB did not answer in time', 'TimeoutError');
        timeUp.abort(error);
        reject(error);
      }, timeout + 1_000);
    });
    try {
      const limits = { batchSize: BATCH_SIZE, maxTimeMS: timeout, signal };
      return await untilDeadline(() => Promise.race([work(db, limits), ended]));
    } catch (error) {
      throw translated(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The same for work that takes as long as it takes, of a command that a person waits for: creating an index.
   *
   * @throws {AppError} as {@link run} does
   */
  async runUnlimited<T>(work: (database: mongoose.mongo.Db) => Promise<T>): Promise<T> {
    const { db } = this.connection;
    if (db === undefined) throw unavailable(undefined);
    try {
      return await work(db);
    } catch (error) {
      throw translated(error);
    }
  }

  /**
   * Runs `work` that writes. A deadline ends the waiting for it, never the work.
   *
   * @param what is going on, for the message: `creating a user`
   * @param timeout how long the server may take, in milliseconds
   * @throws {AppError} MONGO_UNAVAILABLE and WRITE_REFUSED when nothing was written; OUTCOME_UNKNOWN when the connection
   * broke in the middle, so that it may have been. Any other error, a duplicate key too, as it comes
   */
  write<T>(
    what: string,
    work: (database: mongoose.mongo.Db, limits: ReadLimits) => Promise<T>,
    timeout = TIMINGS.mongo.command,
  ): Promise<T> {
    const run = () =>
      whetherSent(
        () => this.run(work, timeout),
        (error, sent) => translatedWrite(what, error, sent),
      );
    return untilDeadline(() => outsideDeadline(run));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.destroy();
  }
}

/** The driver ends a command's connection with its signal, and the server what the connection has asked for. */
function eitherOf(one: AbortSignal, other: AbortSignal | null): AbortSignal {
  return other === null ? one : AbortSignal.any([one, other]);
}

/** The driver lets its options win over the address; who has put one there has meant it. */
function unlessGiven(url: string, options: mongoose.ConnectOptions): mongoose.ConnectOptions {
  const given = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  return Object.fromEntries(Object.entries(options).filter(([name]) => !given.has(name)));
}
