import { presentedId } from '../../join/key.js';
import { fieldOf, type Source } from '../../join/source.js';
import { quoted, readBy, sortedBy } from './columns.js';

/** What to select, or to return from a write, so that {@link toRow} can make a source's row of it: each field by its name. */
export function rowColumns(source: Source, fields: Iterable<string> = Object.keys(source.fields)): string {
  return [...fields]
    .map((name) => {
      const [expression, alias] = [readBy(source, name), quoted(name)];
      return expression === alias ? alias : `${expression} AS ${alias}`;
    })
    .join(', ');
}

/**
 * The order in which rows that share a key are read: the oldest first, by the source's own order, then by every field.
 * Rows that tie look the same.
 */
export function fixedOrder(source: Source): string {
  const terms = source.orderBy.map(({ field, direction }) => ({ field, isDown: direction === 'asc' }));
  const first = new Set(terms.map(({ field }) => field));
  const others = Object.keys(source.fields).filter((name) => !first.has(name));
  return [...terms, ...others.map((field) => ({ field, isDown: false }))]
    .map(({ field, isDown }) => `${sortedBy(source, field)}${isDown ? ' DESC' : ''}`)
    .join(', ');
}

/** A row as the source declares it, without what else was read with it. */
export function toRow<R extends object>(source: Source<R>, row: Readonly<Record<string, unknown>>): R {
  const entries = Object.entries(row).filter(([name]) => Object.hasOwn(source.fields, name));
  return Object.fromEntries(entries.map(([name, value]) => [name, toValue(source, name, value)])) as R;
}

function toValue(source: Source, name: string, value: unknown): unknown {
  const { kind } = fieldOf(source, name);
  // Prisma gives 64 bits as a bigint, whatever the number is.
  if (kind === 'int' && typeof value === 'bigint') return Number(value);
  if (kind === 'float') return Number.isFinite(value) ? value : null;
  if (kind === 'dateTime') return isShowable(value) ? value : null;
  return kind === 'objectId' ? presentedId(kind, value) : value;
}

/** Infinity, years before Christ and beyond 9999 are times of PostgreSQL's, and none of ISO 8601's. */
function isShowable(value: unknown): boolean {
  const year = value instanceof Date ? value.getUTCFullYear() : Number.NaN;
  return year >= 0 && year <= 9_999;
}
