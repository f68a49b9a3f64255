/**
 * How a value is stored, compared and written. `uuid` and `objectId` are ids: a value that is not one of the kind can
 * match nothing, so it is never sent to the database.
 */
export type FieldKind = 'uuid' | 'objectId' | 'text' | 'int' | 'decimal' | 'dateTime';

/** One field of a source. */
export interface Field {
  readonly kind: FieldKind;
  /** The column or document key that holds it; the field's own name where absent. */
  readonly stored?: string;
}

/** One term of a sort. The terms of a source's `orderBy` end with its key, so that no two rows tie. */
export interface SortTerm {
  readonly field: string;
  readonly direction: 'asc' | 'desc';
}

/**
 * One kind of row in one database: what it is called, where it lies, and which fields it has. Pure data: a
 * {@link SourceReader} of its database reads it.
 */
export interface Source<R extends object = object> {
  readonly name: string;
  readonly database: DatabaseName;
  /** The table or collection. */
  readonly from: string;
  /** The field that names one row. */
  readonly key: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** The order of a list when nobody asks for another. All terms have one direction; the last is the key. */
  readonly orderBy: readonly SortTerm[];
  /** Carries the row's type; never set. */
  readonly row?: R;
}

export type DatabaseName = 'postgres' | 'mongo';

/**
 * Declares a source.
 *
 * @throws {TypeError} when the key or a sort term names a field that the source lacks, or the sort does not end with
 * the key: rows that tie would be lost or doubled at a page's border.
 */
export function defineSource<R extends object>(source: Omit<Source<R>, 'row'>): Source<R> {
  const named = [source.key, ...source.orderBy.map((term) => term.field)];
  for (const name of named) fieldOf(source, name);
  if (source.orderBy.at(-1)?.field !== source.key) {
    throw new TypeError(`source ${source.name}: orderBy must end with the key "${source.key}"`);
  }
  return source;
}

/** The declaration of one field. @throws {TypeError} when the source has no such field. */
export function fieldOf(source: Source, name: string): Field {
  const field = source.fields[name];
  if (field === undefined) throw new TypeError(`source ${source.name} has no field "${name}"`);
  return field;
}

/** The column or document key under which a field is stored. */
export function storedName(source: Source, name: string): string {
  return fieldOf(source, name).stored ?? name;
}

const ID_PATTERNS: Partial<Record<FieldKind, RegExp>> = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  objectId: /^[0-9a-f]{24}$/i,
};

/**
 * The one spelling of an id under which rows are compared: lower case. Null for whatever is no id of that kind (a
 * malformed reference, null, a number): nobody is there, and one such value never reaches a query, where it would fail
 * the whole batch. `0` and `''` are values of the kinds that are not ids.
 */
export function normalizeKey(kind: FieldKind, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const pattern = ID_PATTERNS[kind];
  if (pattern !== undefined) return typeof value === 'string' && pattern.test(value) ? value.toLowerCase() : null;
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && isStorable(value) ? value : null;
}

/** A stored id as it goes out: in lower case where it is one of its kind, else as it was written. */
export function presentedId<T>(kind: FieldKind, value: T): T | string {
  return normalizeKey(kind, value) ?? value;
}

/** PostgreSQL holds no NUL and no half surrogate pair in a text; as a parameter they would fail the statement. */
function isStorable(text: string): boolean {
  return storableText(text) === text;
}

/** A text as PostgreSQL can hold it: MongoDB holds what it cannot, and a copy must not fail for that. */
export function storableText<T extends string | null>(text: T): T | string {
  return text === null ? text : text.replaceAll('\0', '').toWellFormed();
}

/** Where a row stands in a sort: one value per term, each exact enough to continue from (microseconds included). */
export type Position = readonly (string | number | null)[];

/** A stretch of a sorted list. */
export interface PageRequest {
  readonly fields: ReadonlySet<string>;
  /** How many rows at most. */
  readonly first: number;
  /** Only rows behind this position; null from the start. */
  readonly after: Position | null;
}

/** A row and where it stands. */
export interface PageRow<R> {
  readonly row: R;
  readonly position: Position;
}

export interface Page<R> {
  readonly rows: readonly PageRow<R>[];
  readonly hasNextPage: boolean;
}

/**
 * Reads the sources of one database, in bulk: every method is one statement, whatever the number of keys. Keys come
 * normalised and without duplicates; answers are matched by key, never by position.
 */
export interface SourceReader {
  /** The rows whose `field` is one of `keys`; each row holds at least `fields` and `field`. Order is not promised. */
  findByKeys<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    fields: ReadonlySet<string>,
  ): Promise<readonly R[]>;
  /** Whether a position that came in with a cursor is one that this reader could have given out for the source. */
  accepts(source: Source, position: Position): boolean;
  /** One page of the whole source. */
  findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>>;
  /** One page for each key: the rows whose `field` is that key. A key without rows may be absent. */
  findPages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: PageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>>;
  /** How many rows the source has. */
  count(source: Source): Promise<number>;
  /** How many rows there are for each key. A key without rows may be absent. */
  countByKeys(source: Source, field: string, keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
