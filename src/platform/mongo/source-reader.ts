import mongoose from 'mongoose';
import type { Filter } from '../../join/filter.js';
import { toPage, type Page, type PageRequest, type PageRow, type Position } from '../../join/page.js';
import type { SourceReader } from '../../join/reader.js';
import { fieldOf, KEY, storedName, type SortTerm, type Source } from '../../join/source.js';
import { queryOf } from './filter.js';
import type { Document } from './document.js';
import { pageStages, POSITION, positionExpression, positionFrom } from './keyset.js';
import type { MongoDatabase } from './mongo.js';
import { isPosition } from './position.js';
import { toRow } from './rows.js';
import { fromStored, toStored } from './stored-values.js';

/** Texts are compared byte by byte, as every order and every cursor here takes them, whatever the collection's default. */
const SIMPLE = { collation: { locale: 'simple' } };

/** Server errors that the documents of one key can bring about. */
const KEYS_FAULTS: ReadonlySet<unknown> = new Set([
  2, // BadValue: "cannot sort with keys that are parallel arrays"
  292, // QueryExceededMemoryLimitNoDiskUseAllowed: a sort of very large documents, where the server may not use its disk
  10334, // BSONObjectTooLarge: a document that is larger with its sort key than 16 MB
]);

/**
 * Reads any source that lies in MongoDB, as it lies there: documents are read raw and each value is converted or, where
 * it is missing or of an odd type, null. Each method is one command.
 *
 * A page per parent is `$documents` + `$lookup` with a limited pipeline: it reads only the rows that it returns, where
 * `$group` with `$firstN` reads every child of every parent (measured: 300 keys against 50,000). Needs MongoDB 6.
 */
export class MongoSourceReader implements SourceReader {
  readonly #database: MongoDatabase;

  constructor(database: MongoDatabase) {
    this.#database = database;
  }

  async findByKeys<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    fields: ReadonlySet<string>,
  ): Promise<readonly R[]> {
    const wanted = new Set([...fields, KEY, field]);
    const options = { projection: projection(source, wanted), ...SIMPLE };
    const documents = await this.#database.run((db, limits) =>
      db
        .collection(source.from)
        .find(isOneOf(source, field, keys), { ...options, ...limits })
        .toArray(),
    );
    return documents.map((document) => toRow(source, document, wanted));
  }

  async findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>> {
    const documents = await this.#database.run((db, limits) =>
      db
        .collection(source.from)
        .aggregate(rowStages(source, request), { ...limits, ...SIMPLE })
        .toArray(),
    );
    return toPage(
      documents.map((document) => toPageRow<R>(source, document, request)),
      request,
    );
  }

  async findPages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: PageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>> {
    const { kind } = fieldOf(source, field);
    const lookup = {
      from: source.from,
      localField: 'stored',
      foreignField: storedName(source, field),
      pipeline: rowStages(source, request),
      as: 'row',
    };
    const stages = [
      { $documents: keys.map((key) => ({ key, stored: toStored(kind, key) })) },
      { $lookup: lookup },
      // Row by row, for all rows of a parent in one document may be more than the 16 MB that a document takes.
      { $unwind: '$row' },
      { $project: { key: 1, row: 1 } },
    ];
    const options = { ...SIMPLE, batchSize: keys.length * (request.limit + 1) + 1 };
    const found = await this.#database.run((db, limits) =>
      db.aggregate<{ key: string; row: Document }>(stages, { ...limits, ...options }).toArray(),
    );
    const read = new Map(keys.map((key) => [key, [] as PageRow<R>[]]));
    for (const { key, row } of found) read.get(key)?.push(toPageRow(source, row, request));
    return new Map([...read].map(([key, rows]) => [key, toPage(rows, request)]));
  }

  async count(source: Source, where: Filter | null): Promise<number> {
    return this.#database.run((db, limits) =>
      db.collection(source.from).countDocuments(queryOf(source, where), { ...limits, ...SIMPLE }),
    );
  }

  async countByKeys(
    source: Source,
    field: string,
    keys: readonly string[],
    where: Filter | null,
  ): Promise<ReadonlyMap<string, number>> {
    const name = storedName(source, field);
    const wanted = isOneOf(source, field, keys);
    const stages = [
      { $match: { $and: [wanted, queryOf(source, where)] } },
      // A document may refer to several rows by an array; a page finds it for each of them, so it counts for each.
      { $unwind: `$${name}` },
      { $match: wanted },
      { $group: { _id: `$${name}`, count: { $sum: 1 } } },
    ];
    const groups = await this.#database.run((db, limits) =>
      db
        .collection(source.from)
        .aggregate<{ _id: unknown; count: number }>(stages, { ...limits, ...SIMPLE })
        .toArray(),
    );
    const { kind } = fieldOf(source, field);
    return new Map(groups.map(({ _id, count }) => [String(fromStored(kind, _id)), count]));
  }

  accepts(_source: Source, orderBy: readonly SortTerm[], position: Position): boolean {
    return position.length === orderBy.length && isPosition(position);
  }

  isKeysFault(error: unknown): boolean {
    return error instanceof mongoose.mongo.MongoServerError && KEYS_FAULTS.has(error.code);
  }
}

function isOneOf(source: Source, field: string, keys: readonly string[]): Document {
  const { kind } = fieldOf(source, field);
  return { [storedName(source, field)]: { $in: keys.map((key) => toStored(kind, key)) } };
}

function projection(source: Source, fields: ReadonlySet<string>): Record<string, 0 | 1> {
  const names = new Set([...fields].map((name) => storedName(source, name)));
  return {
    ...(names.has('_id') ? {} : { _id: 0 }),
    ...Object.fromEntries([...names].map((name) => [name, 1 as const])),
  };
}

/** The rows of a page in reading order, and one more, with what they were sorted by. */
function rowStages(source: Source, request: PageRequest): Document[] {
  const { where, fields } = request;
  const projected = {
    ...projection(source, new Set([...fields, KEY])),
    [POSITION]: positionExpression(source, request.orderBy),
  };
  return [
    ...(where === null ? [] : [{ $match: queryOf(source, where) }]),
    ...pageStages(source, request),
    { $project: projected },
  ];
}

function toPageRow<R extends object>(source: Source<R>, document: Document, request: PageRequest): PageRow<R> {
  return {
    row: toRow(source, document, new Set([...request.fields, KEY])),
    position: positionFrom(source, request.orderBy, document),
  };
}
