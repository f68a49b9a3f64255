import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';
import { orderJoinFields } from '../domains/order/order.relations.js';
import { OrderResolver } from '../domains/order/order.resolver.js';
import { transactionJoinFields } from '../domains/transaction/transaction.relations.js';
import { UserResolver } from '../domains/user/user.resolver.js';
import { OrderingResolver } from '../ordering/order.resolver.js';

/** Every class that adds to the graph. */
const RESOLVERS = [
  UserResolver,
  OrderResolver,
  OrderingResolver,
  ...orderJoinFields,
  ...transactionJoinFields,
] as unknown as NonEmptyArray<new () => object>;

/** The executable schema. */
export function buildGraph(): GraphQLSchema {
  return buildSchemaSync({ resolvers: RESOLVERS, validate: false });
}

/** The schema as `schema.graphql` holds it: sorted, so that a change shows as itself. */
export function printGraph(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
