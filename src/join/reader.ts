import type { Filter } from './filter.js';
import type { Page, PageRequest, Position } from './page.js';
import type { SortTerm, Source } from './source.js';

/**
 * Reads the sources of one database, in bulk: every method is one statement, whatever the number of keys. Keys come
 * normalised and without duplicates; answers are matched by key, never by position.
 */
export interface SourceReader {
  /**
   * The rows whose `field` is one of `keys` and that meet the filter; each row holds at least `fields` and `field`. Order
   * is not promised.
   */
  findByKeys<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    fields: ReadonlySet<string>,
    where: Filter | null,
  ): Promise<readonly R[]>;
  /** One page of the whole source; each row holds at least its key and the request's fields. */
  findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>>;
  /** One page for each key: of the rows whose `field` is that key. A key without rows may be absent. */
  findPages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: PageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>>;
  /** How many rows meet the filter. */
  count(source: Source, where: Filter | null): Promise<number>;
  /** How many of them there are for each key. A key without rows may be absent. */
  countByKeys(
    source: Source,
    field: string,
    keys: readonly string[],
    where: Filter | null,
  ): Promise<ReadonlyMap<string, number>>;
  /** Whether a position that came in with a cursor is one that this reader could have given out for that sort. */
  accepts(source: Source, orderBy: readonly SortTerm[], position: Position): boolean;
  /** Whether a failure may be due to the rows of one key, so that without it the others could be read. */
  isKeysFault(error: unknown): boolean;
}
