import DataLoader from 'dataloader';
import { alignToKeys } from './align.js';
import { decodeCursor } from './cursor.js';
import { relationName, targetKind, type Relation } from './relation.js';
import {
  fieldOf,
  normalizeKey,
  type DatabaseName,
  type Page,
  type PageRequest,
  type Position,
  type Source,
  type SourceReader,
} from './source.js';

/** Keys in one statement at most; more are split. Above what any page size within the limits brings to one level. */
const MAX_BATCH = 10_000;

interface Wanted {
  readonly key: string;
  readonly fields: ReadonlySet<string>;
}

/** A stretch of a list, without the columns: what tells one loader of pages from another. */
interface Stretch {
  readonly first: number;
  readonly after: Position | null;
}

type Loader = DataLoader<Wanted, unknown, string>;

/**
 * The joins of ONE request: its loaders live and die with it, so no request ever sees what another has loaded.
 *
 * All look-ups of one relation with the same arguments that are asked for in the same tick become one statement, which
 * reads the union of the fields they want. A key that cannot be an id answers null (or an empty page) without a
 * statement. A statement that fails fails its keys and is forgotten, so that a later look-up asks again.
 */
export class Joins {
  readonly #readers: Readonly<Record<DatabaseName, SourceReader>>;
  readonly #loaders = new Map<string, { target: string; loader: Loader }>();

  constructor(readers: Readonly<Record<DatabaseName, SourceReader>>) {
    this.#readers = readers;
  }

  /** The row with this key, or null where nobody is there. */
  byKey<R extends object>(source: Source<R>, key: unknown, fields: ReadonlySet<string>): Promise<R | null> {
    return this.#row(source, source.key, key, fields);
  }

  /** The one partner of a row, or null where the reference dangles. */
  one<T extends object>(relation: Relation<object, T>, row: object, fields: ReadonlySet<string>): Promise<T | null> {
    return this.#row(relation.to, relation.target, reference(relation, row), fields);
  }

  /** A page of a row's partners; empty where there are none. */
  async many<T extends object>(relation: Relation<object, T>, row: object, request: PageRequest): Promise<Page<T>> {
    const key = normalizeKey(targetKind(relation), reference(relation, row));
    if (key === null) return EMPTY_PAGE;
    const { fields, ...stretch } = request;
    const name = `${relationName(relation)} ${JSON.stringify(stretch)}`;
    const loader = this.#loader(relation.to, name, (wanted) => this.#pages(relation, stretch, wanted));
    return (await loader.load({ key, fields })) as Page<T>;
  }

  /** How many partners a row has. */
  async count(relation: Relation, row: object): Promise<number> {
    const key = normalizeKey(targetKind(relation), reference(relation, row));
    if (key === null) return 0;
    const loader = this.#loader(relation.to, `${relationName(relation)} count`, async (wanted) => {
      const keys = distinctKeys(wanted);
      const counts = await this.#readers[relation.to.database].countByKeys(relation.to, relation.target, keys);
      return wanted.map(({ key }) => counts.get(key) ?? 0);
    });
    return (await loader.load({ key, fields: NO_FIELDS })) as number;
  }

  /** A page of a whole source. */
  page<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>> {
    return this.#readers[source.database].findPage(source, request);
  }

  /** The position that a cursor of this source holds, or null for any other string. */
  position(source: Source, cursor: string): Position | null {
    const position = decodeCursor(source, cursor);
    return position !== null && this.#readers[source.database].accepts(source, position) ? position : null;
  }

  /** How many rows a source has. */
  total(source: Source): Promise<number> {
    return this.#readers[source.database].count(source);
  }

  /** Forgets what was loaded of a source; who writes to it calls this, so that what is read next is what it wrote. */
  forget(source: Source): void {
    for (const [name, { target }] of this.#loaders) if (target === source.name) this.#loaders.delete(name);
  }

  async #row<R extends object>(source: Source<R>, field: string, value: unknown, fields: ReadonlySet<string>) {
    const { kind } = fieldOf(source, field);
    const key = normalizeKey(kind, value);
    if (key === null) return null;
    const loader = this.#loader(source, `${source.name} by ${field}`, async (wanted) => {
      const keys = distinctKeys(wanted);
      const rows = await this.#readers[source.database].findByKeys(source, field, keys, unionOfFields(wanted));
      const keyOf = (row: R) => normalizeKey(kind, row[field as keyof R]);
      return alignToKeys(
        wanted.map((one) => one.key),
        rows,
        keyOf,
      );
    });
    return (await loader.load({ key, fields })) as R | null;
  }

  async #pages(relation: Relation, stretch: Stretch, wanted: readonly Wanted[]): Promise<Page<object>[]> {
    const request: PageRequest = { ...stretch, fields: unionOfFields(wanted) };
    const reader = this.#readers[relation.to.database];
    const pages = await reader.findPages(relation.to, relation.target, distinctKeys(wanted), request);
    return wanted.map(({ key }) => pages.get(key) ?? EMPTY_PAGE);
  }

  #loader(source: Source, name: string, batch: (wanted: readonly Wanted[]) => Promise<readonly unknown[]>): Loader {
    const known = this.#loaders.get(name);
    if (known !== undefined) return known.loader;
    const loader: Loader = new DataLoader(batch, {
      name,
      maxBatchSize: MAX_BATCH,
      cacheKeyFn: ({ key, fields }) => `${key} ${[...fields].sort().join()}`,
    });
    this.#loaders.set(name, { target: source.name, loader });
    return loader;
  }
}

const EMPTY_PAGE: Page<never> = { rows: [], hasNextPage: false };
const NO_FIELDS: ReadonlySet<string> = new Set();

function reference(relation: Relation, row: object): unknown {
  return (row as Record<string, unknown>)[relation.field];
}

function distinctKeys(wanted: readonly Wanted[]): string[] {
  return [...new Set(wanted.map(({ key }) => key))];
}

function unionOfFields(wanted: readonly Wanted[]): ReadonlySet<string> {
  return new Set(wanted.flatMap(({ fields }) => [...fields]));
}
