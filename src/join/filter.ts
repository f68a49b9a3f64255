/** A value that a field is compared with: a Date goes as ISO 8601 in UTC, a decimal as a plain string. */
export type Scalar = string | number | boolean;

export type Comparison =
  | { readonly operator: 'equals' | 'lt' | 'lte' | 'gt' | 'gte'; readonly value: Scalar }
  | { readonly operator: 'in'; readonly value: readonly Scalar[] }
  | { readonly operator: 'contains' | 'startsWith' | 'endsWith'; readonly value: string }
  | { readonly operator: 'isNull' };

/**
 * One comparison of one field. Null (missing, or of an odd type) meets neither a comparison nor its negation, as in
 * SQL; only `isNull` is about it.
 */
export interface Condition {
  readonly kind: 'condition';
  readonly field: string;
  readonly comparison: Comparison;
  readonly negated: boolean;
  /** Texts are compared without regard to case. */
  readonly insensitive: boolean;
}

/**
 * Which rows of a source are wanted. Negation stands at the conditions only, so that readers of databases with different
 * logics (MongoDB's `$nor` takes rows without a value, SQL's NOT does not) give the same rows.
 */
export type Filter =
  | Condition
  | { readonly kind: 'all'; readonly of: readonly Filter[] }
  | { readonly kind: 'any'; readonly of: readonly Filter[] };

/** Rows that meet every filter; all rows where there is none. */
export function all(of: readonly Filter[]): Filter {
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
}

/** Rows that meet one of the filters at least; no row where there is none. */
export function any(of: readonly Filter[]): Filter {
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'any', of };
}

/** A field's comparison. An empty list of values is met by no row, and its negation by every row, as in SQL. */
export function condition(field: string, comparison: Comparison, insensitive = false): Filter {
  if (comparison.operator === 'in' && comparison.value.length === 0) return any([]);
  return { kind: 'condition', field, comparison, negated: false, insensitive };
}

/** Rows that meet both, where null is met by every row. */
export function both(one: Filter | null, other: Filter | null): Filter | null {
  return one === null ? other : other === null ? one : all([one, other]);
}

/** Rows of which the filter is false; by De Morgan down to the conditions. */
export function not(filter: Filter): Filter {
  switch (filter.kind) {
    case 'condition':
      return { ...filter, negated: !filter.negated };
    case 'all':
      return any(filter.of.map(not));
    case 'any':
      return all(filter.of.map(not));
  }
}
