import { AppError } from '../../errors/app-error.js';
import { KEY, storedName, type Source } from '../../join/source.js';
import { visible } from './filter.js';
import type { MongoDatabase } from './mongo.js';
import { readsAsOneOf } from './stored-forms.js';

/**
 * The `_id` of the one document that reads as this id, as it is stored; null where there is none.
 *
 * @param id in normal spelling
 * @throws {AppError} ID_SHARED where several documents read as it: a write could meet the wrong one; MONGO_UNAVAILABLE
 */
export async function theKey(mongo: MongoDatabase, source: Source, id: string): Promise<unknown> {
  const filter = { ...visible(source), ...readsAsOneOf('objectId', storedName(source, KEY), [id]) };
  const options = { projection: { _id: 1 }, collation: { locale: 'simple' }, readPreference: 'primary' } as const;
  const found = await mongo.run((db, limits) =>
    db
      .collection(mongo.nameOf(source.from))
      .find(filter, { ...options, ...limits })
      .toArray(),
  );
  if (found.length > 1) throw shared(mongo.nameOf(source.from), id, found.length);
  return found[0]?._id ?? null;
}

function shared(collection: string, id: string, count: number): AppError {
  return new AppError(
    'ID_SHARED',
    `${count} documents of ${collection} have the id "${id}", as an ObjectId and as texts, so nothing was changed; in ` +
      'MongoDB, delete those that are not meant, or insert them under another _id',
    { field: 'id' },
  );
}
