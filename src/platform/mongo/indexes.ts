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

/** Creates what is missing; an index that is there already is left alone. */
export async function createIndexes(mongo: MongoDatabase, indexes: readonly NeededIndex[]): Promise<void> {
  for (const { collection, key } of indexes)
    await mongo.run((db) => db.collection(collection).createIndex({ ...key }, {}, {}));
}
