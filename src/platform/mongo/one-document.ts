import type mongoose from 'mongoose';
import { AppError, writeRefused } from '../../errors/app-error.js';
import { KEY, storedName, type Source } from '../../join/source.js';
import { visible } from './filter.js';
import type { Document } from './document.js';
import type { MongoDatabase } from './mongo.js';
import { writeTimed, type ClientSession, type OnWritten } from './session.js';
import { readsAsOneOf, storedForms } from './stored-forms.js';

/**
 * The `_id` of the one document that reads as this id, as it is stored; null where there is none.
 *
 * @param id in normal spelling
 * @throws {AppError} NOT_UNIQUE where several documents read as it: a write could meet the wrong one; MONGO_UNAVAILABLE
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

/** How often a document is looked for that other programs replace meanwhile. */
const ATTEMPTS = 3;

/** A write to the one document that reads as an id, in whichever form it is stored. */
export interface OneWrite {
  readonly mongo: MongoDatabase;
  readonly source: Source;
  /** Tells what is going on, for the message: `deleting a user`. */
  readonly what: string;
  /** The id of the document, in normal spelling. */
  readonly id: string;
  readonly onWritten: OnWritten;
}

/**
 * Changes the document.
 *
 * @returns the document as it is now; null where there is none
 * @throws {AppError} as {@link theKey} and `MongoDatabase.write` do; WRITE_REFUSED where no write meets it
 */
export function changeOne(write: OneWrite, change: Document): Promise<Document | null> {
  return writeOne(write, (collection, _id, session) =>
    collection.findOneAndUpdate({ _id }, change, { returnDocument: 'after', session }),
  );
}

/**
 * Deletes the document.
 *
 * @returns the document as it was; null where there is none, as the majority of the servers knows
 * @throws {AppError} as {@link changeOne} does
 */
export function deleteOne(write: OneWrite): Promise<Document | null> {
  return writeOne(write, (collection, _id, session) =>
    collection.findOneAndDelete({ _id }, { writeConcern: { w: 'majority' }, session }),
  );
}

/** The driver takes an `_id` of any type; its types say an ObjectId. */
type Key = mongoose.mongo.BSON.ObjectId;

/** Looks for the document again where another program has replaced it meanwhile. */
async function writeOne(
  { mongo, source, what, id, onWritten }: OneWrite,
  write: (collection: mongoose.mongo.Collection, _id: Key, session: ClientSession) => Promise<Document | null>,
): Promise<Document | null> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const key = await theKey(mongo, source, id);
    // Where there is none, a write that meets none all the same has the majority's word for it.
    const _id = (key ?? storedForms('objectId', id)[0]) as Key;
    const written = await writeTimed(
      mongo,
      what,
      (session, db) => write(db.collection(mongo.nameOf(source.from)), _id, session),
      onWritten,
    );
    if (written !== null || key === null) return written;
  }
  if ((await theKey(mongo, source, id)) === null) return null;
  throw writeRefused(what, new Error('the document is there, and no write meets it'));
}

function shared(collection: string, id: string, count: number): AppError {
  return new AppError(
    'NOT_UNIQUE',
    `${count} documents of ${collection} have the id "${id}", as an ObjectId and as texts, so nothing was changed; in ` +
      'MongoDB, delete those that are not meant, or insert them under another _id',
    { field: 'id' },
  );
}
