import type { GraphQLResolveInfo } from 'graphql';
import type { Joins } from '../join/joins.js';
import { referringTo, rowsOf, type List } from '../join/list.js';
import type { Relation } from '../join/relation.js';
import { fieldOf, KEY, singular, type Source } from '../join/source.js';
import { connectionType, type Connection } from './connection.js';
import { Arg, Args, Ctx, FieldResolver, ID, Info, Query, Resolver, Root, type ClassType } from './decorators.js';
import { listArguments, type ListArguments } from './list-args.js';
import { objectType } from './object-type.js';
import { pageRequest } from './page-request.js';
import { perLevel } from './per-level.js';
import { readOne, readRequested } from './reading.js';
import { Needs, selectedFields, selectedRows } from './selection.js';

/** What the fields made here need of the request's scope. */
export interface JoinContext {
  readonly joins: Joins;
}

type Parameter = ReturnType<typeof Ctx>;

/** The root fields of a source, `order(id:)` and `orders(...)`, as classes for the schema's list of resolvers. */
export function rootFields(source: Source): readonly ClassType[] {
  const { type, name } = source;
  const [object, connection, args] = [objectType(source), connectionType(source), listArguments(source)];
  const one = (id: string, { joins }: JoinContext, info: GraphQLResolveInfo) =>
    readOne(joins, source, id, selectedFields(source, info));
  const all = (given: ListArguments, { joins }: JoinContext, info: GraphQLResolveInfo) =>
    listField(rowsOf(source), joins, given, info);
  const byId = { nullable: true, description: `The ${type} with this id; null when there is none.` };
  const listed = { nullable: true, description: `All ${name}, filtered, sorted and paged.` };
  const id = Arg('id', () => ID, { description: fieldOf(source, KEY).description });
  return [
    fieldClass(singular(source), one, [Query(() => object, byId)], [id, Ctx(), Info()]),
    fieldClass(name, all, [Query(() => connection, listed)], [Args(() => args), Ctx(), Info()]),
  ];
}

/**
 * The two fields of a relation, as classes for the schema's list of resolvers: to the one partner (`Order.user`; null
 * where nobody is there) and back to the many (`User.orders`; paged for each row in one statement for all of them).
 */
export function joinFields(relation: Relation): readonly ClassType[] {
  const { from, field, to, name, description, inverse } = relation;
  const [owner, partner] = [objectType(from), objectType(to)];
  const [connection, args] = [connectionType(from), listArguments(from)];
  const one = (row: object, { joins }: JoinContext, info: GraphQLResolveInfo) =>
    joins.one(relation, row, selectedFields(to, info));
  const many = (row: object, { joins }: JoinContext, info: GraphQLResolveInfo, given: ListArguments) =>
    listField(referringTo(relation, row), joins, given, info);
  const toOne = FieldResolver(() => partner, { nullable: true, description });
  const toMany = FieldResolver(() => connection, { nullable: true, description: inverse.description });
  const parameters = [Root(), Ctx(), Info()];
  return [
    fieldClass(name, one, [toOne, Needs(field)], parameters, owner),
    fieldClass(inverse.name, many, [toMany, Needs(KEY)], [...parameters, Args(() => args)], partner),
  ];
}

/** The arguments are checked once for all rows of a level, not for each. */
const requestOf = perLevel((info, list: List, joins: Joins, args: ListArguments) =>
  pageRequest(list, joins, args, selectedRows(list.source, info)),
);

async function listField<R extends object>(
  list: List<R>,
  joins: Joins,
  args: ListArguments,
  info: GraphQLResolveInfo,
): Promise<Connection<R>> {
  return readRequested(joins, list, requestOf(info, list, joins, args));
}

/** TypeGraphQL's decorators, called as functions on a class made for one field. */
function fieldClass(
  name: string,
  method: (...parameters: never[]) => unknown,
  decorators: readonly MethodDecorator[],
  parameters: readonly Parameter[],
  owner?: ClassType,
): ClassType {
  const resolver: ClassType = class {};
  const prototype = resolver.prototype;
  const descriptor = { value: method, writable: true, configurable: true };
  Object.defineProperty(prototype, name, descriptor);
  for (const decorate of decorators) decorate(prototype, name, descriptor);
  for (const [index, decorate] of parameters.entries()) decorate(prototype, name, index);
  if (owner === undefined) Resolver()(resolver);
  else Resolver(() => owner)(resolver);
  return resolver;
}
