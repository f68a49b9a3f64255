import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';
import { AUDIT_RESOLVERS } from '../audit/audit.resolvers.js';
import { UserSyncResolver } from '../copies/user-sync.resolver.js';
import { RELATIONS, SOURCES } from '../domains/catalogue.js';
import { OrderResolver } from '../domains/order/order.resolver.js';
import { UserResolver } from '../domains/user/user.resolver.js';
import { refuseClashes } from '../graph/clashes.js';
import { joinFields, rootFields } from '../graph/source-fields.js';
import { ORDERING_RESOLVERS } from '../ordering/ordering.resolvers.js';

/** Every class that adds to the graph: what follows from the catalogue, and what is written by hand. */
const RESOLVERS = [
  ...SOURCES.flatMap(rootFields),
  ...RELATIONS.flatMap(joinFields),
  UserResolver,
  OrderResolver,
  ...ORDERING_RESOLVERS,
  UserSyncResolver,
  ...AUDIT_RESOLVERS,
] as unknown as NonEmptyArray<new () => object>;

/** Of what no decorator describes. */
const DESCRIPTIONS = {
  Query: 'What can be read.',
  Mutation: 'What can be written. Each field gives back what it wrote.',
  DateTime: 'A moment, as ISO 8601 text: out in UTC with milliseconds, "2025-01-31T09:30:00.000Z"; in with any offset.',
};

/** The executable schema. @throws {TypeError} for names in the catalogue that would hide each other */
export function buildGraph(): GraphQLSchema {
  refuseClashes(SOURCES, RELATIONS);
  const schema = buildSchemaSync({ resolvers: RESOLVERS, validate: false });
  for (const [name, description] of Object.entries(DESCRIPTIONS))
    Object.assign(schema.getType(name) ?? {}, { description });
  return schema;
}

/** The schema as `schema.graphql` holds it: sorted, so that a change shows as itself. */
export function printGraph(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
