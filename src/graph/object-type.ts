import type { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { KEY, type FieldKind, type Source } from '../join/source.js';
import { DecimalScalar } from './decimal.js';
import { Field, Float, ID, Int, ObjectType, type ClassType } from './decorators.js';
import { once } from '../join/once.js';

export type Scalar = GraphQLScalarType | StringConstructor | BooleanConstructor;

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

const make = once((source: Source): ClassType => {
  const type = class {};
  for (const [name, { kind, nullable, description }] of Object.entries(source.fields)) {
    const scalar = name === KEY ? ID : SCALARS[kind];
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
