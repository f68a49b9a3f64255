/**
 * How a value is stored, compared and written. `uuid` and `objectId` are ids: a value that is not one of the kind can
 * match nothing, so it is never sent to the database.
 */
export type FieldKind = 'uuid' | 'objectId' | 'text' | 'int' | 'float' | 'decimal' | 'boolean' | 'dateTime';

/** One field of a source, with the type of its values in a row. */
export interface Field<V = unknown> {
  readonly kind: FieldKind;
  /** What it means, in words: the graph's description. */
  readonly description: string;
  /** Whether a row may be without a value. MongoDB enforces nothing, so there only the id is sure to be there. */
  readonly nullable: boolean;
  /** The column or document key that holds it; the field's own name where absent. */
  readonly stored?: string;
  /** The values of a text that has no others, each with its meaning. */
  readonly values?: Enumeration;
  /** Carries the values' type; never set. */
  readonly value?: V;
}

/** A type of texts that are listed: `TransactionState`. */
export interface Enumeration<V extends string = string> {
  readonly name: string;
  readonly description: string;
  readonly values: Readonly<Record<V, string>>;
}

interface FieldOptions {
  readonly stored?: string;
}

function kind<Value>(name: FieldKind) {
  return <V extends Value = Value>(description: string, options: FieldOptions = {}): Field<V> => ({
    kind: name,
    description,
    nullable: false,
    ...options,
  });
}

export const text = kind<string>('text');
/** A text that is one of those listed: an enum in the graph. */
export function oneOf<V extends string>(values: Enumeration<V>, description: string): Field<V> {
  return { ...text<V>(description), values };
}
/** 32 bits, as GraphQL's Int. */
export const int = kind<number>('int');
export const float = kind<number>('float');
export const boolean = kind<boolean>('boolean');
/** Money and the like: an exact decimal, as a string. */
export const decimal = kind<string>('decimal');
export const dateTime = kind<Date>('dateTime');
/** An id of PostgreSQL, wherever it is stored. */
export const uuid = kind<string>('uuid');
/** An id of MongoDB, wherever it is stored: 24 hex characters. */
export const objectId = kind<string>('objectId');

/** The same field, which may be without a value. */
export function nullable<V>(field: Field<V>): Field<V | null> {
  return { ...field, nullable: true };
}

export type DatabaseName = 'postgres' | 'mongo';

export type Direction = 'asc' | 'desc';

/** One term of a sort. Every sort ends with the key, so that no two rows tie. */
export interface SortTerm {
  readonly field: string;
  readonly direction: Direction;
}

/**
 * One kind of row in one database: what it is called, where it lies, and which fields it has. Pure data: the reader of
 * its database reads it, and its GraphQL type, filters and sorts are made from it.
 */
export interface Source<R extends object = object> {
  /** The plural, under which the graph lists it: `orders`. */
  readonly name: string;
  /** The singular, as the graph's type: `Order`. */
  readonly type: string;
  readonly description: string;
  readonly database: DatabaseName;
  /** The table or collection. */
  readonly from: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** The order of a list when nobody asks for another. */
  readonly orderBy: readonly SortTerm[];
  /** Fields of which no two rows share a value, beside the id. */
  readonly unique: readonly string[];
  /** The column or document key that keeps a row out of everybody's sight while it has a value. */
  readonly hiddenBy: string | null;
  /** Carries the row's type; never set. */
  readonly row?: R;
}

/** The field of every source that names one row. */
export const KEY = 'id';

const ID_KINDS: ReadonlySet<FieldKind> = new Set(['uuid', 'objectId', 'text', 'int']);

type Fields = Readonly<Record<string, Field>>;

type RowOfFields<F extends Fields> = { readonly [N in keyof F]: F[N] extends Field<infer V> ? V : never };

/** The row of a source: `type Order = RowOf<typeof orders>`. */
export type RowOf<S> = S extends Source<infer R> ? R : never;

interface Declaration<F extends Fields> {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly database: DatabaseName;
  /** The table or collection; the name where absent. */
  readonly from?: string;
  readonly fields: F & { readonly [KEY]: Field };
  /**
   * The order of a list when nobody asks for another: `{ name: 'asc' }`. Absent: newest first, by `createdAt` where the
   * source has one. Ties go by the id, without it being said.
   */
  readonly orderBy?: { readonly [N in keyof F]?: Direction };
  /** Fields of which no two rows share a value, beside the id: PostgreSQL gets an index for each. */
  readonly unique?: readonly (keyof F & string)[];
  /** The column or document key that keeps a row out of everybody's sight while it has a value. */
  readonly hiddenBy?: string;
}

/**
 * Declares a source. The id of a MongoDB source is stored as `_id` unless its field says otherwise.
 *
 * @throws {TypeError} when the order names a field that the source lacks, or the id is of a kind that names no row
 */
export function defineSource<F extends Fields>(declaration: Declaration<F>): Source<RowOfFields<F>> {
  const newestFirst = 'createdAt' in declaration.fields ? { createdAt: 'desc' } : {};
  const { orderBy = newestFirst, from = declaration.name, unique = [], hiddenBy = null, ...rest } = declaration;
  const { [KEY]: key } = declaration.fields;
  const id = declaration.database === 'mongo' ? { stored: '_id', ...key } : key;
  const fields: Fields = { ...declaration.fields, [KEY]: id };
  const terms = Object.entries(orderBy as Record<string, Direction>).map(([field, direction]) => ({
    field,
    direction,
  }));
  const source = { ...rest, from, fields, unique, hiddenBy, orderBy: endingWithKey(terms) };
  for (const { field } of source.orderBy) fieldOf(source, field);
  if (id.nullable || !ID_KINDS.has(id.kind)) {
    throw new TypeError(`source ${rest.name}: an id is one of ${[...ID_KINDS].join(', ')}, and never null`);
  }
  return source;
}

/** A sort in which no two rows tie; rows that did would be lost or doubled at a page's border. */
export function endingWithKey(terms: readonly SortTerm[]): readonly SortTerm[] {
  const upToKey = terms.findIndex(({ field }) => field === KEY);
  if (upToKey !== -1) return terms.slice(0, upToKey + 1);
  return [...terms, { field: KEY, direction: terms.at(-1)?.direction ?? 'desc' }];
}

/** The declaration of one field. @throws {TypeError} when the source has no such field. */
export function fieldOf(source: Source, name: string): Field {
  const field = Object.hasOwn(source.fields, name) ? source.fields[name] : undefined;
  if (field === undefined) throw new TypeError(`source ${source.name} has no field "${name}"`);
  return field;
}

/** What one row of a source is called, as a field of the graph: `order`. */
export function singular({ type }: Source): string {
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
}

/** Every field of a source: what is read when nobody says less. */
export function allFields(source: Source): ReadonlySet<string> {
  return new Set(Object.keys(source.fields));
}

/** The column or document key under which a field is stored. */
export function storedName(source: Source, name: string): string {
  return fieldOf(source, name).stored ?? name;
}
