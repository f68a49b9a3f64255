import { users } from '../domains/user/user.source.js';
import { isAppError } from '../errors/app-error.js';
import { after } from '../platform/mongo/cluster-time.js';
import { ChangeStream, type ChangeMark, type Changes } from '../platform/mongo/change-stream.js';
import { decodedKey, encodedKey } from '../platform/mongo/encoded-key.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { standingOf, uuidOf, type Standing } from '../platform/mongo/standing.js';
import { backfillBeginning } from './user-backfill.js';
import type { Leadership } from './leadership.js';
import { wordsOf } from './setbacks.js';

/** The stream cannot go on where it was: what happened meanwhile is to be found by a backfill. */
export class PositionLostError extends Error {
  /** Whether nothing need be wrong. */
  readonly isExpected: boolean;

  constructor(message: string, { isExpected = false, ...options }: ErrorOptions & { isExpected?: boolean } = {}) {
    super(message, options);
    this.isExpected = isExpected;
  }
}

/** There are no change streams, and so no copies. */
export class NoReplicaSetError extends Error {}

const NO_REPLICA_SET =
  'MongoDB is a single server without a replica set, which tells of no changes, so users are not copied to PostgreSQL; ' +
  'everything else works. A replica set of one member is enough: start mongod with --replSet rs0 and call rs.initiate()';

/** ChangeStreamHistoryLost, ChangeStreamFatalError, BSONObjectTooLarge, and tokens that are none. */
const LOST: ReadonlySet<unknown> = new Set([286, 280, 10334, 260]);

/** Of a server's that refuses us for who we are, or because it lacks something: a new stream would be refused as well. */
const NOT_THE_TOKEN: ReadonlySet<unknown> = new Set([13, 18, 40573]);

/** Copies as many versions as these at once. */
const STRETCH = 1_000;

/**
 * Opens the stream of the changes of users where the copy has come to, or, where that is not known, at the present and with
 * a backfill.
 *
 * @param stopping ends the wait for MongoDB
 * @throws {PositionLostError} when MongoDB does not go on from there, or is not what it was
 * @throws {NoReplicaSetError}
 */
export async function openUserStream(
  leader: Leadership,
  mongo: MongoDatabase,
  stopping: AbortSignal,
): Promise<ChangeStream> {
  const collection = mongo.nameOf(users.from);
  const standing = await standingOf(mongo);
  if (!standing.hasReplicaSet) throw new NoReplicaSetError(NO_REPLICA_SET);
  const uuid = await uuidOf(mongo, collection);
  if (leader.state.token === null) return openAnew(leader, mongo, { standing, uuid, stopping });
  const { state } = leader;
  if (standing.lastWrite !== null && state.coveredTo !== null && state.coveredTo > standing.lastWrite) {
    throw new PositionLostError('MongoDB is at an earlier time than the copy, as after a restored back-up');
  }
  // One that was not there yet has come within the stream.
  if (state.collection !== null && uuid !== state.collection) {
    throw new PositionLostError('the collection is another one than before');
  }
  const { token, stream } = await reopened().catch((error: unknown) => {
    throw isRefusal(error) && !stopping.aborted ? lost(error) : error;
  });
  return disposedOnFailure(stream, () => leader.write([], { token, server: standing.process, collection: uuid }));

  async function reopened() {
    const hasChange = (mark: ChangeMark) => ChangeStream.hasChange(mongo, collection, mark, stopping);
    const place = isSameProcess(leader, standing) ? state.token : await verifiedPlace(leader, hasChange);
    const startAfter = decoded(place ?? '');
    return { token: place, stream: await ChangeStream.open(mongo, collection, { startAfter }, stopping) };
  }
}

/** The next changes. @throws {PositionLostError} when MongoDB cannot go on, or cannot tell an event */
export async function nextChanges(stream: ChangeStream, wait: number): Promise<Changes> {
  try {
    return await stream.next(wait);
  } catch (error) {
    throw LOST.has(codeOf(error)) ? lost(error) : error;
  }
}

/** @throws {PositionLostError} for a text that is none of ours */
export function decoded(place: string): unknown {
  try {
    return decodedKey(place);
  } catch (error) {
    throw new PositionLostError('the place that the copy had come to cannot be read', { cause: error });
  }
}

/** What the backfill reads is no older than that behind which the stream begins: nothing is missing between them. */
async function openAnew(
  leader: Leadership,
  mongo: MongoDatabase,
  { standing, uuid, stopping }: { standing: Standing; uuid: string | null; stopping: AbortSignal },
): Promise<ChangeStream> {
  const { committed, process } = standing;
  if (committed === null) throw new NoReplicaSetError(NO_REPLICA_SET);
  await forgetLaterVersions(leader, mongo);
  const stream = await ChangeStream.open(mongo, mongo.nameOf(users.from), { startAt: after(committed) }, stopping);
  return disposedOnFailure(stream, async () => {
    await leader.write([], {
      // Where it is opened again before it has told where it is, it begins with the backfill again.
      token: null,
      lastChange: null,
      server: process,
      collection: uuid,
      coveredTo: null,
      ...(await backfillBeginning(mongo, committed)),
    });
  });
}

async function disposedOnFailure(stream: ChangeStream, work: () => Promise<void>): Promise<ChangeStream> {
  try {
    await work();
    return stream;
  } catch (error) {
    await stream[Symbol.asyncDispose]();
    throw error;
  }
}

/** In the same process of a server, history goes on as it was. A router does not say whose history it tells. */
function isSameProcess({ state }: Leadership, { process }: Standing): boolean {
  return process !== null && process === state.server;
}

/**
 * Another process may run from a back-up, whose history leaves out what came after it. So it has to have the last change,
 * and is followed from there on: what it has done since may be older than where the copy was.
 */
async function verifiedPlace(
  { state }: Leadership,
  hasChange: (mark: ChangeMark) => Promise<boolean>,
): Promise<string> {
  if (state.lastChange === null) {
    // Nothing has changed since the copy was made, so that there is little to be found, mostly.
    const message = 'MongoDB was started anew, and no change is known that tells its history from another';
    throw new PositionLostError(message, { isExpected: true });
  }
  const mark = decoded(state.lastChange) as ChangeMark;
  if (await hasChange(mark)) return encodedKey(mark.token);
  throw new PositionLostError('MongoDB does not know of the last change, as after a restored back-up');
}

/** Of a MongoDB that was set back, versions of a time that is yet to come: what is copied now would seem older. */
async function forgetLaterVersions(leader: Leadership, mongo: MongoDatabase): Promise<void> {
  const [row] = await leader.query('SELECT max("sourceVersion") AS "latest" FROM "users"');
  // In this order: what was copied by then is committed by now.
  const { committed } = await standingOf(mongo);
  const latest = row?.['latest'];
  if (typeof latest !== 'string' || committed === null || latest <= committed) return;
  const some = `SELECT "mongoId" FROM "users" WHERE "sourceVersion" IS NOT NULL LIMIT ${STRETCH}`;
  const forget = `UPDATE "users" SET "sourceVersion" = NULL WHERE "mongoId" = ANY(ARRAY(${some}))`;
  for (;;) {
    const [one] = await leader.query(`SELECT EXISTS (${some}) AS "isLeft"`);
    if (one?.['isLeft'] !== true) return;
    await leader.write([{ sql: forget, parameters: [] }], {});
  }
}

/** Whether the server, or its driver, takes no token like that, rather than that MongoDB is away. */
function isRefusal(error: unknown): boolean {
  if (error instanceof PositionLostError || isAppError(error, 'MONGO_UNAVAILABLE')) return false;
  return !NOT_THE_TOKEN.has(codeOf(error));
}

function lost(error: unknown): PositionLostError {
  return new PositionLostError(`MongoDB does not go on from there (${wordsOf(error)})`, { cause: error });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && error.name.startsWith('Mongo') ? (error as { code?: unknown }).code : undefined;
}
