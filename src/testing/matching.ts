import Big from 'big.js';
import type { Comparison, Condition, Filter, Scalar } from '../join/filter.js';
import type { Position } from '../join/page.js';
import { fieldOf, type FieldKind, type SortTerm, type Source } from '../join/source.js';

/** What a field of a row holds. */
export type Value = Scalar | Date | null;

/** A row by its fields, all of them. */
export type Row = Readonly<Record<string, Value>>;

/** Whether a row meets a filter, as both databases take it: a missing value meets no comparison, nor its negation. */
export function matches(source: Source, row: Row, filter: Filter): boolean {
  switch (filter.kind) {
    case 'all':
      return filter.of.every((part) => matches(source, row, part));
    case 'any':
      return filter.of.some((part) => matches(source, row, part));
    case 'condition':
      return meets(source, row, filter);
  }
}

/** Where a row stands in a sort. */
export function positionOf(source: Source, orderBy: readonly SortTerm[], row: Row): Position {
  return orderBy.map(({ field }) => comparable(fieldOf(source, field).kind, row[field]));
}

/** How two positions of one sort stand to each other: null is the smallest, texts and ids go byte by byte. */
export function comparePositions(source: Source, orderBy: readonly SortTerm[], a: Position, b: Position): number {
  for (const [at, { field, direction }] of orderBy.entries()) {
    const order = compare(fieldOf(source, field).kind, a[at] ?? null, b[at] ?? null);
    if (order !== 0) return direction === 'asc' ? order : -order;
  }
  return 0;
}

/** Whether a value that came in with a cursor can be compared with those of a field of this kind. */
export function isComparable(kind: FieldKind, value: unknown): boolean {
  if (value === null) return true;
  if (kind === 'int' || kind === 'float' || kind === 'boolean' || kind === 'dateTime') return typeof value === 'number';
  return typeof value === 'string' && (kind !== 'decimal' || DECIMAL.test(value));
}

/** An exact decimal, as rows hold it. */
export const DECIMAL = /^-?\d+(\.\d+)?$/;

type Comparable = string | number | null;

/** A value of a row, a filter or a cursor, in the one form in which it is compared. */
function comparable(kind: FieldKind, value: Value | undefined): Comparable {
  if (value === null || value === undefined) return null;
  switch (kind) {
    case 'uuid':
    case 'objectId':
      return String(value).toLowerCase();
    case 'text':
    case 'decimal':
      return String(value);
    case 'int':
    case 'float':
    case 'boolean':
      return Number(value);
    case 'dateTime':
      return value instanceof Date ? value.getTime() : Date.parse(String(value));
  }
}

function compare(kind: FieldKind, a: Comparable, b: Comparable): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (kind === 'decimal') return new Big(a).cmp(new Big(b));
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function meets(source: Source, row: Row, { field, comparison, negated, insensitive }: Condition): boolean {
  const { kind } = fieldOf(source, field);
  const value = comparable(kind, row[field]);
  if (comparison.operator === 'isNull') return (value === null) !== negated;
  if (value === null) return false;
  const isCaseless = insensitive && kind === 'text';
  const fold = (one: Comparable) => (isCaseless ? String(one).toLowerCase() : one);
  return holds(comparison, fold(value), (scalar) => fold(comparable(kind, scalar)), kind) !== negated;
}

function holds(
  comparison: Exclude<Comparison, { operator: 'isNull' }>,
  value: Comparable,
  read: (scalar: Scalar) => Comparable,
  kind: FieldKind,
): boolean {
  const order = (scalar: Scalar) => compare(kind, value, read(scalar));
  switch (comparison.operator) {
    case 'equals':
      return order(comparison.value) === 0;
    case 'in':
      return comparison.value.some((one) => order(one) === 0);
    case 'lt':
      return order(comparison.value) < 0;
    case 'lte':
      return order(comparison.value) <= 0;
    case 'gt':
      return order(comparison.value) > 0;
    case 'gte':
      return order(comparison.value) >= 0;
    case 'contains':
      return String(value).includes(String(read(comparison.value)));
    case 'startsWith':
      return String(value).startsWith(String(read(comparison.value)));
    case 'endsWith':
      return String(value).endsWith(String(read(comparison.value)));
  }
}
