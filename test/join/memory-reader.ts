import { Joins } from '../../src/join/joins.js';
import type { Page, PageRequest } from '../../src/join/page.js';
import type { SourceReader } from '../../src/join/reader.js';
import { normalizeKey } from '../../src/join/key.js';
import { fieldOf, type Source } from '../../src/join/source.js';

type Row = Readonly<Record<string, unknown>>;

/** What a reader was asked, in order. */
export interface Asked {
  readonly method: string;
  readonly keys: readonly string[];
  readonly fields: readonly string[];
}

export interface MemoryOptions {
  /** Whether a statement fails altogether, as when the database is away. */
  readonly isAway?: () => boolean;
  /** Keys whose rows make a statement fail that reads them. */
  readonly poison?: ReadonlySet<string>;
}

/** Joins over rows in memory, given out in an order that nobody promised, with a list of what was asked. */
export function memoryJoins(rows: readonly Row[], { isAway = () => false, poison = new Set() }: MemoryOptions = {}) {
  const asked: Asked[] = [];
  const ask = (method: string, keys: readonly string[], fields: ReadonlySet<string> = new Set()) => {
    asked.push({ method, keys, fields: [...fields].sort() });
    if (isAway()) throw new Error('away');
    if (keys.some((key) => poison.has(key))) throw new Error('poisoned');
  };
  const matching = (source: Source, field: string, key: string) =>
    rows.filter((row) => normalizeKey(fieldOf(source, field).kind, row[field]) === key).toReversed();
  const page = (found: readonly Row[], { limit }: PageRequest): Page<never> => ({
    hasNextPage: false,
    hasPreviousPage: false,
    rows: found.slice(0, limit).map((row) => ({ row: row as never, position: [] })),
  });
  const reader: SourceReader = {
    async findByKeys(source, field, keys, fields) {
      ask('findByKeys', keys, fields);
      return keys.toReversed().flatMap((key) => matching(source, field, key)) as never[];
    },
    async findPages(source, field, keys, request) {
      ask(`findPages ${request.limit}`, keys, request.fields);
      return new Map(keys.toReversed().map((key) => [key, page(matching(source, field, key), request)]));
    },
    async countByKeys(source, field, keys) {
      ask('countByKeys', keys);
      return new Map(keys.map((key) => [key, matching(source, field, key).length]));
    },
    async findPage(_source, request) {
      ask(`findPage ${request.limit}`, [], request.fields);
      return page(rows, request);
    },
    async count() {
      ask('count', []);
      return rows.length;
    },
    accepts: () => true,
    isKeysFault: (error) => error instanceof Error && error.message === 'poisoned',
  };
  return { asked, joins: new Joins({ postgres: reader, mongo: reader }) };
}
