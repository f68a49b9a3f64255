import { fieldOf, type FieldKind, type SortTerm } from '../../src/join/source.js';
import type { Condition, Filter, Scalar } from '../../src/join/filter.js';
import { microsecondsOf, things, type Thing } from './postgres-things.js';

/** What a list should be, worked out row by row in JavaScript, without anything of the reader. */
export function expectedList(rows: readonly Thing[], where: Filter | null, order: readonly SortTerm[]): Thing[] {
  return rows.filter((row) => where === null || truth(where, row) === true).sort((a, b) => compareRows(order, a, b));
}

export function compareRows(order: readonly SortTerm[], a: Thing, b: Thing): number {
  for (const { field, direction } of order) {
    const compared = compareNullable(fieldOf(things, field).kind, a[field] ?? null, b[field] ?? null);
    if (compared !== 0) return direction === 'asc' ? compared : -compared;
  }
  return 0;
}

function compareNullable(kind: FieldKind, a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compare(kind, a, b);
}

/** Kleene's logic: null is "unknown". */
function truth(filter: Filter, row: Thing): boolean | null {
  switch (filter.kind) {
    case 'condition': {
      const met = isMet(filter, row[filter.field] ?? null);
      return met === null ? null : met !== filter.negated;
    }
    case 'all': {
      const truths = filter.of.map((one) => truth(one, row));
      return truths.includes(false) ? false : truths.includes(null) ? null : true;
    }
    case 'any': {
      const truths = filter.of.map((one) => truth(one, row));
      return truths.includes(true) ? true : truths.includes(null) ? null : false;
    }
  }
}

function isMet({ field, comparison, insensitive }: Condition, stored: string | null): boolean | null {
  if (comparison.operator === 'isNull') return stored === null;
  if (stored === null) return null;
  const { kind } = fieldOf(things, field);
  const fold = (value: string) => (insensitive || kind === 'objectId' ? value.toLowerCase() : value);
  const has = fold(stored);
  const compared = (value: Scalar) => against(kind, has, fold(String(value)));
  switch (comparison.operator) {
    case 'contains':
      return has.includes(fold(comparison.value));
    case 'startsWith':
      return has.startsWith(fold(comparison.value));
    case 'endsWith':
      return has.endsWith(fold(comparison.value));
    case 'in':
      return comparison.value.some((value) => compared(value) === 0);
    case 'equals':
      return compared(comparison.value) === 0;
    case 'lt':
      return compared(comparison.value) < 0;
    case 'lte':
      return compared(comparison.value) <= 0;
    case 'gt':
      return compared(comparison.value) > 0;
    case 'gte':
      return compared(comparison.value) >= 0;
  }
}

/** NaN where a stored value cannot be compared with one that is none of its kind. */
function against(kind: FieldKind, stored: string, value: string): number {
  if (kind === 'dateTime') return sign(Math.floor(microsecondsOf(stored) / 1000), Date.parse(value));
  if (kind === 'uuid' && value.length !== 36) return Number.NaN;
  if (value.includes('\0') || !value.isWellFormed()) return Number.NaN;
  return compare(kind, stored, value);
}

function compare(kind: FieldKind, a: string, b: string): number {
  switch (kind) {
    case 'text':
      return Buffer.compare(Buffer.from(a), Buffer.from(b));
    case 'objectId':
    case 'uuid':
    case 'boolean':
      return Buffer.compare(Buffer.from(a.toLowerCase()), Buffer.from(b.toLowerCase()));
    case 'int':
      return sign(BigInt(a), BigInt(b));
    case 'float':
      return notANumberLast(a, b) ?? sign(Number(a), Number(b));
    case 'decimal':
      return notANumberLast(a, b) ?? sign(scaled(a), scaled(b));
    case 'dateTime':
      return sign(microsecondsOf(a), microsecondsOf(b));
  }
}

function sign<T extends number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** As PostgreSQL has it, NaN is the same as itself and greater than all else. */
function notANumberLast(a: string, b: string): number | null {
  return a === 'NaN' || b === 'NaN' ? Number(a === 'NaN') - Number(b === 'NaN') : null;
}

/** Without its point, at 50 decimals. */
function scaled(decimal: string): bigint {
  if (decimal.endsWith('Infinity')) return (decimal.startsWith('-') ? -1n : 1n) * 10n ** 120n;
  const [before = '', after = ''] = decimal.split('.');
  return BigInt(before + after.padEnd(50, '0'));
}
