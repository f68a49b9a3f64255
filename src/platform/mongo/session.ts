import type mongoose from 'mongoose';
import { clusterTimeOf, type ClusterTime } from './cluster-time.js';
import type { Document } from './document.js';
import type { MongoDatabase, ReadLimits } from './mongo.js';

export type ClientSession = mongoose.mongo.ClientSession;

/** Told when in MongoDB's history something was written. */
export type OnWritten = (at: ClusterTime) => void;

/** What a command that opens or reads a cursor answers. */
export interface Reply<C> {
  readonly cursor: C;
}

/**
 * The primary knows best. A cursor's id, which is a 64-bit integer, has to go back as one. And one text that is no UTF-8,
 * which other drivers write, must not fail the whole answer.
 */
export const CURSOR_OPTIONS = { readPreference: 'primary', promoteLongs: false, enableUtf8Validation: false } as const;

/** Sends one command to the primary. */
export type RunCommand = <C>(command: Document) => Promise<Reply<C>>;

/** Runs commands that belong together: a cursor can be read only in the session that has opened it. */
export function runInSession<T>(
  mongo: MongoDatabase,
  work: (run: RunCommand, limits: ReadLimits) => Promise<T>,
): Promise<T> {
  return mongo.run(async (db, limits) => {
    const session = sessionOf(mongo);
    try {
      const run = <C>(command: Document) =>
        db.command(command, { session, signal: limits.signal, ...CURSOR_OPTIONS }) as Promise<unknown> as Promise<
          Reply<C>
        >;
      return await work(run, limits);
    } finally {
      await session.endSession();
    }
  });
}

/**
 * Writes, and tells when in MongoDB's history that was; nothing of a server without a replica set.
 *
 * @throws {AppError} as `MongoDatabase.write` does
 */
export function writeTimed<T>(
  mongo: MongoDatabase,
  what: string,
  work: (session: ClientSession, database: mongoose.mongo.Db) => Promise<T>,
  onWritten: OnWritten,
): Promise<T> {
  return timed(mongo, (session) => mongo.write(what, (database) => work(session, database)), onWritten);
}

/** The same of what reads back what may have been written: it was by then, if at all. @throws as `MongoDatabase.run` does */
export function readTimed<T>(
  mongo: MongoDatabase,
  work: (session: ClientSession) => Promise<T>,
  onWritten: OnWritten,
): Promise<T> {
  return timed(mongo, (session) => mongo.run(() => work(session)), onWritten);
}

async function timed<T>(
  { connection }: MongoDatabase,
  work: (session: ClientSession) => Promise<T>,
  onDone: OnWritten,
): Promise<T> {
  // One without causal consistency keeps no time.
  const session = connection.getClient().startSession({ causalConsistency: true });
  try {
    const done = await work(session);
    if (session.operationTime !== undefined) onDone(clusterTimeOf(session.operationTime));
    return done;
  } finally {
    await session.endSession();
  }
}

/** A session without causal consistency: what its commands wait for, they say themselves. */
export function sessionOf({ connection }: MongoDatabase): mongoose.mongo.ClientSession {
  return connection.getClient().startSession({ causalConsistency: false });
}
