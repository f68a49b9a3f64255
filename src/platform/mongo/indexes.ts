import mongoose from 'mongoose';
import type { Relation } from '../../join/relation.js';
import { storedName, type Source } from '../../join/source.js';
import { MigrationError } from '../migration-error.js';
import { isSortedAsStored, sortOf } from './keyset.js';
import type { MongoDatabase } from './mongo.js';

type IndexKey = Readonly<Record<string, 1 | -1>>;

/** An index that a list needs. */
export interface NeededIndex {
  readonly collection: string;
  readonly key: IndexKey;
  /** The stored field by which a list is looked up, where it is; the rest of the key is the list's order. */
  readonly by: string | null;
}

/**
 * The indexes that lists need: by the reference, if the list is a parent's, then in the list's order. So a page is read
 * from the index, and nothing is read to be thrown away.
 */
export function neededIndexes(sources: readonly Source[], relations: readonly Relation[]): readonly NeededIndex[] {
  const ofParents = relations.map(({ from, field }) => ({ source: from, by: storedName(from, field) }));
  const lists = [...ofParents, ...sources.map((source) => ({ source, by: null }))];
  return lists
    .filter(({ source }) => source.database === 'mongo')
    .map(({ source, by }) => ({ collection: source.from, key: keyOf(source, by), by }))
    .filter(({ key }) => Object.keys(key).length > 0);
}

function keyOf(source: Source, by: string | null): IndexKey {
  // What is read of money is in no index.
  const order = isSortedAsStored(source, source.orderBy) ? sortOf(source, source.orderBy) : {};
  return by === null ? order : { [by]: 1, ...order };
}

/** Those that the database has no match for, under whatever name; none of a view, or where they cannot be seen. */
export async function missingIndexes(
  mongo: MongoDatabase,
  needed: readonly NeededIndex[],
): Promise<readonly NeededIndex[]> {
  const collections = [...new Set(needed.map(({ collection }) => collection))];
  const entries = collections.map(async (collection) => [collection, await keysOf(mongo, collection)] as const);
  const there = new Map(await Promise.all(entries));
  return needed.filter((index) => {
    const keys = there.get(index.collection);
    return keys !== null && keys?.some((key) => serves(key, index)) !== true;
  });
}

/**
 * Creates indexes that are not there. They compare texts byte by byte, as what they serve does.
 *
 * @throws {MigrationError} that says which one could not be created, and why
 */
export async function createIndexes(mongo: MongoDatabase, indexes: readonly NeededIndex[]): Promise<void> {
  const failures: unknown[] = [];
  // Documents that one index does not take are no reason to go without the others.
  for (const index of indexes) await create(mongo, index).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function create(mongo: MongoDatabase, { collection, key }: NeededIndex): Promise<void> {
  const build = (name: object) =>
    mongo.runUnlimited((db) =>
      db.collection(mongo.nameOf(collection)).createIndex({ ...key }, { collation: { locale: 'simple' }, ...name }, {}),
    );
  try {
    await build({}).catch((error: unknown) => {
      if (!isServerError(error, NAME_TAKEN)) throw error;
      return build({ name: `tandem_${Object.keys(key).join('_')}` });
    });
  } catch (error) {
    const what = describeIndex({ collection: mongo.nameOf(collection), key });
    throw MigrationError.of(error, what, '"npm run migrate" tries it again.');
  }
}

/** An index as one would create it in the shell; the order of its key counts. */
export function describeIndex({ collection, key }: Pick<NeededIndex, 'collection' | 'key'>): string {
  return `db.${collection}.createIndex(${JSON.stringify(key)})`;
}

/**
 * Whether an index with this key serves: it has the needed fields first, and the order of the list forward or backward.
 * The field by which rows are looked up may go either way.
 */
function serves(there: Readonly<Record<string, unknown>>, { key, by }: NeededIndex): boolean {
  const first = Object.entries(there).slice(0, Object.keys(key).length);
  const isSameFields = first.map(([field]) => field).join('\0') === Object.keys(key).join('\0');
  const turns = first
    .filter(([field]) => field !== by)
    .map(([field, value]) => Number(value) * (key[field] ?? Number.NaN));
  const isIndexed = first.every(([, value]) => typeof value === 'number');
  return isSameFields && isIndexed && (turns.every((turn) => turn > 0) || turns.every((turn) => turn < 0));
}

const NAMESPACE_NOT_FOUND = 26;
const NOT_SUPPORTED_ON_VIEW = 166;
const UNAUTHORIZED = 13;
/** An index of this name is there that does not serve: it is partial, sparse or has a collation. */
const NAME_TAKEN = 86;

/**
 * The keys of a collection's indexes that hold every document and compare texts byte by byte; null where none can be
 * seen, nor made.
 */
async function keysOf(mongo: MongoDatabase, collection: string): Promise<Readonly<Record<string, unknown>>[] | null> {
  try {
    const indexes = await mongo.run((db) => db.collection(mongo.nameOf(collection)).indexes());
    return indexes.filter(isUsable).map(({ key }) => key as Readonly<Record<string, unknown>>);
  } catch (error) {
    // A collection that is not there has no indexes.
    if (isServerError(error, NAMESPACE_NOT_FOUND)) return [];
    if (isServerError(error, NOT_SUPPORTED_ON_VIEW) || isServerError(error, UNAUTHORIZED)) return null;
    throw error;
  }
}

function isUsable(index: mongoose.mongo.IndexDescriptionInfo): boolean {
  const { sparse, hidden, partialFilterExpression, collation } = index;
  return sparse !== true && hidden !== true && partialFilterExpression === undefined && collation === undefined;
}

function isServerError(error: unknown, code: number): boolean {
  return error instanceof mongoose.mongo.MongoServerError && error.code === code;
}
