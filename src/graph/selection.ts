import {
  getDirectiveValues,
  getNamedType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isObjectType,
  Kind,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Relation } from '../join/relation.js';
import type { Source } from '../join/source.js';

/** Under this key of a GraphQL field's extensions lies the relation that it follows. */
export const RELATION_EXTENSION = 'relation';

/**
 * The fields of a source that a selection needs: those it names, and those that the relations it follows start from.
 * A field that the source does not have (computed in a resolver of its own) may look at anything, so it needs all.
 * Below a connection, what `nodes` and `edges { node }` select counts.
 */
export function selectedFields(source: Source, info: GraphQLResolveInfo): ReadonlySet<string> {
  const fields = new Set<string>();
  const type = getNamedType(info.returnType);
  if (!isObjectType(type)) return fields;
  for (const { selectionSet } of info.fieldNodes) {
    if (selectionSet !== undefined) collect(source, info, type, selectionSet, fields);
  }
  return fields;
}

/** Every field of a source: what a service reads when nobody says less. */
export function allFields(source: Source): ReadonlySet<string> {
  return new Set(Object.keys(source.fields));
}

const CONNECTION_FIELDS = new Set(['nodes', 'edges', 'node']);

function collect(
  source: Source,
  info: GraphQLResolveInfo,
  type: GraphQLObjectType,
  selectionSet: SelectionSetNode,
  fields: Set<string>,
): void {
  for (const selection of selectionSet.selections.filter((one) => isIncluded(one, info))) {
    if (selection.kind !== Kind.FIELD) {
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? info.fragments[selection.name.value] : selection;
      if (fragment !== undefined) collect(source, info, type, fragment.selectionSet, fields);
      continue;
    }
    const field = type.getFields()[selection.name.value];
    if (field === undefined) continue; // __typename
    const inner = getNamedType(field.type);
    if (isConnectionPart(type) && CONNECTION_FIELDS.has(field.name) && isObjectType(inner)) {
      if (selection.selectionSet !== undefined) collect(source, info, inner, selection.selectionSet, fields);
    } else if (!isConnectionPart(type)) {
      for (const name of neededBy(source, field.name, field.extensions)) fields.add(name);
    }
  }
}

function isConnectionPart(type: GraphQLObjectType): boolean {
  return type.name.endsWith('Connection') || type.name.endsWith('Edge');
}

function neededBy(source: Source, name: string, extensions: Readonly<Record<string, unknown>>): Iterable<string> {
  const relation = extensions[RELATION_EXTENSION] as Relation | undefined;
  if (relation !== undefined) return [relation.field];
  return name in source.fields ? [name] : allFields(source);
}

function isIncluded(node: SelectionNode, { variableValues }: GraphQLResolveInfo): boolean {
  const skip = getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] === true;
  const include = getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false;
  return include && !skip;
}
