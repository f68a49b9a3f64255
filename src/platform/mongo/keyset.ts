import mongoose from 'mongoose';
import { storedName, type Position, type SortTerm, type Source } from '../../join/source.js';

const { EJSON } = mongoose.mongo.BSON;

export type Document = Record<string, unknown>;

/**
 * Positions hold the raw stored values as canonical extended JSON, and are compared in MongoDB's own order, across
 * types: a missing value (which counts as null) comes before every other, numbers before texts before dates. So a list
 * with odd values has one order, the index's, and a cursor continues it wherever it stands.
 */
export function positionFrom(source: Source, document: Document): Position {
  return source.orderBy.map((term) => {
    const value = document[storedName(source, term.field)];
    return value === undefined || value === null ? null : EJSON.stringify(value, { relaxed: false });
  });
}

/** Whether every value of a position that came from outside can be read back. */
export function isPosition(position: Position): boolean {
  return position.every((value) => value === null || (typeof value === 'string' && readBack(value) !== undefined));
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
  if (term === undefined) return false;
  const path = `$${storedName(source, term.field)}`;
  const [encoded, ...rest] = after;
  if (encoded === null || encoded === undefined) {
    // A missing value sorts with null, yet compares below it.
    const equal = { $lte: [path, null] };
    const further = term.direction === 'asc' ? { $gt: [path, null] } : false;
    return { $or: [further, { $and: [equal, behind(source, others, rest)] }] };
  }
  const literal = { $literal: readBack(String(encoded)) };
  const further = { [term.direction === 'asc' ? '$gt' : '$lt']: [path, literal] };
  return { $or: [further, { $and: [{ $eq: [path, literal] }, behind(source, others, rest)] }] };
}

function readBack(encoded: string): unknown {
  try {
    return EJSON.parse(encoded, { relaxed: false }) as unknown;
  } catch {
    return undefined;
  }
}
