import { badUserInput } from '../errors/app-error.js';
import type { Joins } from '../join/joins.js';
import type { PageRequest, Source } from '../join/source.js';

/** A page's size when the client names none, and the largest that it may name. */
const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

/** The paging arguments of a connection field, as they come in. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/**
 * The page that the arguments ask for.
 *
 * @param path how the field is called in an error: `orders`, `Order.transactions`
 * @throws {AppError} BAD_USER_INPUT when the size is out of range or the cursor is none of this list's
 */
export function pageRequest(
  path: string,
  joins: Joins,
  source: Source,
  page: PageArguments,
  fields: ReadonlySet<string>,
): PageRequest {
  const first = page.first ?? DEFAULT_PAGE_SIZE;
  if (!Number.isInteger(first) || first < 1 || first > MAX_PAGE_SIZE) {
    const range = `${path}(first:) takes 1 to ${MAX_PAGE_SIZE}, got ${first}`;
    throw badUserInput('first', first > MAX_PAGE_SIZE ? `${range}; page with after:` : range);
  }
  if (page.after === null || page.after === undefined) return { fields, first, after: null };
  const after = joins.position(source, page.after);
  if (after === null) {
    throw badUserInput('after', `${path}(after:) takes a cursor that this list gave out; start again without it`);
  }
  return { fields, first, after };
}
