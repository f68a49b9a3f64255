import { fieldOf, storedName, type Position, type Source } from '../../join/source.js';
import { quoted, typeOf } from './columns.js';

/** A condition and the values of its placeholders; without a condition every row meets it. */
export interface Keyset {
  readonly condition: string | null;
  readonly parameters: readonly (string | number | null)[];
}

interface Bound {
  readonly column: string;
  readonly value: string | null;
}

/**
 * The rows behind a position of a source's list, whose placeholders begin with `$<first>`. PostgreSQL sorts nulls as if
 * they were greater than everything; where none is concerned it is a row comparison, which an index on the same columns
 * answers.
 */
export function keysetAfter(source: Source, after: Position | null, first: number): Keyset {
  if (after === null) return { condition: null, parameters: [] };
  const isDescending = source.orderBy[0]?.direction === 'desc';
  const bounds = source.orderBy.map(({ field }, at) => ({
    column: quoted(storedName(source, field)),
    // By way of text: bound as a timestamp, the value would pass through a JavaScript date and lose its microseconds.
    value: (after[at] ?? null) === null ? null : `$${first + at}::text::${typeOf(fieldOf(source, field).kind)}`,
  }));
  const condition =
    isDescending && bounds.every(({ value }) => value !== null)
      ? `(${bounds.map(({ column }) => column).join(', ')}) < (${bounds.map(({ value }) => value).join(', ')})`
      : behind(bounds, isDescending);
  // Each placeholder has to occur, or PostgreSQL does not know its type.
  const unused = bounds.flatMap(({ value }, at) => (value === null ? [`$${first + at}::text IS NULL`] : []));
  return { condition: [condition, ...unused].join(' AND '), parameters: after };
}

function behind([bound, ...others]: readonly Bound[], isDescending: boolean): string {
  if (bound === undefined) return 'FALSE';
  const { column, value } = bound;
  const rest = behind(others, isDescending);
  if (value === null) {
    const further = isDescending ? ` OR ${column} IS NOT NULL` : '';
    return `((${column} IS NULL AND ${rest})${further})`;
  }
  const further = isDescending ? `${column} < ${value}` : `${column} > ${value} OR ${column} IS NULL`;
  return `(${further} OR (${column} = ${value} AND ${rest}))`;
}
