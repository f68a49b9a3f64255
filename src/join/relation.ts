import { fieldOf, type FieldKind, type Source } from './source.js';

/**
 * A join of two sources by a key, declared once; the GraphQL field, its loader and its connection follow from it.
 *
 * `one`: a row of `from` has at most one partner (`Order.user`). `many`: it has a list of them (`Order.transactions`).
 */
export interface Relation<From extends object = object, To extends object = object> {
  /** The GraphQL field's name on the type of `from`. */
  readonly name: string;
  readonly cardinality: 'one' | 'many';
  readonly from: Source<From>;
  /** The field of `from` that holds the reference. */
  readonly field: string;
  readonly to: Source<To>;
  /** The field of `to` that it refers to. */
  readonly target: string;
}

/** What a relation is called in metrics, errors and loaders: `orders.user`. */
export function relationName(relation: Relation): string {
  return `${relation.from.name}.${relation.name}`;
}

/** The kind under which both sides of the relation are compared. */
export function targetKind(relation: Relation): FieldKind {
  return fieldOf(relation.to, relation.target).kind;
}

/** Declares that each row of `from` has at most one partner. @throws {TypeError} for a field that is not there. */
export function defineOne<F extends object, T extends object>(
  relation: Omit<Relation<F, T>, 'cardinality'>,
): Relation<F, T> {
  return checked({ ...relation, cardinality: 'one' });
}

/** Declares that each row of `from` has a list of partners. @throws {TypeError} for a field that is not there. */
export function defineMany<F extends object, T extends object>(
  relation: Omit<Relation<F, T>, 'cardinality'>,
): Relation<F, T> {
  return checked({ ...relation, cardinality: 'many' });
}

function checked<F extends object, T extends object>(relation: Relation<F, T>): Relation<F, T> {
  fieldOf(relation.from, relation.field);
  fieldOf(relation.to, relation.target);
  return relation;
}
