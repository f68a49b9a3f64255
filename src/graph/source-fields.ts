import type { GraphQLResolveInfo } from 'graphql';
import type { Joins } from '../join/joins.js';
import type { Relation } from '../join/relation.js';
import { fieldOf, KEY, type Source } from '../join/source.js';
import { connectionType } from './connection.js';
import {
  Arg,
  Args,
  Ctx,
  Extensions,
  FieldResolver,
  ID,
  Info,
  Query,
  Resolver,
  Root,
  type ClassType,
} from './decorators.js';
import { listArguments, type ListArguments } from './list-args.js';
import { objectType } from './object-type.js';
import { readMany, readOne, readPage } from './reading.js';
import { RELATION_EXTENSION, selectedFields, selectedRows } from './selection.js';

/** What the fields made here need of the request's scope. */
export interface JoinContext {
  readonly joins: Joins;
}

type Method = (...parameters: never[]) => unknown;
type Parameter = ReturnType<typeof Ctx>;
type FieldDecorator = ReturnType<typeof FieldResolver>;

/**
 * The root fields of a source, `order(id:)` and `orders(...)`.
 *
 * @returns a class for the schema's list of resolvers
 */
export function rootFields(source: Source): ClassType {
  const { type, name } = source;
  const one = (id: string, { joins }: JoinContext, info: GraphQLResolveInfo) =>
    readOne(joins, source, id, selectedFields(source, info));
  const list = (args: ListArguments, { joins }: JoinContext, info: GraphQLResolveInfo) =>
    readPage(joins, source, args, selectedRows(source, info));

  const [object, connection, args] = [objectType(source), connectionType(source), listArguments(source)];
  const resolver = class {};
  const byId = { nullable: true, description: `The ${type} with this id; null when there is none.` };
  define(
    resolver,
    `${type.charAt(0).toLowerCase()}${type.slice(1)}`,
    one,
    Query(() => object, byId),
    [Arg('id', () => ID, { description: fieldOf(source, KEY).description }), Ctx(), Info()],
  );
  const all = { nullable: true, description: `All ${name}, filtered, sorted and paged.` };
  define(
    resolver,
    name,
    list,
    Query(() => connection, all),
    [Args(() => args), Ctx(), Info()],
  );
  Resolver()(resolver);
  return resolver;
}

/**
 * The two fields of a relation: to the one partner (`Order.user`; null where nobody is there) and back to the many
 * (`User.orders`; paged for each row in one statement for all of them).
 *
 * @returns classes for the schema's list of resolvers
 */
export function joinFields(relation: Relation): readonly ClassType[] {
  const { from, to, name, description, inverse } = relation;
  const one = (row: object, { joins }: JoinContext, info: GraphQLResolveInfo) =>
    joins.one(relation, row, selectedFields(to, info));
  const many = (row: object, { joins }: JoinContext, info: GraphQLResolveInfo, args: ListArguments) =>
    readMany(joins, relation, row, args, selectedRows(from, info));

  const [owner, partner, connection, args] = [
    objectType(from),
    objectType(to),
    connectionType(from),
    listArguments(from),
  ];
  const [forward, back] = [class {}, class {}];
  const toOne = FieldResolver(() => partner, { nullable: true, description });
  define(forward, name, one, toOne, [Root(), Ctx(), Info()], relation);
  const toMany = FieldResolver(() => connection, { nullable: true, description: inverse.description });
  define(back, inverse.name, many, toMany, [Root(), Ctx(), Info(), Args(() => args)], relation);
  Resolver(() => owner)(forward);
  Resolver(() => partner)(back);
  return [forward, back];
}

/** TypeGraphQL's decorators, called as functions on a class made for the occasion. */
function define(
  resolver: ClassType,
  name: string,
  method: Method,
  field: FieldDecorator,
  parameters: readonly Parameter[],
  relation?: Relation,
): void {
  const descriptor = { value: method, writable: true, configurable: true };
  Object.defineProperty(resolver.prototype, name, descriptor);
  field(resolver.prototype, name, descriptor);
  if (relation !== undefined) {
    Extensions({ [RELATION_EXTENSION]: relation })(resolver.prototype, name, descriptor);
  }
  for (const [index, decorate] of parameters.entries()) decorate(resolver.prototype, name, index);
}
