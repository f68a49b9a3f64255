import mongoose from 'mongoose';

/** Why a collection may hold two documents of one `_id`, as part of a sentence: `a time-series collection`. */
export type Doubling = string;

/** Which collections may hold two documents of one `_id`, by their names. Two commands; one without a sharded cluster. */
export async function doublings(
  db: mongoose.mongo.Db,
  { isSharded }: { isSharded: boolean },
): Promise<ReadonlyMap<string, Doubling>> {
  const found = await db
    .listCollections({ type: 'timeseries' }, { nameOnly: true, authorizedCollections: true })
    .toArray();
  const series = found.map(({ name }) => [name, 'a time-series collection, in which "_id" is not unique'] as const);
  return new Map([...series, ...(isSharded ? await shardedByOthers(db) : [])]);
}

interface ShardedCollection {
  readonly _id: string;
  readonly key?: Readonly<Record<string, unknown>>;
  readonly dropped?: boolean;
}

/**
 * The collections of a database that are sharded by another key than `_id`: each shard keeps `_id` unique for itself. Empty
 * where this user may not read the cluster's own database.
 */
export async function shardedByOthers(db: mongoose.mongo.Db): Promise<readonly (readonly [string, Doubling])[]> {
  const prefix = `${db.databaseName}.`;
  const collections = db.client.db('config').collection<ShardedCollection>('collections');
  try {
    const rows = await collections.find({ _id: { $gte: prefix, $lt: `${db.databaseName}/` } }).toArray();
    return rows
      .filter(({ dropped, key }) => dropped !== true && key !== undefined && Object.keys(key).join() !== '_id')
      .map(({ _id, key }) => {
        const why = `sharded by ${JSON.stringify(key)}: only each shard keeps "_id" unique`;
        return [_id.slice(prefix.length), why] as const;
      });
  } catch (error) {
    if (error instanceof mongoose.mongo.MongoServerError && error.code === UNAUTHORIZED) return [];
    throw error;
  }
}

const UNAUTHORIZED = 13;

/** What a server says of an update that has to meet one document at most, and cannot. */
const INVALID_OPTIONS = 72;
const SHARD_KEY_NOT_FOUND = 61;

/** Whether a server refused an upsert because the collection may hold two documents of one `_id`. */
export function isDoublingRefused(error: unknown): boolean {
  if (!(error instanceof mongoose.mongo.MongoServerError)) return false;
  return error.code === SHARD_KEY_NOT_FOUND || (error.code === INVALID_OPTIONS && /time-?series/i.test(error.message));
}
