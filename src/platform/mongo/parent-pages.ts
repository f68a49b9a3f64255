import type { Filter } from '../../join/filter.js';
import { fieldOf, storedName, type Source } from '../../join/source.js';
import type { Document } from './document.js';
import { queryOf } from './filter.js';
import { pageStages, positionStage, readingSort, rowStage, stretchStages, type StoredPageRequest } from './keyset.js';
import { isOwnValue, readsAsOneOf, storedForms } from './stored-forms.js';

/**
 * The server parses a pipeline anew for each parent: values of a filter, for all parents together, that this takes about
 * 0.1 s for (measured: 1 s for 1,000 parents and 500 ids, 11 s for 5,000).
 */
const MOST_VALUES = 50_000;

/** A filter with fewer values says little of which rows are wanted; all that meet it may be too many to read. */
const FEW_VALUES = 50;

/**
 * Whether each parent's page is best looked up by itself. Else all rows that meet the filter are read, and dealt to
 * their parents (measured: 0.07 s for 1,000 parents and 5,000 ids).
 */
export function isLookedUp(keys: readonly string[], where: Filter | null): boolean {
  const values = valuesIn(where);
  return values <= FEW_VALUES || keys.length * values <= MOST_VALUES;
}

function valuesIn(where: Filter | null): number {
  if (where === null) return 0;
  if (where.kind !== 'condition') return where.of.reduce((sum, part) => sum + valuesIn(part), 0);
  return where.comparison.operator === 'in' ? where.comparison.value.length : 1;
}

/**
 * A page for each parent, by `$documents` and `$lookup` with a limited pipeline: of a parent with 100,000 rows those of
 * the page are read from the index, where `$group` with `$firstN` reads them all (measured: 300 keys against 50,000).
 * Where references are stored in several forms the server merges their stretches of the index, for it looks an array up
 * as `$in`. Needs MongoDB 6.
 */
export function lookedUp(
  source: Source,
  collection: string,
  field: string,
  keys: readonly string[],
  request: StoredPageRequest,
): Document[] {
  const { kind } = fieldOf(source, field);
  const name = storedName(source, field);
  const { where } = request;
  const lookup = {
    from: collection,
    localField: 'stored',
    foreignField: name,
    pipeline: [
      { $match: { $and: [{ [name]: isOwnValue(kind) }, queryOf(source, where)] } },
      ...pageStages(source, request),
      rowStage(source, request),
    ],
    as: 'row',
  };
  const parents = keys.map((key) => ({ stored: storedForms(kind, key) }));
  return [
    { $documents: parents.filter(({ stored }) => stored.length > 0) },
    { $lookup: lookup },
    // Row by row, for all rows of a parent in one document may be more than the 16 MB that a document takes.
    { $unwind: '$row' },
    { $replaceRoot: { newRoot: '$row' } },
  ];
}

const PLACE = '~place';

/** The same rows, in one order for all parents, with some more where references are stored in several forms. */
export function dealt(source: Source, field: string, keys: readonly string[], request: StoredPageRequest): Document[] {
  const { kind } = fieldOf(source, field);
  const name = storedName(source, field);
  const sort = readingSort(source, request);
  // $documentNumber takes one sort key only.
  const output = { [PLACE]: { $sum: 1, window: { documents: ['unbounded', 'current'] } } };
  return [
    { $match: { $and: [readsAsOneOf(kind, name, keys), queryOf(source, request.where)] } },
    ...stretchStages(source, request),
    { $sort: sort },
    positionStage(source, request),
    { $setWindowFields: { partitionBy: `$${name}`, sortBy: sort, output } },
    { $match: { [PLACE]: { $lte: request.limit + 1 } } },
    { $sort: sort },
    rowStage(source, request, true),
  ];
}
