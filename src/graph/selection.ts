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
import { KEY, type Source } from '../join/source.js';

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
  return walked(source, info).fields;
}

/**
 * The fields that a selection of a connection needs of its rows, or null where it asks for none of them: who wants a
 * count alone does not pay for a page.
 */
export function selectedRows(source: Source, info: GraphQLResolveInfo): ReadonlySet<string> | null {
  const { fields, hasRows } = walked(source, info);
  return hasRows ? fields : null;
}

interface Walk {
  readonly source: Source;
  readonly info: GraphQLResolveInfo;
  readonly fields: Set<string>;
  hasRows: boolean;
  /** A fragment is walked once, however often it is spread: fragments that spread each other twice would double it. */
  readonly visited: Set<SelectionSetNode>;
}

/**
 * Every row of a level asks the same; the walk is made once. The variables' object belongs to one execution and goes
 * with it, and nothing here outlives it.
 */
const walks = new WeakMap<object, WeakMap<readonly FieldNode[], Walk>>();

function walked(source: Source, info: GraphQLResolveInfo): Walk {
  const known = walks.get(info.variableValues)?.get(info.fieldNodes);
  if (known !== undefined) return known;
  const walk: Walk = { source, info, fields: new Set(), hasRows: false, visited: new Set() };
  const type = getNamedType(info.returnType);
  for (const { selectionSet } of isObjectType(type) ? info.fieldNodes : []) {
    if (selectionSet !== undefined) collect(walk, type as GraphQLObjectType, selectionSet);
  }
  const ofExecution = walks.get(info.variableValues) ?? new WeakMap<readonly FieldNode[], Walk>();
  walks.set(info.variableValues, ofExecution.set(info.fieldNodes, walk));
  return walk;
}

/** Every field of a source: what a service reads when nobody says less. */
export function allFields(source: Source): ReadonlySet<string> {
  return new Set(Object.keys(source.fields));
}

/** What of a connection is made of its rows. */
const ROWS = new Set(['nodes', 'edges', 'node', 'cursor', 'pageInfo']);

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
    if (!isConnectionPart(type)) {
      for (const name of neededBy(source, field.name, field.extensions)) fields.add(name);
      continue;
    }
    if (!ROWS.has(field.name)) continue;
    walk.hasRows = true;
    const inner = getNamedType(field.type);
    const isRow = isObjectType(inner) && (isConnectionPart(inner) || inner.name === source.type);
    if (isRow && selection.selectionSet !== undefined) collect(walk, inner, selection.selectionSet);
  }
}

function isConnectionPart(type: GraphQLObjectType): boolean {
  return type.extensions[CONNECTION_EXTENSION] === true;
}

function neededBy(source: Source, name: string, extensions: Readonly<Record<string, unknown>>): Iterable<string> {
  const relation = extensions[RELATION_EXTENSION] as Relation | undefined;
  if (relation !== undefined) return [name === relation.name ? relation.field : KEY];
  return name in source.fields ? [name] : allFields(source);
}

function isIncluded(node: SelectionNode, { variableValues }: GraphQLResolveInfo): boolean {
  const skip = getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] === true;
  const include = getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false;
  return include && !skip;
}
