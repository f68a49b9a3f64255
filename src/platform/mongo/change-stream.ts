import type mongoose from 'mongoose';
import { before, clusterTimeOf, timeOfToken, timestampOf, type ClusterTime } from './cluster-time.js';
import type { Document } from './document.js';
import type { MongoDatabase } from './mongo.js';
import { unavailable } from './mongo-errors.js';
import { CURSOR_OPTIONS, sessionOf, type Reply } from './session.js';
import { TIMINGS } from '../timings.js';

/** A change of one document, or the end of the whole collection. */
export type Change =
  | { readonly kind: 'document'; readonly key: unknown; readonly at: ClusterTime }
  /** The collection was dropped, or has another name. */
  | { readonly kind: 'gone'; readonly how: string; readonly at: ClusterTime };

/** What tells one change in MongoDB's history from all others. */
export interface ChangeMark {
  readonly token: unknown;
  readonly at: ClusterTime;
}

/** What a stream has given at once; nothing is missing between it and what it has given before. */
export interface Changes {
  readonly changes: readonly Change[];
  /** Where the stream goes on behind them. */
  readonly token: unknown;
  /** The last of them; undefined where there is none. */
  readonly lastChange: ChangeMark | undefined;
  /** All changes up to here have been given; null where the server does not say. */
  readonly coveredTo: ClusterTime | null;
}

/** Changes at once. */
const BATCH = 1_000;

/** What is read of a change: documents are read by whoever wants them, as they are then. So no event is too large. */
const PROJECTION = { operationType: 1, clusterTime: 1, documentKey: 1, txnNumber: 1 };

const DOCUMENT_CHANGES = new Set(['insert', 'update', 'replace', 'delete']);

/** Where a stream begins: behind a token, or at a moment, whose changes it gives, too. */
export type StreamStart = { readonly startAfter: unknown } | { readonly startAt: ClusterTime };

interface Event {
  readonly _id: unknown;
  readonly operationType: string;
  readonly clusterTime: unknown;
  readonly documentKey?: { readonly _id: unknown };
  readonly txnNumber?: unknown;
}

interface StreamCursor {
  readonly id: { isZero(): boolean };
  readonly firstBatch?: readonly Event[];
  readonly nextBatch?: readonly Event[];
  readonly postBatchResumeToken?: unknown;
}

/**
 * The changes of a collection, by commands of our own: the driver's stream goes on by itself after a failure, from a place
 * that it keeps in memory, and does not say how far an idle one has come.
 */
export class ChangeStream implements AsyncDisposable {
  readonly #mongo: MongoDatabase;
  readonly #collection: string;
  readonly #session: mongoose.mongo.ClientSession;
  readonly #stopping: AbortSignal;
  #cursor: StreamCursor;
  #lastEvent: Event | undefined;
  #isFirst = true;
  #isAtPresent = false;
  /** Whether tokens tell their time as we read it; until an event has shown the contrary. */
  #tokensTell = true;

  private constructor(
    mongo: MongoDatabase,
    collection: string,
    parts: { session: mongoose.mongo.ClientSession; cursor: StreamCursor; stopping: AbortSignal },
  ) {
    this.#mongo = mongo;
    this.#collection = collection;
    this.#session = parts.session;
    this.#cursor = parts.cursor;
    this.#stopping = parts.stopping;
  }

  /**
   * Opens a stream.
   *
   * @param stopping ends it where it waits
   * @param batchSize changes in the first answer
   * @throws {AppError} MONGO_UNAVAILABLE; the driver's error when the server refuses: its oplog has forgotten that time
   * (286), has no such change (280), or the token is none
   */
  static async open(
    mongo: MongoDatabase,
    collection: string,
    start: StreamStart,
    stopping: AbortSignal,
    batchSize = BATCH,
  ): Promise<ChangeStream> {
    const session = sessionOf(mongo);
    const options = 'startAt' in start ? { startAtOperationTime: timestampOf(start.startAt) } : start;
    try {
      const command = {
        aggregate: collection,
        pipeline: [{ $changeStream: options }, { $project: PROJECTION }],
        cursor: { batchSize },
        maxTimeMS: TIMINGS.userSync.catchUp,
        readConcern: { level: 'majority' },
      };
      const { cursor } = await run(mongo, session, command, TIMINGS.userSync.catchUp, stopping);
      return new ChangeStream(mongo, collection, { session, cursor, stopping });
    } catch (error) {
      await session.endSession();
      throw error;
    }
  }

  /**
   * What has changed since the last call; nothing where nothing changes for so many milliseconds.
   *
   * @throws {AppError} MONGO_UNAVAILABLE; the driver's error when the stream cannot go on
   */
  async next(wait: number): Promise<Changes> {
    const events = await this.#read(wait, BATCH);
    const last = events.at(-1);
    this.#lastEvent = last ?? this.#lastEvent;
    const token = this.#cursor.postBatchResumeToken ?? last?._id;
    this.#isAtPresent ||= events.length < BATCH;
    return {
      changes: events.flatMap((event) => this.#changeOf(event)),
      token,
      lastChange: last === undefined ? undefined : { token: last._id, at: clusterTimeOf(last.clusterTime) },
      coveredTo: this.#coveredTo(token, events.length),
    };
  }

  /**
   * Whether MongoDB's history has a change; one that runs from a back-up may lack it. (A stream that is opened behind the
   * token of a change that is not there finds that out with the next change, which may take long.)
   *
   * @throws as {@link open} does; 286 when the history does not reach back to it; MONGO_UNAVAILABLE when it does not come
   * to that time for a while
   */
  static async hasChange(
    mongo: MongoDatabase,
    collection: string,
    { token, at }: ChangeMark,
    stopping: AbortSignal,
  ): Promise<boolean> {
    await using stream = await ChangeStream.open(mongo, collection, { startAt: at }, stopping, 1);
    const until = performance.now() + TIMINGS.userSync.history;
    for (;;) {
      const [event] = await stream.#read(TIMINGS.userSync.historyWait, 1);
      if (event !== undefined && dataOf(event._id) === dataOf(token)) return true;
      const lookedTo =
        event === undefined ? timeOfToken(stream.#cursor.postBatchResumeToken) : clusterTimeOf(event.clusterTime);
      if (lookedTo !== null && lookedTo > at) return false;
      // A new primary may not be there yet, and a router may give nothing for a while.
      if (performance.now() > until) throw unavailable(undefined);
    }
  }

  /** Whether the server has ended it: after the collection was dropped, or given another name. */
  get hasEnded(): boolean {
    return this.#cursor.id.isZero();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { id } = this.#cursor;
    const kill = { killCursors: this.#collection, cursors: [id] };
    if (!id.isZero()) await run(this.#mongo, this.#session, kill, TIMINGS.userSync.answer).catch(() => undefined);
    await this.#session.endSession();
  }

  async #read(wait: number, batchSize: number): Promise<readonly Event[]> {
    if (!this.#isFirst) {
      const command = {
        getMore: this.#cursor.id,
        collection: this.#collection,
        batchSize,
        maxTimeMS: Math.max(wait, 1),
      };
      const patience = wait + (this.#isAtPresent ? TIMINGS.userSync.answer : TIMINGS.userSync.catchUp);
      ({ cursor: this.#cursor } = await run(this.#mongo, this.#session, command, patience, this.#stopping));
    }
    this.#isFirst = false;
    return this.#cursor.firstBatch ?? this.#cursor.nextBatch ?? [];
  }

  #changeOf({ _id, operationType, clusterTime, documentKey }: Event): Change[] {
    const at = clusterTimeOf(clusterTime);
    if (timeOfToken(_id) !== at) this.#tokensTell = false;
    if (DOCUMENT_CHANGES.has(operationType)) return [{ kind: 'document', key: documentKey?._id, at }];
    return ['drop', 'dropDatabase', 'rename', 'invalidate'].includes(operationType)
      ? [{ kind: 'gone', how: operationType, at }]
      : [];
  }

  /**
   * A token of an event is of that one's time. The stream is through with that time when there was no more to be given, and
   * no transaction has several changes in it: so have, since MongoDB 8, documents that are inserted at once; or when
   * nothing has come behind it. Any other token is of the last entry of MongoDB's log that was looked at, without a change.
   */
  #coveredTo(token: unknown, given: number): ClusterTime | null {
    const event = this.#lastEvent;
    if (event === undefined || dataOf(event._id) !== dataOf(token)) return this.#tokensTell ? timeOfToken(token) : null;
    const at = clusterTimeOf(event.clusterTime);
    const isOver = given === 0 || (given < BATCH && event.txnNumber === undefined);
    return isOver ? at : before(at);
  }
}

function dataOf(token: unknown): unknown {
  return (token as { _data?: unknown } | null | undefined)?._data;
}

function run(
  mongo: MongoDatabase,
  session: mongoose.mongo.ClientSession,
  command: Document,
  patience: number,
  signal?: AbortSignal,
): Promise<Reply<StreamCursor>> {
  const options = { session, ...CURSOR_OPTIONS, ...(signal === undefined ? {} : { signal }) };
  return mongo.run((db) => db.command(command, options) as Promise<unknown> as Promise<Reply<StreamCursor>>, patience);
}
