import {
  fieldOf,
  storedName,
  type Page,
  type PageRequest,
  type Position,
  type Source,
  type SourceReader,
} from '../../join/source.js';
import { isPosition, POSITION, positionFrom, sortOf, stagesAfter, type Document } from './keyset.js';
import type { MongoDatabase } from './mongo.js';
import { fromStored, toStored } from './values.js';

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
    const wanted = new Set([...fields, source.key, field]);
    const filter = { [storedName(source, field)]: { $in: storedKeys(source, field, keys) } };
    const documents = await this.#database.run((db, limits) =>
      db
        .collection(source.from)
        .find(filter, { projection: projection(source, wanted), ...limits })
        .toArray(),
    );
    return documents.map((document) => toRow(source, document, wanted));
  }

  accepts(_source: Source, position: Position): boolean {
    return isPosition(position);
  }

  async findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>> {
    const documents = await this.#database.run((db, limits) =>
      db.collection(source.from).aggregate(pageStages(source, request), limits).toArray(),
    );
    return toPage(source, documents, request);
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
      pipeline: pageStages(source, request),
      as: 'rows',
    };
    const stages = [{ $documents: keys.map((key) => ({ key, stored: toStored(kind, key) })) }, { $lookup: lookup }];
    const groups = await this.#database.run((db, limits) =>
      db.aggregate<{ key: string; rows: Document[] }>(stages, limits).toArray(),
    );
    return new Map(groups.map(({ key, rows }) => [key, toPage(source, rows, request)]));
  }

  async count(source: Source): Promise<number> {
    return this.#database.run((db, limits) => db.collection(source.from).countDocuments({}, limits));
  }

  async countByKeys(source: Source, field: string, keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const name = storedName(source, field);
    const stored = storedKeys(source, field, keys);
    const stages = [
      { $match: { [name]: { $in: stored } } },
      // A document may refer to several rows by an array; a page finds it for each of them, so it counts for each.
      { $unwind: `$${name}` },
      { $match: { [name]: { $in: stored } } },
      { $group: { _id: `$${name}`, count: { $sum: 1 } } },
    ];
    const groups = await this.#database.run((db, limits) =>
      db.collection(source.from).aggregate<{ _id: unknown; count: number }>(stages, limits).toArray(),
    );
    const { kind } = fieldOf(source, field);
    return new Map(groups.map(({ _id, count }) => [String(fromStored(kind, _id)), count]));
  }
}

function storedKeys(source: Source, field: string, keys: readonly string[]): unknown[] {
  const { kind } = fieldOf(source, field);
  return keys.map((key) => toStored(kind, key));
}

function projection(source: Source, fields: ReadonlySet<string>): Record<string, 0 | 1> {
  const names = new Set([...fields].map((name) => storedName(source, name)));
  return {
    ...(names.has('_id') ? {} : { _id: 0 }),
    ...Object.fromEntries([...names].map((name) => [name, 1 as const])),
  };
}

/** One row more than wanted: it says whether there is a next page. */
function pageStages(source: Source, request: PageRequest): Document[] {
  const read = new Set([...request.fields, source.key]);
  return [
    ...stagesAfter(source, request.after),
    { $sort: sortOf(source) },
    { $limit: request.first + 1 },
    { $project: { ...projection(source, read), [POSITION]: { $meta: 'sortKey' } } },
  ];
}

function toPage<R extends object>(source: Source<R>, documents: readonly Document[], request: PageRequest): Page<R> {
  const fields = new Set([...request.fields, source.key]);
  return {
    rows: documents.slice(0, request.first).map((document) => ({
      row: toRow(source, document, fields),
      position: positionFrom(document),
    })),
    hasNextPage: documents.length > request.first,
  };
}

function toRow<R extends object>(source: Source<R>, document: Document, fields: ReadonlySet<string>): R {
  const entries = [...fields].map((name) => {
    const value = document[storedName(source, name)];
    return [name, fromStored(fieldOf(source, name).kind, value)] as const;
  });
  return Object.fromEntries(entries) as R;
}
