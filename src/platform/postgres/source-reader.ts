import type { Filter } from '../../join/filter.js';
import { toPage, type Page, type PageRequest, type PageRow, type Position } from '../../join/page.js';
import type { SourceReader } from '../../join/reader.js';
import { fieldOf, KEY, type SortTerm, type Source } from '../../join/source.js';
import { isCastable } from './castable.js';
import { comparedBy, quoted } from './columns.js';
import { filterCondition } from './filter.js';
import type { IsNullable } from './keyset.js';
import { pageStatement, pagesStatement, visible, whereClause } from './page-statement.js';
import { Parameters } from './parameters.js';
import { isDataError } from './postgres-errors.js';
import { fixedOrder, rowColumns, toRow } from './rows.js';

/** Runs one statement and gives its rows; in the gateway it is Prisma's `$queryRawUnsafe`. */
export type RunQuery = (sql: string, ...parameters: unknown[]) => Promise<Record<string, unknown>[]>;

/**
 * Reads any source that lies in PostgreSQL. Each method is one statement; keys go as one array (`= ANY($1)`), however
 * many they are; names come from the declaration only, values are always parameters.
 */
export class PostgresSourceReader implements SourceReader {
  readonly #query: RunQuery;
  readonly #isNullable: IsNullable;

  /** @param isNullable where a column takes nulls although its source is declared without; nowhere when absent */
  constructor(query: RunQuery, isNullable: IsNullable = () => false) {
    this.#query = query;
    this.#isNullable = isNullable;
  }

  async findByKeys<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    fields: ReadonlySet<string>,
    where: Filter | null,
  ): Promise<readonly R[]> {
    const parameters = new Parameters();
    const columns = rowColumns(source, new Set([KEY, field, ...fields]));
    const isOfKeys = isOneOf(source, field, keys, parameters);
    const condition = where === null ? null : filterCondition(source, where, parameters);
    const clause = whereClause([visible(source), isOfKeys, condition]);
    // Of rows that share a key the first counts, and it has to be the same one each time.
    const order = ` ORDER BY ${comparedBy(source, field)}, ${fixedOrder(source)}`;
    const sql = `SELECT ${columns} FROM ${quoted(source.from)}${clause}${order}`;
    const rows = await this.#query(sql, ...parameters.values);
    return rows.map((row) => toRow(source, row));
  }

  async findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>> {
    const parameters = new Parameters();
    const sql = pageStatement(source, request, null, parameters, this.#isNullable);
    const rows = await this.#query(sql, ...parameters.values);
    return toPage(toPageRows(source, rows, request), request);
  }

  async findPages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: PageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>> {
    const parameters = new Parameters();
    const sql = pagesStatement(source, field, keys, request, parameters, this.#isNullable);
    const rows = await this.#query(sql, ...parameters.values);
    const groups = new Map<string, Record<string, unknown>[]>(keys.map((key) => [key, []]));
    for (const row of rows) groups.get(String(row['~key']))?.push(row);
    return new Map([...groups].map(([key, group]) => [key, toPage(toPageRows(source, group, request), request)]));
  }

  async count(source: Source, where: Filter | null): Promise<number> {
    const parameters = new Parameters();
    const condition = where === null ? null : filterCondition(source, where, parameters);
    const sql = `SELECT count(*)::text AS "~count" FROM ${quoted(source.from)}${whereClause([visible(source), condition])}`;
    const rows = await this.#query(sql, ...parameters.values);
    return Number(rows[0]?.['~count']);
  }

  async countByKeys(
    source: Source,
    field: string,
    keys: readonly string[],
    where: Filter | null,
  ): Promise<ReadonlyMap<string, number>> {
    const parameters = new Parameters();
    const isOfKeys = isOneOf(source, field, keys, parameters);
    const condition = where === null ? null : filterCondition(source, where, parameters);
    const sql =
      `SELECT ${comparedBy(source, field)}::text AS "~key", count(*)::text AS "~count" ` +
      `FROM ${quoted(source.from)}${whereClause([visible(source), isOfKeys, condition])} GROUP BY 1`;
    const rows = await this.#query(sql, ...parameters.values);
    return new Map(rows.map((row) => [String(row['~key']), Number(row['~count'])]));
  }

  accepts(source: Source, orderBy: readonly SortTerm[], position: Position): boolean {
    return orderBy.every((term, at) => {
      const value = position[at];
      if (value === null) return true;
      return typeof value === 'string' && isCastable(fieldOf(source, term.field).kind, value);
    });
  }

  isKeysFault(error: unknown): boolean {
    return isDataError(error);
  }
}

function isOneOf(source: Source, field: string, keys: readonly string[], parameters: Parameters): string {
  return `${comparedBy(source, field)} = ANY(${parameters.bindList(fieldOf(source, field).kind, keys)})`;
}

function toPageRows<R extends object>(
  source: Source<R>,
  rows: readonly Record<string, unknown>[],
  { orderBy }: PageRequest,
): PageRow<R>[] {
  return rows.map((row) => ({
    row: toRow(source, row),
    position: orderBy.map((_, at) => row[`~${at}`] as string | null),
  }));
}
