import mongoose from 'mongoose';
import { normalizeKey, presentedId } from '../../join/key.js';
import type { Source } from '../../join/source.js';
import type { Document } from './document.js';
import { encodedKey } from './encoded-key.js';
import type { MongoDatabase } from './mongo.js';
import { isUsualForm, keysReadAs, withKeys } from './stored-forms.js';
import { fromStored } from './stored-values.js';

const { ObjectId } = mongoose.mongo.BSON;

/** An id by which several documents are shown. */
export interface SharedId {
  readonly id: string;
  /** The BSON types of their `_id`s, as MongoDB names them: `objectId`, `string`. One for each document. */
  readonly types: readonly string[];
  /** The first of the keys that are no ObjectIds, as `encodedKey` makes it: by it a walk tells the id once. */
  readonly firstOdd: string;
}

/** Compares texts without regard to case, which no index serves. */
const CASELESS = { locale: 'en', strength: 2 };
const SIMPLE = { locale: 'simple' };

/** Keys in one query. */
const BATCH = 1_000;

/** Shared ids that are kept as examples. */
const EXAMPLES = 5;

/** The id by which the graph shows a document, whatever its `_id` is. */
function shownId(key: unknown): string {
  return presentedId('objectId', String(fromStored('objectId', key)));
}

/**
 * Finds the ids that the documents with these `_id`s share with other documents. A reader gets one of them, and the others
 * are lost to it.
 *
 * @param keys as they are stored; ObjectIds may be left out, for no two of them have one id
 * @param everyCase whether texts in mixed case are looked for under each id, which reads the whole collection; else only
 * under the ids of keys that are in mixed case themselves
 * @throws {AppError} MONGO_UNAVAILABLE
 */
export async function sharedIds(
  mongo: MongoDatabase,
  source: Source,
  keys: readonly unknown[],
  everyCase = false,
): Promise<readonly SharedId[]> {
  if (keys.length === 0) return [];
  const ids = [...new Set(keys.map(shownId))];
  const mixed = (
    everyCase ? ids : keys.filter((key) => fromStored('objectId', key) !== shownId(key)).map(shownId)
  ).filter((id) => normalizeKey('objectId', id) !== null);
  const found = [
    ...(await typesOf(mongo, source, withKeys(ids.flatMap(keysReadAs)), SIMPLE)),
    ...(mixed.length === 0 ? [] : await typesOf(mongo, source, { _id: { $in: mixed } }, CASELESS)),
  ];
  const byId = new Map(ids.map((id) => [id, new Map<string, string>()]));
  for (const { _id, type } of found) byId.get(shownId(_id))?.set(encodedKey(_id), type);
  return [...byId].flatMap(([id, types]) => {
    if (types.size < 2) return [];
    const odd = [...types].flatMap(([key, type]) => (type === 'objectId' ? [] : [key])).sort();
    return [{ id, types: [...types.values()].sort(), firstOdd: odd[0] ?? '' }];
  });
}

/** How many ids are shared in a collection, and the first few. */
export interface SharedIds {
  readonly count: number;
  readonly examples: readonly SharedId[];
  /** Whether every key was looked at. */
  readonly isWhole: boolean;
}

/**
 * Finds all shared ids of a collection, by those of its keys that are no ObjectIds.
 *
 * @param limit how many keys are looked at
 * @throws {AppError} MONGO_UNAVAILABLE
 */
export async function allSharedIds(mongo: MongoDatabase, source: Source, limit: number): Promise<SharedIds> {
  const [shared, counted] = [new Map<string, SharedId>(), { keys: 0 }];
  const result = (isWhole: boolean) => ({
    count: shared.size,
    examples: [...shared.values()].slice(0, EXAMPLES),
    isWhole,
  });
  for await (const keys of oddKeys(mongo, source)) {
    for (const one of await sharedIds(mongo, source, keys)) shared.set(one.id, one);
    counted.keys += keys.length;
    if (counted.keys >= limit) return result(false);
  }
  return result(true);
}

/** Where ObjectIds begin and end among all keys. */
const [FIRST, LAST] = [new ObjectId('0'.repeat(24)), new ObjectId('f'.repeat(24))];

/** The keys that are no ObjectIds, in batches: those before ObjectIds in the index, then those behind. */
async function* oddKeys(mongo: MongoDatabase, source: Source): AsyncGenerator<readonly unknown[]> {
  for (const range of [{ max: { _id: FIRST } }, { min: { _id: LAST } }]) {
    let place: Document = range;
    for (;;) {
      const inOrder = { sort: { _id: 1 }, hint: { _id: 1 }, limit: BATCH, ...place };
      const found = await keysOf(mongo, source, {}, inOrder).catch((error: unknown) => {
        if (hasNoIndex(error)) return null;
        throw error;
      });
      if (found === null) {
        // A view has no index whose bounds could be given: its first keys are looked at.
        yield keysOf(mongo, source, { _id: { $not: { $type: 'objectId' } } }, { limit: VIEWED });
        return;
      }
      const odd = found.filter((key) => !isUsualForm('objectId', key));
      if (odd.length > 0) yield odd;
      if (found.length < BATCH) break;
      // The bound is itself in the next batch.
      place = { ...range, min: { _id: found.at(-1) } };
    }
  }
}

/** Keys of a view that are looked at. */
const VIEWED = 10_000;

/** InvalidPipelineOperator of a view; BadValue where the hint names no index. */
const NO_INDEX: ReadonlySet<unknown> = new Set([168, 2]);

function hasNoIndex(error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoServerError && NO_INDEX.has(error.code);
}

async function keysOf(
  mongo: MongoDatabase,
  source: Source,
  filter: Document,
  options: object,
): Promise<readonly unknown[]> {
  const documents = await mongo.run<readonly Document[]>((db, limits) =>
    db
      .collection(mongo.nameOf(source.from))
      .find<Document>(filter, { projection: { _id: 1 }, ...options, ...limits })
      .toArray(),
  );
  return documents.map(({ _id }): unknown => _id);
}

async function typesOf(mongo: MongoDatabase, source: Source, filter: Document, collation: { locale: string }) {
  const stages = [{ $match: filter }, { $project: { type: { $type: '$_id' } } }];
  return mongo.run((db, limits) =>
    db
      .collection(mongo.nameOf(source.from))
      .aggregate<{ _id: unknown; type: string }>(stages, { ...limits, collation })
      .toArray(),
  );
}
