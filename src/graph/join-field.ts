import type { GraphQLResolveInfo } from 'graphql';
import { Args, Ctx, Extensions, FieldResolver, Info, Resolver, Root, type ClassType } from './decorators.js';
import type { Joins } from '../join/joins.js';
import type { Relation } from '../join/relation.js';
import { toConnection, type Connection } from './connection.js';
import { PageArgs } from './paging.args.js';
import { pageRequest } from './paging.js';
import { RELATION_EXTENSION, selectedFields } from './selection.js';

/** What a join field needs of the request's scope. */
export interface JoinContext {
  readonly joins: Joins;
}

type Method = (...parameters: never[]) => unknown;

/**
 * The resolver class of a `one` relation's field on its owner's type: null where nobody is there.
 *
 * @returns a class for the schema's list of resolvers
 */
export function joinOne<F extends object, T extends object>(
  relation: Relation<F, T>,
  owner: ClassType<F>,
  type: ClassType<T>,
  description: string,
): ClassType {
  const resolve = (row: F, { joins }: JoinContext, info: GraphQLResolveInfo): Promise<T | null> =>
    joins.one(relation, row, selectedFields(relation.to, info));
  return joinField(relation, owner, type, description, resolve);
}

/**
 * The resolver class of a `many` relation's field on its owner's type: a connection, paged for each owner in one
 * statement for all of them.
 *
 * @returns a class for the schema's list of resolvers
 */
export function joinMany<F extends object, T extends object>(
  relation: Relation<F, T>,
  owner: ClassType<F>,
  connection: ClassType<Connection<T>>,
  description: string,
): ClassType {
  const resolve = async (
    row: F,
    { joins }: JoinContext,
    info: GraphQLResolveInfo,
    page: PageArgs,
  ): Promise<Connection<T>> => {
    const fields = selectedFields(relation.to, info);
    const request = pageRequest(`${owner.name}.${relation.name}`, joins, relation.to, page, fields);
    const rows = await joins.many(relation, row, request);
    return toConnection(relation.to, request, rows, () => joins.count(relation, row));
  };
  return joinField(relation, owner, connection, description, resolve, [Args(() => PageArgs)]);
}

/** TypeGraphQL's decorators, called as functions on a class made for the occasion. */
function joinField(
  relation: Relation,
  owner: ClassType,
  type: ClassType,
  description: string,
  resolve: Method,
  parameters: ReturnType<typeof Args>[] = [],
): ClassType {
  class JoinField {}
  const { name } = relation;
  Object.defineProperty(JoinField.prototype, name, { value: resolve, writable: true, configurable: true });
  const descriptor = { value: resolve };
  FieldResolver(() => type, { nullable: true, description })(JoinField.prototype, name, descriptor);
  Extensions({ [RELATION_EXTENSION]: relation })(JoinField.prototype, name, descriptor);
  const decorators = [Root(), Ctx(), Info(), ...parameters];
  for (const [index, decorate] of decorators.entries()) decorate(JoinField.prototype, name, index);
  Resolver(() => owner)(JoinField);
  return JoinField;
}
