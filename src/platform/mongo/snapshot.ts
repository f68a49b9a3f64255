import type { Document } from './document.js';
import { clusterTimeOf, type ClusterTime } from './cluster-time.js';
import type { MongoDatabase } from './mongo.js';
import { runInSession, type RunCommand } from './session.js';
import { standingOf } from './standing.js';

/** Documents as they all were at one moment. */
export interface Snapshot {
  readonly documents: readonly Document[];
  /** What was committed by then, by the majority, is in it; what came later is not. */
  readonly at: ClusterTime;
  /** Whether these are all that were asked for. */
  readonly isWhole: boolean;
}

export interface SnapshotOptions {
  /** Whether to leave what does not fit into one answer of the server's, which is of 16 MB at most. */
  readonly isOneAnswer?: boolean;
}

/**
 * Finds documents as of one moment, and says which: the moment comes from the server (`atClusterTime`), so that whatever
 * happens later is later. (An operation time is later than what the operation has read.)
 *
 * @param command what `find` takes beside the collection: `filter`, `projection`, `min`, `hint`, `limit`
 * @throws {AppError} MONGO_UNAVAILABLE; the driver's error where the server has no snapshots, which is one without a
 * replica set
 */
export async function findInSnapshot(
  mongo: MongoDatabase,
  collection: string,
  command: Document,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  const find = (known: ClusterTime | null) =>
    runInSession(mongo, async (run, { batchSize, maxTimeMS }) => {
      const first = { find: collection, ...command, batchSize, maxTimeMS, readConcern: { level: 'snapshot' } };
      return all(run, { cursor: (await run<SnapshotCursor>(first)).cursor, collection, batchSize, known }, options);
    });
  const found = await find(null);
  if (found !== null) return found;
  // Of a collection that is not there the server tells no moment; nor was it there at one that was known before.
  const { committed } = await standingOf(mongo);
  const again = await find(committed);
  if (again === null) throw new TypeError('MongoDB has told no cluster time');
  return again;
}

interface SnapshotCursor {
  readonly id: { isZero(): boolean };
  readonly firstBatch?: readonly Document[];
  readonly nextBatch?: readonly Document[];
  readonly atClusterTime?: unknown;
}

interface Found {
  readonly cursor: SnapshotCursor;
  readonly collection: string;
  readonly batchSize: number;
  /** The moment to be told where the server tells none. */
  readonly known: ClusterTime | null;
}

async function all(
  run: RunCommand,
  { cursor: first, collection, batchSize, known }: Found,
  { isOneAnswer = false }: SnapshotOptions,
): Promise<Snapshot | null> {
  const at = first.atClusterTime === undefined ? known : clusterTimeOf(first.atClusterTime);
  if (at === null) return null;
  let cursor = first;
  const documents = [...(cursor.firstBatch ?? [])];
  if (isOneAnswer && !cursor.id.isZero()) {
    await run({ killCursors: collection, cursors: [cursor.id] });
    return { documents, at, isWhole: false };
  }
  while (!cursor.id.isZero()) {
    ({ cursor } = await run<SnapshotCursor>({ getMore: cursor.id, collection, batchSize }));
    documents.push(...(cursor.nextBatch ?? []));
  }
  return { documents, at, isWhole: true };
}
