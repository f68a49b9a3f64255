import { readingOrder, reversed, type PageRequest } from '../../join/page.js';
import { fieldOf, KEY, type Source } from '../../join/source.js';
import { comparedBy, positionOf, quoted } from './columns.js';
import { filterCondition } from './filter.js';
import { behind, orderBy, type IsNullable } from './keyset.js';
import { cast, type Parameters } from './parameters.js';
import { rowColumns } from './rows.js';

/**
 * The statement that reads a page in reading order, one row more than wanted: it says whether the list goes on. A row
 * comes with the wanted fields, and under `~0`, `~1`, ... with what its position consists of.
 *
 * @param among a condition on top of the request's, in SQL
 * @param isNullable see {@link behind}
 */
export function pageStatement(
  source: Source,
  request: PageRequest,
  among: string | null,
  parameters: Parameters,
  isNullable: IsNullable,
): string {
  const { fields, where, after, before, limit } = request;
  const conditions = [
    visible(source),
    among,
    where === null ? null : filterCondition(source, where, parameters),
    after === null ? null : behind(source, request.orderBy, after, parameters, isNullable),
    before === null ? null : behind(source, reversed(request.orderBy), before, parameters, isNullable),
  ];
  const position = request.orderBy.map(({ field }, at) => `${positionOf(source, field)} AS ${quoted(`~${at}`)}`);
  return (
    `SELECT ${[rowColumns(source, new Set([KEY, ...fields])), ...position].join(', ')} ` +
    `FROM ${quoted(source.from)}${whereClause(conditions)} ` +
    `ORDER BY ${orderBy(source, readingOrder(request))} LIMIT ${Math.trunc(limit) + 1}`
  );
}

/** One such page for each key, whose rows come with the key under `~key`. */
export function pagesStatement(
  source: Source,
  field: string,
  keys: readonly string[],
  request: PageRequest,
  parameters: Parameters,
  isNullable: IsNullable,
): string {
  const list = parameters.bindList('text', keys);
  const isOfKey = `${comparedBy(source, field)} = ${cast('"~keys"."~key"', fieldOf(source, field).kind)}`;
  const page = pageStatement(source, request, isOfKey, parameters, isNullable);
  return `SELECT * FROM unnest(${list}) AS "~keys"("~key") CROSS JOIN LATERAL (${page}) AS "~rows"`;
}

/** The condition of rows that are not hidden; null where a source hides none. */
export function visible({ from, hiddenBy }: Source): string | null {
  return hiddenBy === null ? null : `${quoted(from)}.${quoted(hiddenBy)} IS NULL`;
}

/** Rows that meet every condition that is there. */
export function whereClause(conditions: readonly (string | null)[]): string {
  const there = conditions.filter((condition) => condition !== null);
  return there.length === 0 ? '' : ` WHERE ${there.join(' AND ')}`;
}
