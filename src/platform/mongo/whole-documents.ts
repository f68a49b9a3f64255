import mongoose from 'mongoose';
import { AppError, writeRefused } from '../../errors/app-error.js';
import type { Document } from './document.js';
import { takenField } from './mongo-errors.js';
import type { MongoDatabase } from './mongo.js';

const { BSON } = mongoose.mongo;

/** A document as MongoDB has it, byte by byte. */
export interface WholeDocument {
  /** Its `_id` as canonical extended JSON, which tells `7` from `"7"`. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Every value keeps the type that it is stored by: 1 and 1.0 are not the same bytes. */
const EXACTLY = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
  validation: { utf8: false },
} as const;

/** Larger documents do not fit into a command that has to bring them along; their size is compared then. */
const COMPARABLE = 15_000_000;

/** What one command deletes at most, in bytes. */
const STRETCH = 8_000_000;

/** What a document holds, for writing it back. @throws {Error} for a document that no driver can write as it is */
function contentOf(bytes: Uint8Array): Document {
  return BSON.deserialize(bytes, EXACTLY);
}

/**
 * Whether a document can be written back as it is. A driver cannot write some types of earlier versions (`undefined`,
 * `DBPointer`), nor a text that is no UTF-8.
 */
export function canBeWritten({ bytes }: WholeDocument): boolean {
  try {
    return isSame(bytes, BSON.serialize(contentOf(bytes), { ignoreUndefined: false }));
  } catch {
    return false;
  }
}

export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/**
 * Reads documents as they are, from the primary: at least one where there is any, and no more than one command deletes.
 *
 * @throws {AppError} MONGO_UNAVAILABLE
 */
export function findWhole(
  mongo: MongoDatabase,
  collection: string,
  filter: Document,
): Promise<readonly WholeDocument[]> {
  return mongo.run(async (db, { maxTimeMS, signal }) => {
    const found: WholeDocument[] = [];
    let size = 0;
    const options = { readPreference: 'primary', raw: true, batchSize: 1_000, maxTimeMS, signal } as const;
    await using cursor = db.collection(mongo.nameOf(collection)).find(filter, options).limit(1_000);
    for await (const raw of cursor) {
      const bytes = Uint8Array.from(raw as unknown as Uint8Array);
      found.push({ key: keyOf(bytes), bytes });
      if ((size += bytes.length) > STRETCH) break;
    }
    return found;
  });
}

/** The document with a key; null where there is none. @throws {AppError} MONGO_UNAVAILABLE */
export async function wholeByKey(mongo: MongoDatabase, collection: string, key: string): Promise<WholeDocument | null> {
  return (await findWhole(mongo, collection, { _id: { $eq: idOf(key) } }))[0] ?? null;
}

/**
 * Deletes documents, each only as it is here: one that has changed meanwhile stays.
 *
 * @returns how many were deleted
 * @throws {AppError} as `MongoDatabase.write` does
 */
export async function deleteExactly(
  mongo: MongoDatabase,
  collection: string,
  documents: readonly WholeDocument[],
  patience?: number,
): Promise<number> {
  if (documents.length === 0) return 0;
  const operations = documents.map((document) => ({ deleteOne: { filter: exactly(document) } }));
  const { deletedCount } = await refusable('deleting transactions', () =>
    mongo.write(
      'deleting transactions',
      (db, { maxTimeMS }) =>
        db.collection(mongo.nameOf(collection)).bulkWrite(operations, { ordered: false, ...majority(maxTimeMS) }),
      patience,
    ),
  );
  return deletedCount;
}

/**
 * Writes a document back under its `_id`.
 *
 * @returns the field whose value another document has; null when it was written
 * @throws {AppError} as `MongoDatabase.write` does
 */
export async function insertWhole(
  mongo: MongoDatabase,
  collection: string,
  document: WholeDocument,
): Promise<string | null> {
  return refusable('bringing a document back', async () => {
    try {
      await mongo.write('bringing a document back', (db, { maxTimeMS }) =>
        db.collection(mongo.nameOf(collection)).insertOne(contentOf(document.bytes), majority(maxTimeMS)),
      );
      return null;
    } catch (error) {
      const field = takenField(error);
      if (field === null) throw error;
      return field;
    }
  });
}

/**
 * Gives a document back the content that it had, unless it has changed since it was read.
 *
 * @returns whether it was written
 * @throws {AppError} as `MongoDatabase.write` does
 */
export async function replaceExactly(
  mongo: MongoDatabase,
  collection: string,
  now: WholeDocument,
  then: WholeDocument,
): Promise<boolean> {
  const { _id, ...content } = contentOf(then.bytes);
  const { matchedCount } = await refusable('bringing a document back', () =>
    mongo.write('bringing a document back', (db, { maxTimeMS }) =>
      db.collection(mongo.nameOf(collection)).replaceOne(exactly(now), content, majority(maxTimeMS)),
    ),
  );
  return _id !== undefined && matchedCount > 0;
}

/** A document without some of its top-level fields, to compare the rest. */
export function without({ bytes }: WholeDocument, fields: readonly string[]): Uint8Array {
  const content = Object.entries(contentOf(bytes)).filter(([name]) => !fields.includes(name));
  return BSON.serialize(Object.fromEntries(content));
}

/** A top-level field, as a reader gets it. */
export function fieldOfWhole({ bytes }: WholeDocument, name: string): unknown {
  return BSON.deserialize(bytes, { validation: { utf8: false } })[name];
}

/** What the server refuses for whatever reason was not written. */
async function refusable<T>(what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof AppError || !(error instanceof mongoose.mongo.MongoServerError)) throw error;
    throw writeRefused(what, error);
  }
}

function exactly({ bytes }: WholeDocument): Document {
  const content = contentOf(bytes);
  const isOfSize = { $eq: [{ $bsonSize: '$$ROOT' }, bytes.length] };
  const isEqual = { $eq: ['$$ROOT', { $literal: content }] };
  const isThat = bytes.length > COMPARABLE ? [isOfSize] : [isOfSize, isEqual];
  return { _id: { $eq: content['_id'] }, $expr: { $and: isThat } };
}

function keyOf(bytes: Uint8Array): string {
  return BSON.EJSON.stringify({ _id: contentOf(bytes)['_id'] }, { relaxed: false });
}

function idOf(key: string): unknown {
  return (BSON.EJSON.parse(key, { relaxed: false }) as Document)['_id'];
}

function majority(patience: number) {
  return { writeConcern: { w: 'majority', wtimeoutMS: patience }, maxTimeMS: patience } as const;
}
