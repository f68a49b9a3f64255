import type mongoose from 'mongoose';
import { clusterTimeOf, type ClusterTime } from './cluster-time.js';
import type { Document } from './document.js';
import type { MongoDatabase } from './mongo.js';

/** What a server says of itself. */
export interface Standing {
  /** Without a replica set there are no change streams, and no snapshots. */
  readonly hasReplicaSet: boolean;
  /** The last thing that it knows of; null of a router, which does not say. */
  readonly lastWrite: ClusterTime | null;
  /** What the majority knows by now, or, of a router, what it has heard of; null without a replica set. */
  readonly committed: ClusterTime | null;
  /** The process that runs it: another one after each start. Null of a router, which is not where the data are. */
  readonly process: string | null;
}

/** @throws {AppError} MONGO_UNAVAILABLE */
export async function standingOf(mongo: MongoDatabase): Promise<Standing> {
  const hello = await mongo.run((db) => db.command({ hello: 1 }, { readPreference: 'primary' }));
  const isRouter = hello['msg'] === 'isdbgrid';
  const hasReplicaSet = isRouter || hello['setName'] !== undefined;
  const { opTime, majorityOpTime } = (hello['lastWrite'] ?? {}) as Readonly<Record<string, { ts: unknown }>>;
  const { processId } = (hello['topologyVersion'] ?? {}) as { processId?: mongoose.mongo.ObjectId };
  const lastWrite = opTime === undefined ? null : clusterTimeOf(opTime.ts);
  return {
    hasReplicaSet,
    lastWrite,
    committed: majorityOpTime === undefined ? (lastWrite ?? mongo.seen) : clusterTimeOf(majorityOpTime.ts),
    process: isRouter ? null : (processId?.toHexString() ?? null),
  };
}

/**
 * The UUID of a collection; another one when it was dropped and made anew. Null where there is none.
 *
 * @throws {AppError} MONGO_UNAVAILABLE
 */
export async function uuidOf(mongo: MongoDatabase, collection: string): Promise<string | null> {
  const [found] = await mongo.run(
    (db, { signal }) =>
      db.listCollections({ name: collection }, { signal, readPreference: 'primary' }).toArray() as Promise<Document[]>,
  );
  const { uuid } = (found?.['info'] ?? {}) as { uuid?: { toString(encoding: 'hex'): string } };
  return uuid === undefined ? null : uuid.toString('hex').replaceAll('-', '');
}

/** How many documents there are, as the collection's metadata has it. @throws {AppError} MONGO_UNAVAILABLE */
export function estimatedCount(mongo: MongoDatabase, collection: string): Promise<number> {
  return mongo.run((db, { maxTimeMS }) => db.collection(collection).estimatedDocumentCount({ maxTimeMS }));
}
