import type { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { KEY, type Enumeration, type FieldKind, type Source } from '../join/source.js';
import { DecimalScalar } from './decimal.js';
import { Field, Float, ID, Int, ObjectType, registerEnumType, type ClassType } from './decorators.js';
import { once } from '../join/once.js';

export type Scalar = GraphQLScalarType | StringConstructor | BooleanConstructor | Readonly<Record<string, string>>;

const SCALARS: Readonly<Record<FieldKind, Scalar>> = {
  uuid: ID,
  objectId: ID,
  text: String,
  int: Int,
  float: Float,
  decimal: DecimalScalar,
  boolean: Boolean,
  dateTime: GraphQLDateTime,
};

/** The GraphQL enum of listed texts. */
export const enumOf = once(({ name, description, values }: Enumeration) => {
  const type = Object.fromEntries(Object.keys(values).map((value) => [value, value]));
  const meanings = Object.entries(values).map(([value, meaning]) => [value, { description: meaning }]);
  registerEnumType(type, { name, description, valuesConfig: Object.fromEntries(meanings) as object });
  return type;
});

const make = once((source: Source): ClassType => {
  const type = class {};
  for (const [name, { kind, values, nullable, description }] of Object.entries(source.fields)) {
    const scalar = name === KEY ? ID : values === undefined ? SCALARS[kind] : enumOf(values);
    Field(() => scalar, { nullable, description })(type.prototype, name);
  }
  ObjectType(source.type, { description: source.description })(type);
  return type;
});

/**
 * The GraphQL type of a source's rows, for what is written by hand: `@Resolver(() => objectType(orders))` adds fields to
 * it, `@Field(() => objectType(orders))` gives it in a payload.
 */
export function objectType<R extends object>(source: Source<R>): ClassType<R> {
  return make(source) as ClassType<R>;
}
