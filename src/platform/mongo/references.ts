import mongoose from 'mongoose';
import { normalizeKey } from '../../join/key.js';
import type { Position } from '../../join/page.js';
import { fieldOf, KEY, storedName, type Source } from '../../join/source.js';
import type { Meant } from '../wrapped-reference.js';
import { documentsMeant } from './any-key.js';
import { behind } from './bounds.js';
import type { Document } from './document.js';
import type { MongoDatabase } from './mongo.js';
import { decodedValue, encodedValue } from './position.js';
import { visible } from './filter.js';
import { projection, toRow } from './rows.js';
import { MongoSourceReader } from './source-reader.js';
import { storedForms } from './stored-forms.js';
import { fromStored } from './stored-values.js';

const ID = '_id';
const BY_ID = { [ID]: 1 } as const;
const ID_KEYS = [{ name: ID, isStored: true, direction: 1 }] as const;

/**
 * Reads the references that a source's documents hold, for an audit of all of them: as documents are read for the graph,
 * in the order of `_id`.
 */
export class MongoReferences {
  readonly #database: MongoDatabase;
  readonly #reader: MongoSourceReader;

  constructor(database: MongoDatabase) {
    this.#database = database;
    this.#reader = new MongoSourceReader(database);
  }

  /** By the collection's own count, which costs nothing, and may be off after a crash. */
  async size({ from }: Source): Promise<{ rows: number; isExact: boolean }> {
    const rows = await this.#database.run((db, { maxTimeMS }) =>
      db.collection(this.#database.nameOf(from)).estimatedDocumentCount({ maxTimeMS }),
    );
    return { rows, isExact: false };
  }

  /** The documents behind a place; `next` is null when there are no more. */
  async stretch(source: Source, fields: ReadonlySet<string>, after: string | null, limit: number) {
    const position = after === null ? null : (JSON.parse(after) as Position);
    const documents = await this.#behind(source, fields, position, limit);
    const last = documents.length < limit ? undefined : documents.at(-1);
    const next = last === undefined ? null : JSON.stringify([encodedValue(last[ID])]);
    return { rows: documents.map((document) => toRow(source, document, fields)), next };
  }

  /**
   * From the place on in the index, whatever types of ids lie behind it, without the document at the place itself. A view
   * has no index: there the ids are compared, which takes three times as long.
   */
  async #behind(source: Source, fields: ReadonlySet<string>, position: Position | null, limit: number) {
    // Without a collation, unlike what the graph sends: the collection's own is the one that its `_id` is sorted by.
    const options = { projection: { ...projection(source, fields), ...BY_ID }, sort: BY_ID };
    const find = (filter: Document, bounds: object) =>
      this.#database.run<Document[]>((db, limits) =>
        db
          .collection(this.#database.nameOf(source.from))
          .find({ ...visible(source), ...filter }, { ...options, ...bounds, ...limits })
          .toArray(),
      );
    if (position === null) return find({}, { limit });
    const [place = null] = position;
    try {
      const min = { [ID]: place === null ? null : decodedValue(String(place)) };
      const found = await find({}, { min, hint: BY_ID, limit: limit + 1 });
      const rest = found.filter((document, at) => at > 0 || encodedValue(document[ID]) !== place);
      return rest.slice(0, limit);
    } catch (error) {
      if (!isOfView(error)) throw error;
      return find(behind(ID_KEYS, BY_ID, position), { limit });
    }
  }

  /** About so many documents from anywhere. */
  async sample(source: Source, fields: ReadonlySet<string>, _size: unknown, wanted: number) {
    const stages = [
      { $sample: { size: Math.trunc(wanted) } },
      { $match: visible(source) },
      { $project: projection(source, fields) },
    ];
    const documents = await this.#database.run((db, limits) =>
      db.collection(this.#database.nameOf(source.from)).aggregate<Document>(stages, limits).toArray(),
    );
    return documents.map((document) => toRow(source, document, fields));
  }

  /**
   * Those of the keys under which the graph finds a document. Most are stored in the usual way, for which the index alone
   * answers; the others are asked for as the graph does.
   */
  async present(source: Source, keys: readonly string[]): Promise<ReadonlySet<string>> {
    const { kind } = fieldOf(source, KEY);
    const usual = storedName(source, KEY) === ID ? await this.#storedAsUsual(source, keys) : [];
    const found = new Set(usual.map((value) => normalizeKey(kind, fromStored(kind, value))));
    const others = keys.filter((key) => !found.has(key));
    const rows = others.length === 0 ? [] : await this.#reader.findByKeys(source, KEY, others, new Set([KEY]), null);
    for (const row of rows) found.add(normalizeKey(kind, (row as Record<string, unknown>)[KEY]));
    return new Set([...found].filter((key) => key !== null));
  }

  /** The documents that references mean although the graph does not find them: see {@link documentsMeant}. */
  meant(source: Source, references: readonly string[], caseless = false): Promise<ReadonlyMap<string, Meant>> {
    return documentsMeant(this.#database, source, references, caseless);
  }

  async #storedAsUsual(source: Source, keys: readonly string[]): Promise<readonly unknown[]> {
    const { kind } = fieldOf(source, KEY);
    const forms = keys.flatMap((key) => storedForms(kind, key).slice(0, 1));
    const documents = await this.#database.run((db, limits) =>
      db
        .collection(this.#database.nameOf(source.from))
        .find({ [ID]: { $in: forms } } as Document, { projection: BY_ID, collation: { locale: 'simple' }, ...limits })
        .toArray(),
    );
    return documents.map(({ _id }): unknown => _id);
  }
}

const INVALID_PIPELINE_OPERATOR = 168;

/** Bounds of an index are refused where a view would have to be read by a pipeline. */
function isOfView(error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoServerError && error.code === INVALID_PIPELINE_OPERATOR;
}
