import type { Filter } from './filter.js';
import type { SortTerm } from './source.js';

/** Where a row stands in a sort: one value per term, each exact enough to continue from (microseconds included). */
export type Position = readonly (string | number | null)[];

/** A stretch of a filtered and sorted list. */
export interface PageRequest {
  readonly fields: ReadonlySet<string>;
  /** Null for every row. */
  readonly where: Filter | null;
  /** Ends with the key. */
  readonly orderBy: readonly SortTerm[];
  /** How many rows at most. */
  readonly limit: number;
  /** Whether they are the last of the stretch, rather than the first. Either way they come in the list's order. */
  readonly backward: boolean;
  /** Only rows behind this position, and ahead of that one. */
  readonly after: Position | null;
  readonly before: Position | null;
}

/** A row and where it stands. */
export interface PageRow<R> {
  readonly row: R;
  readonly position: Position;
}

export interface Page<R> {
  readonly rows: readonly PageRow<R>[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** The order in which a page is read: backward from the end where its last rows are wanted. */
export function readingOrder({ orderBy, backward }: PageRequest): readonly SortTerm[] {
  return backward ? reversed(orderBy) : orderBy;
}

/** The same sort from its end. */
export function reversed(orderBy: readonly SortTerm[]): readonly SortTerm[] {
  return orderBy.map((term) => ({ ...term, direction: term.direction === 'asc' ? 'desc' : 'asc' }));
}

/**
 * The page that was read in reading order, with one row more than wanted: it says whether the list goes on in that
 * direction. In the other direction it does where the request began at a position.
 */
export function toPage<R>(read: readonly PageRow<R>[], { limit, backward, after, before }: PageRequest): Page<R> {
  const rows = read.slice(0, limit);
  const goesOn = read.length > limit;
  return backward
    ? { rows: rows.reverse(), hasPreviousPage: goesOn, hasNextPage: before !== null }
    : { rows, hasNextPage: goesOn, hasPreviousPage: after !== null };
}
