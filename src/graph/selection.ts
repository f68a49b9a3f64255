import {
  getDirectiveValues,
  getNamedType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isObjectType,
  Kind,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Relation } from '../join/relation.js';
import type { Source } from '../join/source.js';

/** Under this key of a GraphQL type's extensions a connection and its edge say that they are one. */
export const CONNECTION_EXTENSION = 'connection';

/** Under this key of a GraphQL field's extensions lies the relation that it follows. */
export const RELATION_EXTENSION = 'relation';

/**
 * The fields of a source that a selection needs: those it names, and those that the relations it follows start from.
 * A field that the source does not have (computed in a resolver of its own) may look at anything, so it needs all.
 * Below a connection, what `nodes` and `edges { node }` select counts.
 */
export function selectedFields(source: Source, info: GraphQLResolveInfo): ReadonlySet<string> {
  const known = selections.get(info.variableValues)?.get(info.fieldNodes);
  if (known !== undefined) return known;
  const walk: Walk = { source, info, fields: new Set(), visited: new Set() };
  const type = getNamedType(info.returnType);
  for (const { selectionSet } of isObjectType(type) ? info.fieldNodes : []) {
    if (selectionSet !== undefined) collect(walk, type as GraphQLObjectType, selectionSet);
  }
  const ofExecution = selections.get(info.variableValues) ?? new WeakMap<readonly FieldNode[], ReadonlySet<string>>();
  selections.set(info.variableValues, ofExecution.set(info.fieldNodes, walk.fields));
  return walk.fields;
}

/**
 * Every row of a level asks the same; the walk is made once. The variables' object belongs to one execution and goes
 * with it, and nothing here outlives it.
 */
const selections = new WeakMap<object, WeakMap<readonly FieldNode[], ReadonlySet<string>>>();

interface Walk {
  readonly source: Source;
  readonly info: GraphQLResolveInfo;
  readonly fields: Set<string>;
  /** A fragment is walked once, however often it is spread: fragments that spread each other twice would double it. */
  readonly visited: Set<SelectionSetNode>;
}

/** Every field of a source: what a service reads when nobody says less. */
export function allFields(source: Source): ReadonlySet<string> {
  return new Set(Object.keys(source.fields));
}

const CONNECTION_FIELDS = new Set(['nodes', 'edges', 'node']);

function collect(walk: Walk, type: GraphQLObjectType, selectionSet: SelectionSetNode): void {
  const { source, info, fields, visited } = walk;
  if (visited.has(selectionSet)) return;
  visited.add(selectionSet);
  for (const selection of selectionSet.selections.filter((one) => isIncluded(one, info))) {
    if (selection.kind !== Kind.FIELD) {
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? info.fragments[selection.name.value] : selection;
      if (fragment !== undefined) collect(walk, type, fragment.selectionSet);
      continue;
    }
    const field = type.getFields()[selection.name.value];
    if (field === undefined) continue; // __typename
    const inner = getNamedType(field.type);
    if (isConnectionPart(type) && CONNECTION_FIELDS.has(field.name) && isObjectType(inner)) {
      if (selection.selectionSet !== undefined) collect(walk, inner, selection.selectionSet);
    } else if (!isConnectionPart(type)) {
      for (const name of neededBy(source, field.name, field.extensions)) fields.add(name);
    }
  }
}

function isConnectionPart(type: GraphQLObjectType): boolean {
  return type.extensions[CONNECTION_EXTENSION] === true;
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
