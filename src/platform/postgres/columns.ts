import { fieldOf, storedName, type FieldKind, type Source } from '../../join/source.js';

/** A name as PostgreSQL takes it, quotes doubled. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const TYPES: Readonly<Record<FieldKind, string>> = {
  uuid: 'uuid',
  // The ids of the other database are text here.
  objectId: 'text',
  text: 'text',
  // Compares with columns of 16, 32 and 64 bits, each by its index.
  int: 'bigint',
  float: 'double precision',
  decimal: 'numeric',
  boolean: 'boolean',
  dateTime: 'timestamptz',
};

/** The type that a value of this kind is cast to before it is compared with a column. */
export function typeOf(kind: FieldKind): string {
  return TYPES[kind];
}

/** What a field is read by: money as text, so that it never becomes a float on the way. */
export function readBy(source: Source, name: string): string {
  const column = quoted(storedName(source, name));
  const { kind } = fieldOf(source, name);
  if (kind === 'decimal') return `${column}::text`;
  // What one sees of a `real` is then what it compares as.
  return kind === 'float' ? `${column}::${typeOf(kind)}` : column;
}

/** The column with its table: a bare name in ORDER BY is what was selected under it, which for money is a text. */
export function columnOf(source: Source, name: string): string {
  return `${quoted(source.from)}.${quoted(storedName(source, name))}`;
}

/**
 * What a field is compared by. An id of MongoDB was written in whatever case; a text may lie in a column of an enum or of
 * varchar. The cast costs nothing, nor an index, where the column has that type.
 */
export function comparedBy(source: Source, name: string): string {
  const column = columnOf(source, name);
  const { kind } = fieldOf(source, name);
  if (kind === 'objectId') return `lower(${column})`;
  return kind === 'text' || kind === 'float' ? `${column}::${typeOf(kind)}` : column;
}

/** What a field is sorted by. Texts go by code point: so MongoDB does it, and a cursor outlives a change of locale. */
export function sortedBy(source: Source, name: string): string {
  const isText = typeOf(fieldOf(source, name).kind) === 'text';
  return isText ? `${comparedBy(source, name)} COLLATE "C"` : comparedBy(source, name);
}

/**
 * The expression of a field's place in a sort, as text that casts back to the same value: a point in time keeps its
 * microseconds (by milliseconds, rows of the same one were lost at a page's border: measured), infinity and years before
 * Christ. Sessions write times by ISO in UTC.
 */
export function positionOf(source: Source, name: string): string {
  const compared = comparedBy(source, name);
  // Of a `date`, or a `timestamp` without a zone, as of one with it.
  return fieldOf(source, name).kind === 'dateTime' ? `${compared}::timestamptz::text` : `${compared}::text`;
}
