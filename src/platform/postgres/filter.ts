import { fieldOf, type FieldKind, type Source } from '../../join/source.js';
import type { Comparison, Condition, Filter, Scalar } from '../../join/filter.js';
import { isCastable } from './castable.js';
import { columnOf, comparedBy, sortedBy } from './columns.js';
import type { Parameters } from './parameters.js';
import { timeText } from './times.js';

/** The condition that rows meet of which the filter is true. Values are bound, one parameter for a list of them. */
export function filterCondition(source: Source, filter: Filter, parameters: Parameters): string {
  switch (filter.kind) {
    case 'condition':
      return fieldCondition(source, filter, parameters);
    case 'all':
      return joined(source, filter.of, ' AND ', parameters) ?? 'TRUE';
    case 'any':
      return joined(source, filter.of, ' OR ', parameters) ?? 'FALSE';
  }
}

function joined(source: Source, of: readonly Filter[], word: string, parameters: Parameters): string | null {
  return of.length === 0 ? null : `(${of.map((filter) => filterCondition(source, filter, parameters)).join(word)})`;
}

/** SQL's own logic keeps rows without a value out of a comparison and of its negation. */
function fieldCondition(source: Source, condition: Condition, parameters: Parameters): string {
  const { field, comparison, negated } = condition;
  const column = columnOf(source, field);
  if (comparison.operator === 'isNull') return `${column} IS ${negated ? 'NOT ' : ''}NULL`;
  const met = comparisonOf(source, condition, parameters);
  // A value that is none of the kind is never sent: no row has it, and every row that has any has another.
  if (met === null) return negated ? `${column} IS NOT NULL` : 'FALSE';
  return negated ? `NOT (${met})` : `(${met})`;
}

/** The comparison in SQL, or null where no row can have such a value. */
function comparisonOf(source: Source, condition: Condition, parameters: Parameters): string | null {
  const { field, comparison, insensitive } = condition;
  switch (comparison.operator) {
    case 'isNull':
      return null;
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return likeCondition(source, condition, comparison.operator, comparison.value, parameters);
    case 'equals':
    case 'in':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const { kind } = fieldOf(source, field);
      if (kind === 'dateTime') return timeCondition(columnOf(source, field), comparison, parameters);
      if (kind === 'text' && insensitive) return insensitiveCondition(source, field, comparison, parameters);
      return valueCondition(source, field, comparison, parameters);
    }
  }
}

function valueCondition(
  source: Source,
  field: string,
  { operator, value }: ValueComparison,
  parameters: Parameters,
): string | null {
  const { kind } = fieldOf(source, field);
  if (operator === 'in') {
    const values = value.map((one) => valueOf(kind, one)).filter((text) => text !== null);
    return values.length === 0 ? null : `${comparedBy(source, field)} = ANY(${parameters.bindList(kind, values)})`;
  }
  const text = valueOf(kind, value);
  if (text === null) return null;
  // Equality is the same under every collation, and the column's own is the one that its index has.
  const expression = operator === 'equals' ? comparedBy(source, field) : sortedBy(source, field);
  return `${expression} ${OPERATORS[operator]} ${parameters.bind(kind, text)}`;
}

type ValueComparison = Extract<Comparison, { operator: keyof typeof OPERATORS | 'in' }>;

const OPERATORS = { equals: '=', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** A value as text that PostgreSQL can cast to the kind; null for whatever is none of it. */
function valueOf(kind: FieldKind, value: Scalar): string | null {
  const text = kind === 'objectId' ? String(value).toLowerCase() : String(value);
  return isCastable(kind, text) ? text : null;
}

function likeCondition(
  source: Source,
  { field, insensitive }: Condition,
  operator: 'contains' | 'startsWith' | 'endsWith',
  value: string,
  parameters: Parameters,
): string | null {
  const { kind } = fieldOf(source, field);
  const part = valueOf(kind === 'objectId' ? kind : 'text', value);
  if (part === null) return null;
  const [before, after] = [operator === 'startsWith' ? '' : '%', operator === 'endsWith' ? '' : '%'];
  const pattern = parameters.bind('text', `${before}${escaped(part)}${after}`);
  const text = kind === 'objectId' ? comparedBy(source, field) : `${columnOf(source, field)}::text`;
  return `${text} ${insensitive ? 'ILIKE' : 'LIKE'} ${pattern}`;
}

function insensitiveCondition(
  source: Source,
  field: string,
  { operator, value }: ValueComparison,
  parameters: Parameters,
): string | null {
  const expression = comparedBy(source, field);
  if (operator === 'in') {
    const texts = value.map((one) => valueOf('text', one)).filter((text) => text !== null);
    return texts.length === 0 ? null : `${expression} ILIKE ANY(${parameters.bindList('text', texts.map(escaped))})`;
  }
  const text = valueOf('text', value);
  if (text === null) return null;
  if (operator === 'equals') return `${expression} ILIKE ${parameters.bind('text', escaped(text))}`;
  return `lower(${expression}) COLLATE "C" ${OPERATORS[operator]} lower(${parameters.bind('text', text)})`;
}

/** A text as a pattern that it alone matches. */
function escaped(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}

/**
 * Times by the millisecond: a column holds microseconds, the graph shows milliseconds, and what one sees is what one
 * filters by. A value stands for the whole millisecond that begins with it.
 */
function timeCondition(column: string, { operator, value }: ValueComparison, parameters: Parameters): string | null {
  if (operator === 'in') {
    const times = value.map((one) => timeText(millisecondsOf(one))).filter((time) => time !== null);
    if (times.length === 0) return null;
    return `date_trunc('milliseconds', ${column}) = ANY(${parameters.bindList('dateTime', times)})`;
  }
  const [begin, end] = [timeText(millisecondsOf(value)), timeText(millisecondsOf(value) + 1)];
  if (begin === null || end === null) return null;
  const from = (time: string) => `${column} >= ${parameters.bind('dateTime', time)}`;
  const before = (time: string) => `${column} < ${parameters.bind('dateTime', time)}`;
  switch (operator) {
    case 'equals':
      return `${from(begin)} AND ${before(end)}`;
    case 'lt':
      return before(begin);
    case 'lte':
      return before(end);
    case 'gt':
      return from(end);
    case 'gte':
      return from(begin);
  }
}

function millisecondsOf(value: Scalar): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}
