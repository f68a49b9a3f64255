import {
  getNamedType,
  isObjectType,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
// What the executor itself collects by: fragments, @skip and @include mean here what they mean there.
import { collectSubfields } from 'graphql/execution/collectFields.js';
import { allFields, type Source } from '../join/source.js';
import { Extensions } from './decorators.js';
import { perLevel } from './per-level.js';

/** Under this key of a GraphQL type's extensions a connection and its edge say that they are one. */
export const CONNECTION_EXTENSION = 'connection';

/** Under this key a field says which fields of its row it looks at. */
export const NEEDS_EXTENSION = 'needs';

/** Says of a field that a resolver computes which fields of its row it looks at; without it, it gets them all. */
export function Needs(...fields: readonly string[]): MethodDecorator {
  return Extensions({ [NEEDS_EXTENSION]: fields });
}

/**
 * The fields of a source that a selection needs: those it names, and those that what is computed of them says it needs.
 * Below a connection, what `nodes` and `edges { node }` select counts.
 */
export function selectedFields(source: Source, info: GraphQLResolveInfo): ReadonlySet<string> {
  return selected(info, source).fields;
}

/**
 * The fields that a selection of a connection needs of its rows, or null where it asks for none of them: who wants a
 * count alone does not pay for a page.
 */
export function selectedRows(source: Source, info: GraphQLResolveInfo): ReadonlySet<string> | null {
  const { fields, hasRows } = selected(info, source);
  return hasRows ? fields : null;
}

interface Selected {
  readonly fields: Set<string>;
  hasRows: boolean;
}

const selected = perLevel((info, source: Source): Selected => {
  const found: Selected = { fields: new Set(), hasRows: false };
  const type = getNamedType(info.returnType);
  if (isObjectType(type)) collect(found, source, info, type, info.fieldNodes);
  return found;
});

/** What of a connection is made of its rows. */
const ROWS = new Set(['nodes', 'edges', 'node', 'cursor', 'pageInfo']);

function collect(
  found: Selected,
  source: Source,
  info: GraphQLResolveInfo,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
): void {
  const { schema, fragments, variableValues } = info;
  for (const selections of collectSubfields(schema, fragments, variableValues, type, nodes).values()) {
    const field = type.getFields()[selections[0]?.name.value ?? ''];
    if (field === undefined) continue; // __typename
    if (!isConnectionPart(type)) {
      for (const name of neededBy(source, field)) found.fields.add(name);
    } else if (ROWS.has(field.name)) {
      found.hasRows = true;
      const inner = getNamedType(field.type);
      const leadsToRows = isObjectType(inner) && (isConnectionPart(inner) || inner.name === source.type);
      if (leadsToRows) collect(found, source, info, inner, selections);
    }
  }
}

/** Whether a type is a connection, or an edge of one. */
export function isConnectionPart(type: GraphQLNamedType): boolean {
  return type.extensions[CONNECTION_EXTENSION] === true;
}

function neededBy(source: Source, { name, extensions }: GraphQLField<unknown, unknown>): Iterable<string> {
  const declared = extensions[NEEDS_EXTENSION] as readonly string[] | undefined;
  return declared ?? (Object.hasOwn(source.fields, name) ? [name] : allFields(source));
}
