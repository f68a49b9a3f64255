import { normalizeKey } from './key.js';
import { referenceOf, type Relation } from './relation.js';
import { fieldOf, KEY, type Source } from './source.js';

/** What can be paged and counted: all rows of a source, or those of them that refer to one row. */
export interface List<R extends object = object> {
  readonly source: Source<R>;
  /** What it is called in an error: `orders`, `User.orders`. */
  readonly path: string;
  /** The field that refers; null for all rows. */
  readonly by: string | null;
  /** What it refers to; null where nothing can. */
  readonly key: string | null;
}

/** All rows of a source. */
export function rowsOf<R extends object>(source: Source<R>): List<R> {
  return { source, path: source.name, by: null, key: '' };
}

/** The rows that refer to a row. @throws {TypeError} when the row was read without its id */
export function referringTo<F extends object>(relation: Relation<F>, row: object): List<F> {
  const { from, field, to, inverse } = relation;
  const key = normalizeKey(fieldOf(from, field).kind, referenceOf(relation, row, KEY));
  return { source: from, path: `${to.type}.${inverse.name}`, by: field, key };
}
