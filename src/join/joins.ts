import DataLoader from 'dataloader';
import { alignToKeys } from './align.js';
import { decodeCursor } from './cursor.js';
import { normalizeKey } from './key.js';
import { both, type Filter } from './filter.js';
import { isolate, type Batch } from './failing-key.js';
import type { List } from './list.js';
import { once } from './once.js';
import { toPage, type Page, type PageRequest, type Position } from './page.js';
import type { SourceReader } from './reader.js';
import { referenceOf, type Relation } from './relation.js';
import { SEES_ALL, type Sight } from './sight.js';
import { endingWithKey, fieldOf, KEY, type DatabaseName, type SortTerm, type Source } from './source.js';

/** Keys in one statement at most; more are split. */
const MAX_BATCH = 10_000;

interface Wanted {
  readonly key: string;
  readonly fields: ReadonlySet<string>;
}

/**
 * The joins of ONE request: its loaders live and die with it, so no request ever sees what another has loaded.
 *
 * All look-ups of one relation with the same arguments that are asked for in the same tick become one statement, which
 * reads the union of the fields they want. A key that cannot be an id answers null (or an empty page) without a
 * statement. A failing key fails alone; a statement that fails is forgotten, so that a later look-up asks again.
 */
export class Joins {
  readonly #readers: Readonly<Record<DatabaseName, SourceReader>>;
  readonly #loaders = new Map<
    string,
    { readonly source: Source; readonly loader: DataLoader<Wanted, unknown, string> }
  >();

  /** What the one who asks may see; it is in every statement. */
  readonly sight: Sight;

  constructor(readers: Readonly<Record<DatabaseName, SourceReader>>, sight = SEES_ALL) {
    this.#readers = readers;
    this.sight = sight;
  }

  /** The row with this key, or null where nobody is there. */
  byKey<R extends object>(source: Source<R>, key: unknown, fields: ReadonlySet<string>): Promise<R | null> {
    return this.by(source, KEY, key, fields);
  }

  /** The row whose `field` has this value, for a field that no two rows share; null where there is none. */
  async by<R extends object>(source: Source<R>, field: string, value: unknown, fields: ReadonlySet<string>) {
    const { kind } = fieldOf(source, field);
    const key = normalizeKey(kind, value);
    if (key === null) return null;
    return this.#load<R | null>(source, `by ${field}`, { key, fields }, async (keys, union) => {
      const rows = await this.#reader(source).findByKeys(source, field, keys, union, this.sight.rows(source));
      return alignToKeys(rows, (row) => normalizeKey(kind, row[field as keyof R]));
    });
  }

  /** The partner of a row, or null where the reference dangles. @throws {TypeError} for a row that was read without it */
  async one<F extends object, T extends object>(relation: Relation<F, T>, row: F, fields: ReadonlySet<string>) {
    return this.byKey(relation.to, referenceOf(relation, row, relation.field), fields);
  }

  /** A page of a list; empty where nothing can be in it, or nothing is wanted of it. */
  async page<R extends object>({ source, by, key }: List<R>, request: PageRequest): Promise<Page<R>> {
    if (key === null || request.limit === 0) return toPage<R>([], request);
    const wanted = { key, fields: request.fields };
    return this.#load<Page<R>>(source, `page ${by ?? ''} ${stretchOf(request)}`, wanted, async (keys, fields) => {
      const reader = this.#reader(source);
      const seen = { ...request, fields, where: both(this.sight.rows(source), request.where) };
      if (by === null) return always(await reader.findPage(source, seen));
      const pages = await reader.findPages(source, by, keys, seen);
      return (one) => pages.get(one) ?? toPage<R>([], request);
    });
  }

  /** How many rows of a list meet the filter. */
  async count({ source, by, key }: List, where: Filter | null): Promise<number> {
    if (key === null) return 0;
    const wanted = { key, fields: NO_FIELDS };
    return this.#load(source, `count ${by ?? ''} ${where === null ? '' : filterText(where)}`, wanted, async (keys) => {
      const reader = this.#reader(source);
      const seen = both(this.sight.rows(source), where);
      if (by === null) return always(await reader.count(source, seen));
      const counts = await reader.countByKeys(source, by, keys, seen);
      return (one) => counts.get(one) ?? 0;
    });
  }

  /** The order of a list when nobody asks for another, as far as the asker may know it: a cursor tells what it is by. */
  orderOf(source: Source): readonly SortTerm[] {
    return endingWithKey(source.orderBy.filter(({ field }) => this.sight.reads(source, field)));
  }

  /** The position that a cursor of this list holds, or null for any other string. */
  position(source: Source, orderBy: readonly SortTerm[], cursor: string): Position | null {
    const position = decodeCursor(source, orderBy, cursor);
    return position !== null && this.#reader(source).accepts(source, orderBy, position) ? position : null;
  }

  /**
   * Runs a write to a source and forgets what was loaded of it, so that what is read next is what was written; however
   * the write ends, for one that failed may have been done.
   */
  async writing<T>(source: Source, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } finally {
      for (const [name, loaded] of this.#loaders) if (loaded.source.name === source.name) this.#loaders.delete(name);
    }
  }

  #reader(source: Source): SourceReader {
    return this.#readers[source.database];
  }

  /** Through the loader of this name, which keeps the answer for the rest of the request. */
  async #load<V>(source: Source, name: string, wanted: Wanted, batch: Batch<V>): Promise<V> {
    const full = `${source.name} ${name}`;
    let loader = this.#loaders.get(full)?.loader;
    if (loader === undefined) {
      const isKeysFault = (error: unknown) => this.#reader(source).isKeysFault(error);
      loader = new DataLoader<Wanted, unknown, string>((all) => slots(all, isolate(batch, isKeysFault)), {
        name: full,
        maxBatchSize: MAX_BATCH,
        cacheKeyFn: ({ key, fields }) => `${key} ${[...fields].sort().join()}`,
      });
      this.#loaders.set(full, { source, loader });
    }
    try {
      return (await loader.load(wanted)) as V;
    } catch (error) {
      loader.clear(wanted);
      throw error;
    }
  }
}

const NO_FIELDS: ReadonlySet<string> = new Set();

/** Every row of a level asks with one request, so what tells its loader apart is written once. */
const stretchOf = once((request: PageRequest) => JSON.stringify({ ...request, fields: undefined }));
const filterText = once((where: Filter) => JSON.stringify(where));

function always<V>(value: V): () => V {
  return () => value;
}

/** One slot for each wanted, in its order: its value, or the error that its key met. */
async function slots<V>(wanted: readonly Wanted[], batch: Batch<V | Error>): Promise<(V | Error)[]> {
  const keys = [...new Set(wanted.map(({ key }) => key))];
  const answer = await batch(keys, new Set(wanted.flatMap(({ fields }) => [...fields])));
  return wanted.map(({ key }) => answer(key));
}
