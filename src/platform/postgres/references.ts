import { normalizeKey } from '../../join/key.js';
import { fieldOf, KEY, type Source } from '../../join/source.js';
import type { Meant } from '../wrapped-reference.js';
import { rowsMeant } from './any-key.js';
import { columnOf, quoted } from './columns.js';
import { Parameters } from './parameters.js';
import { rowColumns, toRow } from './rows.js';
import { visible, whereClause } from './page-statement.js';
import { PostgresSourceReader, type RunQuery } from './source-reader.js';

/** Where the key of a row stands, as text that casts back to it. */
const PLACE = '~place';

/** More rows than were wanted, should the server's estimate of the table be far too high. */
const MAX_EXCESS = 2;

/** What PostgreSQL samples by blocks: tables, their partitions, materialized views. */
const SAMPLED_KINDS = new Set(['r', 'p', 'm']);

/**
 * Reads the references that a source's rows hold, for an audit of all of them: as rows are read for the graph, in the
 * order of their keys' index.
 */
export class PostgresReferences {
  readonly #query: RunQuery;
  readonly #reader: PostgresSourceReader;

  constructor(query: RunQuery) {
    this.#query = query;
    this.#reader = new PostgresSourceReader(query);
  }

  /** Counted up to `limit`; beyond it the planner's estimate, which also knows views and partitions. */
  async size({ from }: Source, limit: number): Promise<{ rows: number; isExact: boolean }> {
    const some = `SELECT FROM ${quoted(from)}`;
    const [counted] = await this.#query(
      `SELECT count(*)::text AS "count" FROM (${some} LIMIT ${Math.trunc(limit) + 1}) "~rows"`,
    );
    const rows = Number(counted?.['count']);
    if (rows <= limit) return { rows, isExact: true };
    const [explained] = await this.#query(`EXPLAIN (FORMAT JSON) ${some}`);
    return { rows: Math.max(rows, plannedRows(explained?.['QUERY PLAN'])), isExact: false };
  }

  /** The rows behind a place; `next` is null when there are no more. */
  async stretch(source: Source, fields: ReadonlySet<string>, after: string | null, limit: number) {
    const parameters = new Parameters();
    const key = columnOf(source, KEY);
    const behind = after === null ? null : `${key} > ${parameters.bind(fieldOf(source, KEY).kind, after)}`;
    const where = whereClause([visible(source), behind]);
    const rows = await this.#query(
      `SELECT ${rowColumns(source, fields)}, ${key}::text AS ${quoted(PLACE)} FROM ${quoted(source.from)}${where} ` +
        `ORDER BY ${key} LIMIT ${Math.trunc(limit)}`,
      ...parameters.values,
    );
    const last = rows.length < limit ? null : (rows.at(-1)?.[PLACE] as string);
    return { rows: rows.map((row) => toRow(source, row)), next: last };
  }

  /** About so many rows from anywhere. Of a table whole blocks are read; of what has none, every row is passed. */
  async sample(source: Source, fields: ReadonlySet<string>, size: { readonly rows: number }, wanted: number) {
    const share = Math.min(1, wanted / Math.max(1, size.rows));
    const isSampled = await this.#isSampled(source);
    const how = isSampled ? ` TABLESAMPLE SYSTEM (${(share * 100).toFixed(6)})` : '';
    const where = whereClause([visible(source), isSampled ? null : `random() < ${share.toFixed(8)}`]);
    const rows = await this.#query(
      `SELECT ${rowColumns(source, fields)} FROM ${quoted(source.from)}${how}${where} LIMIT ${Math.trunc(wanted * MAX_EXCESS)}`,
    );
    return rows.map((row) => toRow(source, row));
  }

  /** Those of the keys under which the graph finds a row; an index alone answers. */
  async present(source: Source, keys: readonly string[]): Promise<ReadonlySet<string>> {
    const { kind } = fieldOf(source, KEY);
    const rows = await this.#reader.findByKeys(source, KEY, keys, new Set([KEY]), null);
    const found = rows.map((row) => normalizeKey(kind, (row as Record<string, unknown>)[KEY]));
    return new Set(found.filter((key) => key !== null));
  }

  /** The rows that references mean although the graph does not find them: see {@link rowsMeant}. */
  meant(source: Source, references: readonly string[]): Promise<ReadonlyMap<string, Meant>> {
    return rowsMeant(this.#query, source, references);
  }

  async #isSampled({ from }: Source): Promise<boolean> {
    const rows = await this.#query(
      'SELECT relkind::text AS "kind" FROM pg_class WHERE relname = $1 AND pg_table_is_visible(oid)',
      from,
    );
    return rows.some(({ kind }) => SAMPLED_KINDS.has(String(kind)));
  }
}

function plannedRows(explained: unknown): number {
  const plans = (typeof explained === 'string' ? JSON.parse(explained) : explained) as
    readonly { readonly Plan?: { readonly 'Plan Rows'?: number } }[] | undefined;
  return plans?.[0]?.Plan?.['Plan Rows'] ?? 0;
}
