import mongoose from 'mongoose';
import { storedName, type Position, type SortTerm, type Source } from '../../join/source.js';

const { deserialize, serialize } = mongoose.mongo.BSON;

export type Document = Record<string, unknown>;

/** Where a page's stages leave what the server sorted a document by. */
export const POSITION = '~position';

/** A cursor holds a few values; what is larger or deeper was not made here, and the server refuses deep nesting. */
const MAX_ENCODED = 1_024;
const MAX_DEPTH = 5;

/**
 * Positions hold the values that the server sorted by, as BSON, and are compared in MongoDB's own order, across types: a
 * missing value (which counts as null) comes before every other, numbers before texts before dates. So a list with odd
 * values has one order, the index's, and a cursor continues it wherever it stands.
 */
export function positionFrom(document: Document): Position {
  const values = document[POSITION];
  return Array.isArray(values) ? values.map((value) => encoded(value)) : [];
}

/** An empty array has nothing to sort it by: the server puts it before null. */
const EMPTY_ARRAY = '[]';

/** Whether every value of a position that came from outside can be read back. */
export function isPosition(position: Position): boolean {
  return position.every(
    (value) =>
      value === null ||
      value === EMPTY_ARRAY ||
      (typeof value === 'string' && value.length <= MAX_ENCODED && isReadable(value)),
  );
}

function isReadable(value: string): boolean {
  const decoded = decodedValue(value);
  return decoded !== undefined && depthOf(decoded) <= MAX_DEPTH;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || '_bsontype' in value || value instanceof Date) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** The sort of a source's list. */
export function sortOf(source: Source): Record<string, 1 | -1> {
  return Object.fromEntries(
    source.orderBy.map((term) => [storedName(source, term.field), term.direction === 'asc' ? 1 : -1]),
  );
}

/** The stages that keep only what lies behind a position. The values are literals: none of them is an expression. */
export function stagesAfter(source: Source, after: Position | null): Document[] {
  if (after === null) return [];
  return [{ $match: { $expr: behind(source, source.orderBy, after) } }];
}

/** Behind in the first term, or equal in it and behind in the others. */
function behind(source: Source, terms: readonly SortTerm[], after: Position): Document | boolean {
  const [term, ...others] = terms;
  const [value = null, ...rest] = after;
  if (term === undefined) return false;
  const { further, equal } = comparison(`$${storedName(source, term.field)}`, term, value);
  return { $or: [further, { $and: [equal, behind(source, others, rest)] }] };
}

/** A missing value sorts with null, yet compares below it; an empty array sorts before both. */
function comparison(path: string, term: SortTerm, value: string | number | null) {
  const isEmpty = { $eq: [path, []] };
  const isAscending = term.direction === 'asc';
  if (value === EMPTY_ARRAY) return { further: isAscending ? { $not: [isEmpty] } : false, equal: isEmpty };
  const sorted = sortedBy(path, term);
  if (value === null) {
    const equal = { $and: [{ $not: [isEmpty] }, { $lte: [sorted, null] }] };
    return { further: isAscending ? { $gt: [sorted, null] } : isEmpty, equal };
  }
  const literal = { $literal: decodedValue(String(value)) };
  return { further: { [isAscending ? '$gt' : '$lt']: [sorted, literal] }, equal: { $eq: [sorted, literal] } };
}

/** Of an array the sort takes the smallest element, or the largest where the largest comes first. */
function sortedBy(path: string, { direction }: SortTerm): Document {
  return { $cond: [{ $isArray: [path] }, { [direction === 'asc' ? '$min' : '$max']: path }, path] };
}

function encoded(value: unknown): string | null {
  if (value === undefined) return EMPTY_ARRAY;
  return value === null ? null : Buffer.from(serialize({ value })).toString('base64');
}

function decodedValue(text: string): unknown {
  try {
    return deserialize(Buffer.from(text, 'base64'), { promoteValues: false })['value'];
  } catch {
    return undefined;
  }
}
