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
 * The expression of a field's place in a sort, as text that casts back to the same value: a point in time keeps its
 * microseconds (by milliseconds, rows of the same one were lost at a page's border: measured), infinity and years before
 * Christ. Sessions write times by ISO in UTC.
 */
export function positionOf(source: Source, name: string): string {
  return `${quoted(storedName(source, name))}::text`;
}

const TIME = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?\+00(?: BC)?$/;
const NUMBER = /^-?\d{1,30}(?:\.\d{1,30})?$/;

/** Whether a value from a cursor can be cast to the kind's type; PostgreSQL refuses the statement where it cannot. */
export function isComparable(kind: FieldKind, value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== 'string') return false;
  switch (kind) {
    case 'dateTime':
      return value === 'infinity' || value === '-infinity' || isTime(value);
    case 'int':
      return /^-?\d{1,9}$/.test(value);
    case 'decimal':
      return value === 'NaN' || NUMBER.test(value);
    case 'uuid':
      return normalizeKey(kind, value) !== null;
    // The ids of the other database lie here as they were written.
    case 'objectId':
    case 'text':
      return normalizeKey('text', value) !== null;
  }
}

function isTime(value: string): boolean {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (TIME.exec(value) ?? [])
    .slice(1)
    .map(Number);
  // The same place in the calendar's cycle of 400 years: Date does not reach as far as PostgreSQL does.
  const date = new Date(Date.UTC(2000 + (year % 400), month - 1, day));
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return year >= 1 && year <= 294_275 && isDay && hour < 24 && minute < 60 && second < 60;
}
