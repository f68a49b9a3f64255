import DataLoader from 'dataloader';
import { alignToKeys } from './align.js';
import { decodeCursor } from './cursor.js';
import { normalizeKey } from './key.js';
import type { Filter } from './filter.js';
import { isolate, type Batch } from './failing-key.js';
import { toPage, type Page, type PageRequest, type Position } from './page.js';
import type { SourceReader } from './reader.js';
import { relationName, type Relation } from './relation.js';
import { fieldOf, KEY, type DatabaseName, type SortTerm, type Source } from './source.js';

/** Keys in one statement at most; more are split. Above what any page size within the limits brings to one level. */
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

  constructor(readers: Readonly<Record<DatabaseName, SourceReader>>) {
    this.#readers = readers;
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
      const rows = await this.#reader(source).findByKeys(source, field, keys, union);
      return alignToKeys(rows, (row) => normalizeKey(kind, row[field as keyof R]));
    });
  }

  /** The partner of a row, or null where the reference dangles. */
  one<F extends object, T extends object>(relation: Relation<F, T>, row: F, fields: ReadonlySet<string>) {
    return this.byKey(relation.to, row[relation.field as keyof F], fields);
  }

  /** A page of the rows that refer to a row; empty where there are none. */
  async many<F extends object>(relation: Relation<F>, row: object, request: PageRequest): Promise<Page<F>> {
    const { from, field } = relation;
    const key = keyOf(relation, row);
    if (key === null) return toPage<F>([], request);
    const { fields, ...stretch } = request;
    const name = `${relationName(relation)} ${JSON.stringify(stretch)}`;
    return this.#load<Page<F>>(from, name, { key, fields }, async (keys, union) => {
      const pages = await this.#reader(from).findPages(from, field, keys, { ...stretch, fields: union });
      return (one) => pages.get(one) ?? toPage<F>([], request);
    });
  }

  /** How many rows that meet the filter refer to a row. */
  async countMany(relation: Relation, row: object, where: Filter | null): Promise<number> {
    const { from, field } = relation;
    const key = keyOf(relation, row);
    if (key === null) return 0;
    const name = `${relationName(relation)} count ${JSON.stringify(where)}`;
    return this.#load(from, name, { key, fields: NO_FIELDS }, async (keys) => {
      const counts = await this.#reader(from).countByKeys(from, field, keys, where);
      return (one) => counts.get(one) ?? 0;
    });
  }

  /** A page of a whole source. */
  page<R extends object>(source: Source<R>, { fields, ...stretch }: PageRequest): Promise<Page<R>> {
    return this.#load(source, `page ${JSON.stringify(stretch)}`, { key: '', fields }, async (_, union) => {
      const page = await this.#reader(source).findPage(source, { ...stretch, fields: union });
      return () => page;
    });
  }

  /** How many rows of a source meet the filter. */
  count(source: Source, where: Filter | null): Promise<number> {
    return this.#load(source, `count ${JSON.stringify(where)}`, { key: '', fields: NO_FIELDS }, async () => {
      const count = await this.#reader(source).count(source, where);
      return () => count;
    });
  }

  /** The position that a cursor of this list holds, or null for any other string. */
  position(source: Source, orderBy: readonly SortTerm[], cursor: string): Position | null {
    const position = decodeCursor(source, orderBy, cursor);
    return position !== null && this.#reader(source).accepts(source, orderBy, position) ? position : null;
  }

  /** Forgets what was loaded of a source; who writes to it calls this, so that what is read next is what it wrote. */
  forget(written: Source): void {
    for (const [name, { source }] of this.#loaders) if (source.name === written.name) this.#loaders.delete(name);
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

function keyOf({ from, field }: Relation, row: object): string | null {
  return normalizeKey(fieldOf(from, field).kind, (row as Record<string, unknown>)[KEY]);
}

/** One slot for each wanted, in its order: its value, or the error that its key met. */
async function slots<V>(wanted: readonly Wanted[], batch: Batch<V | Error>): Promise<(V | Error)[]> {
  const keys = [...new Set(wanted.map(({ key }) => key))];
  const answer = await batch(keys, new Set(wanted.flatMap(({ fields }) => [...fields])));
  return wanted.map(({ key }) => answer(key));
}
