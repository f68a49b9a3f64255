import { badUserInput, hidden } from '../errors/app-error.js';
import type { Joins } from '../join/joins.js';
import type { List } from '../join/list.js';
import type { PageRequest, Position } from '../join/page.js';
import { endingWithKey, type SortTerm, type Source } from '../join/source.js';
import type { ListArguments } from './list-args.js';
import type { OrderBy } from './order-by-input.js';
import { filterOf } from './where.js';

/** A page's size when the client names none, and the largest that it may name. */
export const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

/**
 * The page that a list's arguments ask for. With `before` alone it is the last one ahead of it.
 *
 * @param fields what to read of each row; null for none, where only the count is wanted
 * @throws {AppError} BAD_USER_INPUT, naming the argument that has a value that is not allowed; FORBIDDEN for a filter or
 * a sort by what the asker may not read
 */
export function pageRequest(
  { path, source }: List,
  joins: Joins,
  args: ListArguments,
  fields: ReadonlySet<string> | null,
): PageRequest {
  const { first = null, last = null, after = null, before = null } = args;
  const limit = pageSize(path, { first, last });
  const orderBy = sortOf(path, source, args.orderBy ?? [], joins);
  const position = (argument: 'after' | 'before', cursor: string | null): Position | null => {
    const found = cursor === null ? null : joins.position(source, orderBy, cursor);
    if (found === null && cursor !== null) throw foreignCursor(path, argument);
    return found;
  };
  return {
    fields: fields ?? new Set(),
    where: filterOf(source, args.where, joins.sight),
    orderBy,
    limit: fields === null ? 0 : limit,
    backward: last !== null || (first === null && after === null && before !== null),
    after: position('after', after),
    before: position('before', before),
  };
}

/** How many rows a page has. @throws {AppError} BAD_USER_INPUT for a size that no list takes */
export function pageSize(path: string, { first, last }: Record<'first' | 'last', number | null>): number {
  if (first !== null && last !== null) {
    throw badUserInput('last', `${path} takes first: or last:, got both; leave one of them out`);
  }
  return last === null ? size(path, 'first', first) : size(path, 'last', last);
}

function size(path: string, argument: 'first' | 'last', value: number | null): number {
  if (value === null) return DEFAULT_PAGE_SIZE;
  if (Number.isInteger(value) && value >= 1 && value <= MAX_PAGE_SIZE) return value;
  const range = `${path}(${argument}:) takes 1 to ${MAX_PAGE_SIZE}, got ${value}`;
  const cursor = argument === 'first' ? 'after' : 'before';
  throw badUserInput(argument, value > MAX_PAGE_SIZE ? `${range}; page with ${cursor}:` : range);
}

function foreignCursor(path: string, argument: string) {
  const contract = `${path}(${argument}:) takes a cursor that this list gave out in the same order`;
  return badUserInput(argument, `${contract}; start again without it`);
}

/** The sort that the terms ask for; a field that was sorted by already changes nothing. */
function sortOf(path: string, source: Source, terms: readonly OrderBy[], joins: Joins): readonly SortTerm[] {
  const sort = new Map<string, SortTerm>();
  for (const term of terms) {
    const named = Object.entries(term).flatMap(([field, direction]) =>
      direction === null || direction === undefined ? [] : [{ field, direction }],
    );
    if (named.length > 1) {
      const fields = named.map(({ field }) => field).join(', ');
      throw badUserInput(
        'orderBy',
        `${path}(orderBy:) takes one field in each term, got ${fields}; make a list of them`,
      );
    }
    for (const one of named) {
      if (!joins.sight.reads(source, one.field)) throw hidden(source, one.field, 'orderBy', 'sort');
      if (!sort.has(one.field)) sort.set(one.field, one);
    }
  }
  return sort.size === 0 ? joins.orderOf(source) : endingWithKey([...sort.values()]);
}
