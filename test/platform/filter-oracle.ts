import Big from 'big.js';
import type { Comparison, Filter, Scalar } from '../../src/join/filter.js';
import { fieldOf, type Source } from '../../src/join/source.js';

/** What a filter says of a row by Kleene's logic: true, false, or null where a missing value leaves it open. */
export function matches(source: Source, row: object, filter: Filter): boolean | null {
  switch (filter.kind) {
    case 'all':
      return conjunction(filter.of.map((part) => matches(source, row, part)));
    case 'any':
      return negation(conjunction(filter.of.map((part) => negation(matches(source, row, part)))));
    case 'condition': {
      const value = (row as Record<string, unknown>)[filter.field];
      const { kind } = fieldOf(source, filter.field);
      const result = compare(kind, value, filter.comparison, filter.insensitive && kind === 'text');
      return filter.negated ? negation(result) : result;
    }
  }
}

function conjunction(parts: readonly (boolean | null)[]): boolean | null {
  if (parts.includes(false)) return false;
  return parts.includes(null) ? null : true;
}

function negation(value: boolean | null): boolean | null {
  return value === null ? null : !value;
}

function compare(kind: string, value: unknown, comparison: Comparison, insensitive: boolean): boolean | null {
  if (comparison.operator === 'isNull') return value === null;
  if (value === null) return null;
  const order = (other: Scalar) =>
    insensitive ? (fold(value as string) === fold(other as string) ? 0 : 1) : ordered(kind, value, other);
  const text = insensitive ? fold(value as string) : (value as string);
  const { operator } = comparison;
  switch (operator) {
    case 'in':
      return comparison.value.some((other) => order(other) === 0);
    case 'equals':
      return order(comparison.value) === 0;
    case 'lt':
      return order(comparison.value) < 0;
    case 'lte':
      return order(comparison.value) <= 0;
    case 'gt':
      return order(comparison.value) > 0;
    case 'gte':
      return order(comparison.value) >= 0;
    default: {
      const wanted = insensitive ? fold(comparison.value) : comparison.value;
      if (operator === 'contains') return text.includes(wanted);
      return operator === 'startsWith' ? text.startsWith(wanted) : text.endsWith(wanted);
    }
  }
}

const fold = (text: string) => text.toLowerCase();

function ordered(kind: string, value: unknown, other: Scalar): number {
  if (kind === 'decimal') return new Big(value as string).cmp(new Big(other as string));
  if (kind === 'dateTime') return (value as Date).getTime() - Date.parse(other as string);
  if (typeof value === 'string') return Buffer.compare(Buffer.from(value), Buffer.from(String(other)));
  return Number(value) - Number(other);
}
