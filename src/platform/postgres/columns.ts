import { fieldOf, normalizeKey, storedName, type FieldKind, type Source } from '../../join/source.js';

/** A name as PostgreSQL takes it, quotes doubled. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const TYPES: Readonly<Record<FieldKind, string>> = {
  uuid: 'uuid',
  // The ids of the other database are text here.
  objectId: 'text',
  text: 'text',
  int: 'int',
  decimal: 'numeric',
  dateTime: 'timestamptz',
};

/** The type that a value of this kind is cast to before it is compared with a column. */
export function typeOf(kind: FieldKind): string {
  return TYPES[kind];
}

/** The expression that reads a field: money as text, so that it never becomes a float on the way. */
export function columnOf(source: Source, name: string): string {
  const column = quoted(storedName(source, name));
  return fieldOf(source, name).kind === 'decimal' ? `${column}::text` : column;
}

/**
 * The expression of a field's place in a sort. A point in time keeps its microseconds: by milliseconds, rows of the
 * same one were lost at a page's border (measured).
 */
export function positionOf(source: Source, name: string): string {
  const column = quoted(storedName(source, name));
  if (fieldOf(source, name).kind !== 'dateTime') return `${column}::text`;
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

const MICROSECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

/** Whether a value from a cursor can be cast to the kind's type; PostgreSQL refuses the statement where it cannot. */
export function isComparable(kind: FieldKind, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (kind === 'decimal' || kind === 'int') return /^-?\d{1,9}(\.\d{1,6})?$/.test(value);
  if (kind === 'dateTime') return MICROSECONDS.test(value) && isCalendarDate(value);
  return normalizeKey(kind, value) !== null;
}

/** JavaScript rolls 30 February over into March, PostgreSQL refuses it. */
function isCalendarDate(value: string): boolean {
  const date = new Date(value);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === value.slice(0, 19);
}
