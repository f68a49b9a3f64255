import { fieldOf, KEY, type Source } from './source.js';

/**
 * A join of two sources, declared once: each row of `from` holds in `field` the key of one row of `to`, or of none.
 * Both directions follow, with their GraphQL fields, loaders, connection and index.
 */
export interface Relation<From extends object = object, To extends object = object> {
  readonly from: Source<From>;
  /** The field of `from` that holds the reference. */
  readonly field: string;
  readonly to: Source<To>;
  /** The field of `from`'s type that leads to the partner: `Order.user`. */
  readonly name: string;
  readonly description: string;
  /** The field of `to`'s type that leads back, to a list: `User.orders`. */
  readonly inverse: { readonly name: string; readonly description: string };
}

/** What a relation is called in metrics, errors and loaders: `orders.user`. */
export function relationName({ from, name }: Relation): string {
  return `${from.name}.${name}`;
}

/**
 * What a row holds in the field that a relation starts from.
 *
 * @throws {TypeError} when the row was read without it: nobody would be there, and nobody would know why
 */
export function referenceOf(relation: Relation, row: object, field: string): unknown {
  if (Object.hasOwn(row, field)) return (row as Record<string, unknown>)[field];
  throw new TypeError(`${relationName(relation)} needs "${field}", and the row was read without it`);
}

/** Declares a join. @throws {TypeError} for a field that is not there, or whose kind is not that of the other's key. */
export function defineRelation<F extends object, T extends object>(
  relation: Relation<F, T> & { readonly field: keyof F & string },
): Relation<F, T> {
  const { from, field, to } = relation;
  const [kind, target] = [fieldOf(from, field).kind, fieldOf(to, KEY).kind];
  if (kind !== target) {
    throw new TypeError(`${relationName(relation)}: ${field} is of kind ${kind}, the key of ${to.name} of ${target}`);
  }
  return relation;
}
