import mongoose from 'mongoose';
import type { Relation } from '../../join/relation.js';
import { storedName } from '../../join/source.js';
import { sortOf } from './keyset.js';
import type { MongoDatabase } from './mongo.js';

/** An index that a join needs. */
export interface NeededIndex {
  readonly collection: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
}

/**
 * The indexes that relations into MongoDB need: by the referenced field, then in the list's order, so that a page per
 * parent is read from the index and nothing is read to be thrown away.
 */
export function neededIndexes(relations: readonly Relation[]): readonly NeededIndex[] {
  return relations
    .filter(({ to, target }) => to.database === 'mongo' && target !== to.key)
    .map(({ to, target }) => ({ collection: to.from, key: { [storedName(to, target)]: 1, ...sortOf(to) } }));
}

/** Those that the database does not have, under whatever name. */
export async function missingIndexes(
  mongo: MongoDatabase,
  needed: readonly NeededIndex[],
): Promise<readonly NeededIndex[]> {
  const collections = [...new Set(needed.map(({ collection }) => collection))];
  const there = new Set(
    (await Promise.all(collections.map((collection) => keysOf(mongo, collection)))).flat().map(describeIndex),
  );
  return needed.filter((index) => !there.has(describeIndex(index)));
}

/** Creates indexes that are not there. */
export async function createIndexes(mongo: MongoDatabase, indexes: readonly NeededIndex[]): Promise<void> {
  for (const { collection, key } of indexes) {
    await mongo.run((db) => db.collection(collection).createIndex({ ...key }, {}, {}));
  }
}

/** An index as one would create it in the shell; the order of its key counts. */
export function describeIndex({ collection, key }: NeededIndex): string {
  return `db.${collection}.createIndex(${JSON.stringify(key)})`;
}

const NAMESPACE_NOT_FOUND = 26;

async function keysOf(mongo: MongoDatabase, collection: string): Promise<NeededIndex[]> {
  try {
    const indexes = await mongo.run((db) => db.collection(collection).indexes());
    return indexes.map(({ key }) => ({ collection, key: key as NeededIndex['key'] }));
  } catch (error) {
    // A collection that is not there has no indexes.
    if (error instanceof mongoose.mongo.MongoServerError && error.code === NAMESPACE_NOT_FOUND) return [];
    throw error;
  }
}
