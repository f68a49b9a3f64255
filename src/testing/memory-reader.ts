import type { Filter } from '../join/filter.js';
import { normalizeKey } from '../join/key.js';
import { readingOrder, toPage, type Page, type PageRequest, type PageRow, type Position } from '../join/page.js';
import type { SourceReader } from '../join/reader.js';
import { fieldOf, KEY, type SortTerm, type Source } from '../join/source.js';
import { comparePositions, isComparable, matches, positionOf, type Row } from './matching.js';

/** Where a reader finds its rows, and whom it tells what it asks. */
export interface Memory {
  /** The rows of a source; none for one that nobody filled. */
  readonly rowsOf: (source: Source) => readonly Row[];
  /** Called once for each method that a real database would be sent a statement for; throws when it is away. */
  readonly ask: (statement: string) => void;
}

/**
 * Reads sources whose rows lie in memory as the readers of the real databases read theirs: the same rows, in the same
 * order, by the same pages, of each row what was asked for and no more, and one statement for each method.
 */
export class MemoryReader implements SourceReader {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  async findByKeys<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    fields: ReadonlySet<string>,
    where: Filter | null,
  ): Promise<readonly R[]> {
    await this.#ask(`${source.name} by ${field}${of(keys)}`, fields);
    const groups = this.#byKey(source, field, keys, where);
    return [...groups.values()].flat().map((row) => picked(row, [KEY, field, ...fields]) as R);
  }

  async findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>> {
    await this.#ask(`a page of ${source.name}`, request.fields);
    return pageOf(source, this.#found(source, request.where), request);
  }

  async findPages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: PageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>> {
    await this.#ask(`a page of ${source.name} for each ${field}${of(keys)}`, request.fields);
    const groups = this.#byKey(source, field, keys, request.where);
    return new Map([...groups].map(([key, own]) => [key, pageOf<R>(source, own, request)]));
  }

  async count(source: Source, where: Filter | null): Promise<number> {
    await this.#ask(`the number of ${source.name}`);
    return this.#found(source, where).length;
  }

  async countByKeys(
    source: Source,
    field: string,
    keys: readonly string[],
    where: Filter | null,
  ): Promise<ReadonlyMap<string, number>> {
    await this.#ask(`the number of ${source.name} for each ${field}${of(keys)}`);
    return new Map([...this.#byKey(source, field, keys, where)].map(([key, own]) => [key, own.length]));
  }

  accepts(source: Source, orderBy: readonly SortTerm[], position: Position): boolean {
    return orderBy.every(({ field }, at) => isComparable(fieldOf(source, field).kind, position[at]));
  }

  isKeysFault(): boolean {
    return false;
  }

  /** Asynchronous, as a database is. */
  async #ask(what: string, fields: ReadonlySet<string> = new Set()): Promise<void> {
    this.#memory.ask(fields.size === 0 ? what : `${what}: ${[...fields].sort().join(', ')}`);
    await Promise.resolve();
  }

  #found(source: Source, where: Filter | null): readonly Row[] {
    const rows = this.#memory.rowsOf(source);
    return where === null ? rows : rows.filter((row) => matches(source, row, where));
  }

  #byKey(source: Source, field: string, keys: readonly string[], where: Filter | null): Map<string, Row[]> {
    const groups = new Map<string, Row[]>(keys.map((key) => [key, []]));
    const { kind } = fieldOf(source, field);
    for (const row of this.#found(source, where)) {
      const key = normalizeKey(kind, row[field]);
      if (key !== null) groups.get(key)?.push(row);
    }
    return groups;
  }
}

function of(keys: readonly string[]): string {
  return ` (${keys.length} ${keys.length === 1 ? 'key' : 'keys'})`;
}

function pageOf<R extends object>(source: Source, rows: readonly Row[], request: PageRequest): Page<R> {
  const { orderBy, after, before, limit, fields } = request;
  const order = readingOrder(request);
  const between = rows
    .map((row) => ({ row, position: positionOf(source, orderBy, row) }))
    .filter(({ position }) => after === null || comparePositions(source, orderBy, position, after) > 0)
    .filter(({ position }) => before === null || comparePositions(source, orderBy, position, before) < 0)
    .sort((a, b) => comparePositions(source, order, a.position, b.position));
  const read: PageRow<R>[] = between
    .slice(0, limit + 1)
    .map(({ row, position }) => ({ row: picked(row, [KEY, ...fields]) as R, position }));
  return toPage(read, request);
}

function picked(row: Row, fields: readonly string[]): object {
  return Object.fromEntries(fields.map((name) => [name, row[name]]));
}
