import mongoose from 'mongoose';
import type { Filter } from '../../join/filter.js';
import { toPage, type Page, type PageRequest, type PageRow, type Position } from '../../join/page.js';
import type { SourceReader } from '../../join/reader.js';
import { fieldOf, KEY, storedName, type SortTerm, type Source } from '../../join/source.js';
import { queryOf, visible } from './filter.js';
import type { Document } from './document.js';
import { pageStages, positionFrom, rowStage, type StoredPageRequest } from './keyset.js';
import type { MongoDatabase } from './mongo.js';
import { dealt, isLookedUp, lookedUp } from './parent-pages.js';
import { isPosition } from './position.js';
import { projection, toRow } from './rows.js';
import { formRank, readsAsOneOf } from './stored-forms.js';
import { fromStored } from './stored-values.js';

/** Texts are compared byte by byte, as every order and every cursor here takes them, whatever the collection's default. */
const SIMPLE = { collation: { locale: 'simple' } };

/** Server errors that the documents of one key can bring about. */
const KEYS_FAULTS: ReadonlySet<unknown> = new Set([
  292, // QueryExceededMemoryLimitNoDiskUseAllowed: a sort of very large documents, where the server may not use its disk
  10334, // BSONObjectTooLarge: a document that is larger with its sort key than 16 MB
]);

/**
 * Reads any source that lies in MongoDB, as it lies there: documents are read raw and each value is converted or, where
 * it is missing or of an odd type, null. Each method is one command.
 */
export class MongoSourceReader implements SourceReader {
  readonly #database: MongoDatabase;
  readonly #from: { readonly readPreference?: 'primary' };

  /** @param readPreference where keys are looked up, where that is not the address's to say */
  constructor(database: MongoDatabase, readPreference?: 'primary') {
    this.#database = database;
    this.#from = readPreference === undefined ? {} : { readPreference };
  }

  async findByKeys<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    fields: ReadonlySet<string>,
    where: Filter | null,
  ): Promise<readonly R[]> {
    const { kind } = fieldOf(source, field);
    const name = storedName(source, field);
    const wanted = new Set([...fields, KEY, field]);
    const options = { projection: projection(source, wanted), ...SIMPLE };
    const isOfKeys = readsAsOneOf(kind, name, keys);
    const query = where === null ? { ...visible(source), ...isOfKeys } : { $and: [isOfKeys, queryOf(source, where)] };
    const documents = await this.#database.run((db, limits) =>
      db
        .collection(this.#nameOf(source))
        .find(query, { ...options, ...limits, ...this.#from })
        .toArray(),
    );
    // Of two rows with one key the first counts.
    const rank = (document: Document) => formRank(kind, document[name]);
    return documents.toSorted((a, b) => rank(a) - rank(b)).map((document) => toRow(source, document, wanted));
  }

  findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>> {
    return orComputed(request, (asked) => this.#page(source, asked));
  }

  findPages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: PageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>> {
    return orComputed(request, (asked) => this.#pages(source, field, keys, asked));
  }

  async #page<R extends object>(source: Source<R>, request: StoredPageRequest): Promise<Page<R>> {
    const stages = [
      { $match: queryOf(source, request.where) },
      ...pageStages(source, request),
      rowStage(source, request),
    ];
    const documents = await this.#database.run((db, limits) =>
      db
        .collection(this.#nameOf(source))
        .aggregate(stages, { ...limits, ...SIMPLE })
        .toArray(),
    );
    return toPage(
      documents.map((document) => toPageRow<R>(source, document, request)),
      request,
    );
  }

  async #pages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: StoredPageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>> {
    const { kind } = fieldOf(source, field);
    const name = storedName(source, field);
    const options = { ...SIMPLE, batchSize: keys.length * (request.limit + 1) + 1 };
    // What a row refers to says whose it is.
    const wanted = { ...request, fields: new Set([...request.fields, field]) };
    const isEach = isLookedUp(keys, request.where);
    const stages = isEach
      ? lookedUp(source, this.#nameOf(source), field, keys, wanted)
      : dealt(source, field, keys, wanted);
    const found = await this.#database.run((db, limits) =>
      (isEach ? db : db.collection(this.#nameOf(source)))
        .aggregate<Document>(stages, { ...limits, ...options })
        .toArray(),
    );
    const read = new Map(keys.map((key) => [key, [] as PageRow<R>[]]));
    for (const row of found) read.get(String(fromStored(kind, row[name])))?.push(toPageRow(source, row, request));
    return new Map([...read].map(([key, rows]) => [key, toPage(rows, request)]));
  }

  #nameOf({ from }: Source): string {
    return this.#database.nameOf(from);
  }

  async count(source: Source, where: Filter | null): Promise<number> {
    return this.#database.run((db, limits) =>
      db.collection(this.#nameOf(source)).countDocuments(queryOf(source, where), { ...limits, ...SIMPLE }),
    );
  }

  async countByKeys(
    source: Source,
    field: string,
    keys: readonly string[],
    where: Filter | null,
  ): Promise<ReadonlyMap<string, number>> {
    const { kind } = fieldOf(source, field);
    const name = storedName(source, field);
    const stages = [
      { $match: { $and: [readsAsOneOf(kind, name, keys), queryOf(source, where)] } },
      { $group: { _id: `$${name}`, count: { $sum: 1 } } },
    ];
    const groups = await this.#database.run((db, limits) =>
      db
        .collection(this.#nameOf(source))
        .aggregate<{ _id: unknown; count: number }>(stages, { ...limits, ...SIMPLE })
        .toArray(),
    );
    const counts = new Map<string, number>();
    for (const { _id, count } of groups) {
      const key = String(fromStored(kind, _id));
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
    return counts;
  }

  accepts(_source: Source, orderBy: readonly SortTerm[], position: Position): boolean {
    return position.length === orderBy.length && isPosition(position);
  }

  isKeysFault(error: unknown): boolean {
    return error instanceof mongoose.mongo.MongoServerError && KEYS_FAULTS.has(error.code);
  }
}

const BAD_VALUE = 2;

/**
 * The server takes one array in the keys of a sort: where a document has two, the page is read again by keys that are
 * computed, which are none. It costs the index, and a document of that kind is a rare fault.
 */
async function orComputed<T>(request: PageRequest, read: (request: StoredPageRequest) => Promise<T>): Promise<T> {
  try {
    return await read(request);
  } catch (error) {
    const isTwoArrays =
      error instanceof mongoose.mongo.MongoServerError &&
      error.code === BAD_VALUE &&
      error.message.includes('parallel arrays');
    if (!isTwoArrays) throw error;
    return read({ ...request, computes: true });
  }
}

function toPageRow<R extends object>(source: Source<R>, document: Document, request: PageRequest): PageRow<R> {
  return {
    row: toRow(source, document, new Set([...request.fields, KEY])),
    position: positionFrom(source, request.orderBy, document),
  };
}
