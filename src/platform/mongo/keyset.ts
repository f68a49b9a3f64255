import { readingOrder, reversed, type PageRequest, type Position } from '../../join/page.js';
import { fieldOf, KEY, storedName, type SortTerm, type Source } from '../../join/source.js';
import { behind, firstOf, type SortKey } from './bounds.js';
import type { Document, Expression } from './document.js';
import { encodedValue } from './position.js';
import { projection } from './rows.js';
import { reading } from './stored-values-in-queries.js';

/** Where a page's stages leave what a document was sorted by. */
const POSITION = '~position';

/** What stands before a field's name where the stages leave what it is sorted by. */
const COMPUTED = '~sorted ';

/**
 * Lists are sorted in MongoDB's own order of what is stored, across types, so that the index answers: a missing value,
 * which counts as null, comes before every other, numbers before texts before dates.
 *
 * Money is not, for one field mixes numbers, texts and decimals: it is sorted by what is read. Then everything is sorted
 * by what was computed ahead of the sort, for the server says of stored values only what it has sorted them by.
 */
export function isSortedAsStored(source: Source, orderBy: readonly SortTerm[]): boolean {
  return orderBy.every(({ field }) => fieldOf(source, field).kind !== 'decimal');
}

/** How a page is asked for here: `computes` where the server cannot sort by what is stored (it takes one array in all). */
export interface StoredPageRequest extends PageRequest {
  readonly computes?: boolean;
}

function computes(source: Source, request: StoredPageRequest): boolean {
  return request.computes === true || !isSortedAsStored(source, request.orderBy);
}

/** A sort as the server takes it. A field that is named twice is sorted by as it is named first. */
export function sortOf(
  source: Source,
  orderBy: readonly SortTerm[],
  isStored = isSortedAsStored(source, orderBy),
): Record<string, 1 | -1> {
  const sort: Record<string, 1 | -1> = {};
  for (const { name, direction } of keysOf(source, orderBy, isStored)) sort[name] ??= direction;
  return sort;
}

/** The sort in which a page is read. */
export function readingSort(source: Source, request: StoredPageRequest): Record<string, 1 | -1> {
  return sortOf(source, readingOrder(request), !computes(source, request));
}

function keysOf(source: Source, orderBy: readonly SortTerm[], isStored: boolean): readonly SortKey[] {
  return orderBy.map(({ field, direction }) => {
    const name = storedName(source, field);
    return { name: isStored ? name : COMPUTED + name, isStored, direction: direction === 'asc' ? 1 : -1 };
  });
}

/** The stages that make a page, in reading order and with one row more, of the documents that come in. */
export function pageStages(source: Source, request: StoredPageRequest): Document[] {
  return [...stretchStages(source, request), { $sort: readingSort(source, request) }, { $limit: request.limit + 1 }];
}

/** The stages that leave the documents between a page's ends, with what they are to be sorted by. */
export function stretchStages(source: Source, request: StoredPageRequest): Document[] {
  const { orderBy, after, before } = request;
  const sort = readingSort(source, request);
  const isStored = !computes(source, request);
  return [
    ...(isStored ? [] : [{ $set: computed(source, orderBy) }]),
    ...(after === null ? [] : [{ $match: behind(keysOf(source, orderBy, isStored), sort, after) }]),
    ...(before === null ? [] : [{ $match: behind(keysOf(source, reversed(orderBy), isStored), sort, before) }]),
  ];
}

function computed(source: Source, orderBy: readonly SortTerm[]): Record<string, Expression> {
  const values = orderBy.map(({ field, direction }) => {
    const { kind } = fieldOf(source, field);
    const path = `$${storedName(source, field)}`;
    const stored = { $ifNull: [firstOf(path, direction === 'asc' ? 1 : -1), null] };
    return [COMPUTED + storedName(source, field), kind === 'decimal' ? reading(kind, path) : stored] as const;
  });
  // Of a field that is named twice, the first counts.
  return Object.fromEntries(values.toReversed());
}

/** Keeps where each document stands, right behind the sort: what the server says of it later may be of another sort. */
export function positionStage(source: Source, request: StoredPageRequest): Document {
  return { $set: { [POSITION]: positionExpression(source, request) } };
}

/** The last stage of a page: its fields, and where each document stands. */
export function rowStage(source: Source, request: StoredPageRequest, isKept = false): Document {
  const position = isKept ? 1 : positionExpression(source, request);
  return { $project: { ...projection(source, [...request.fields, KEY]), [POSITION]: position } };
}

function positionExpression(source: Source, request: StoredPageRequest): unknown {
  if (!computes(source, request)) return { $meta: 'sortKey' };
  return Object.keys(sortOf(source, request.orderBy, false)).map((name) => `$${name}`);
}

/** Where a document stands: the values that it was sorted by. */
export function positionFrom(source: Source, orderBy: readonly SortTerm[], document: Document): Position {
  const values = document[POSITION];
  if (!Array.isArray(values)) return [];
  const names = Object.keys(sortOf(source, orderBy, true));
  return keysOf(source, orderBy, true).map(({ name }) => encodedValue(values[names.indexOf(name)]));
}
