import type { Position } from '../../join/page.js';
import { fieldOf, type SortTerm, type Source } from '../../join/source.js';
import { sortedBy } from './columns.js';
import type { Parameters } from './parameters.js';

/**
 * The sort. Null is the smallest value of a field that may be without one, as in MongoDB. Of the others nothing is said,
 * so that an index in PostgreSQL's own order, in which null is the greatest, serves the sort.
 */
export function orderBy(source: Source, order: readonly SortTerm[]): string {
  return order
    .map(({ field, direction }) => {
      const nulls = direction === 'asc' ? ' NULLS FIRST' : ' NULLS LAST';
      return `${sortedBy(source, field)} ${direction}${fieldOf(source, field).nullable ? nulls : ''}`;
    })
    .join(', ');
}

/** One term of a sort and the value that a position has there. */
interface Bound {
  readonly expression: string;
  readonly operator: '<' | '>';
  /** Null where the position has no value. */
  readonly value: string | null;
  readonly nullsFirst: boolean;
  /** Rows without a value come last, so they are behind every value. */
  readonly nullsFollow: boolean;
}

/**
 * The condition that rows behind a position in an order meet: a row comparison wherever that says it, since an index in
 * this order, or in its reverse, begins there.
 *
 * @param isNullable whether an adopted table takes nulls where the source is declared to have a value: they come last
 * where values ascend, and rows with them must not be lost; the row comparison is
 */
export function behind(
  source: Source,
  order: readonly SortTerm[],
  at: Position,
  parameters: Parameters,
  isNullable: IsNullable,
): string {
  const bounds = order.map((term, index) => boundOf(source, term, at[index] ?? null, parameters, isNullable));
  return asRows(bounds) ?? asTerms(bounds);
}

/** Whether the column of a source's field takes nulls, whatever the source says. */
export type IsNullable = (source: Source, field: string) => boolean;

function boundOf(
  source: Source,
  { field, direction }: SortTerm,
  value: string | number | null,
  parameters: Parameters,
  isNullable: IsNullable,
): Bound {
  const { kind, nullable } = fieldOf(source, field);
  const nullsFirst = direction === (nullable ? 'asc' : 'desc');
  return {
    expression: sortedBy(source, field),
    operator: direction === 'asc' ? '>' : '<',
    value: value === null ? null : parameters.bind(kind, String(value)),
    nullsFirst,
    nullsFollow: !nullsFirst && (nullable || isNullable(source, field)),
  };
}

/** `(a, b) < ($1, $2)`, or null where some other comparison is needed. */
function asRows(bounds: readonly Bound[]): string | null {
  const operator = bounds[0]?.operator ?? '<';
  const values = bounds.map(({ value }) => value);
  const fits = bounds.every((bound) => bound.operator === operator && bound.value !== null && !bound.nullsFollow);
  return fits ? `(${bounds.map(({ expression }) => expression).join(', ')}) ${operator} (${values.join(', ')})` : null;
}

function asTerms([bound, ...others]: readonly Bound[]): string {
  if (bound === undefined) return 'FALSE';
  const { expression, operator, value, nullsFirst, nullsFollow } = bound;
  const rest = asTerms(others);
  if (value === null) {
    return nullsFirst ? `(${expression} IS NOT NULL OR ${rest})` : `(${expression} IS NULL AND ${rest})`;
  }
  const further = `${expression} ${operator} ${value}`;
  if (nullsFollow) return `(${further} OR ${expression} IS NULL OR (${expression} = ${value} AND ${rest}))`;
  // The outer comparison, which an index can answer, narrows what the inner one looks at.
  return `(${expression} ${operator}= ${value} AND (${further} OR ${rest}))`;
}
