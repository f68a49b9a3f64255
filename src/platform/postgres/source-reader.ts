import {
  fieldOf,
  presentedId,
  storedName,
  type Page,
  type PageRequest,
  type PageRow,
  type Position,
  type Source,
  type SourceReader,
} from '../../join/source.js';
import { columnOf, isComparable, positionOf, quoted, typeOf } from './columns.js';
import { keysetAfter } from './keyset.js';

/** Runs one statement and gives its rows; in the gateway it is Prisma's `$queryRawUnsafe`. */
export type RunQuery = (sql: string, ...parameters: unknown[]) => Promise<Record<string, unknown>[]>;

/**
 * Reads any source that lies in PostgreSQL. Each method is one statement; keys go as one array (`= ANY($1)`), however
 * many they are; names come from the declaration only, values are always parameters.
 */
export class PostgresSourceReader implements SourceReader {
  readonly #query: RunQuery;

  constructor(query: RunQuery) {
    this.#query = query;
  }

  async findByKeys<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    fields: ReadonlySet<string>,
  ): Promise<readonly R[]> {
    const columns = selectList(source, new Set([source.key, field, ...fields]));
    const { expression, arrayType } = keyColumn(source, field);
    const sql = `SELECT ${columns} FROM ${quoted(source.from)} WHERE ${expression} = ANY($1::${arrayType})`;
    return (await this.#query(sql, keys)).map((row) => toRow(source, row));
  }

  accepts(source: Source, position: Position): boolean {
    return source.orderBy.every((term, at) => isComparable(fieldOf(source, term.field).kind, position[at]));
  }

  async findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>> {
    const { condition, parameters } = keysetAfter(source, request.after, 1);
    const where = condition === null ? '' : ` WHERE ${condition}`;
    const sql = `SELECT ${pageColumns(source, request)} FROM ${quoted(source.from)}${where}${tail(source, request)}`;
    return toPage(source, await this.#query(sql, ...parameters), request);
  }

  async findPages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: PageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>> {
    const { expression, arrayType, type } = keyColumn(source, field);
    const { condition, parameters } = keysetAfter(source, request.after, 2);
    const where = [`${expression} = "~keys"."~key"::${type}`, ...(condition === null ? [] : [condition])].join(' AND ');
    const lateral = `SELECT ${pageColumns(source, request)} FROM ${quoted(source.from)} WHERE ${where}${tail(source, request)}`;
    const sql = `SELECT * FROM unnest($1::${arrayType}) AS "~keys"("~key") CROSS JOIN LATERAL (${lateral}) AS "~rows"`;
    const rows = await this.#query(sql, keys, ...parameters);
    const groups = new Map<string, Record<string, unknown>[]>(keys.map((key) => [key, []]));
    for (const row of rows) groups.get(String(row['~key']))?.push(row);
    return new Map([...groups].map(([key, group]) => [key, toPage(source, group, request)]));
  }

  async count(source: Source): Promise<number> {
    const rows = await this.#query(`SELECT count(*)::text AS "~count" FROM ${quoted(source.from)}`);
    return Number(rows[0]?.['~count']);
  }

  async countByKeys(source: Source, field: string, keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { expression, arrayType } = keyColumn(source, field);
    const sql =
      `SELECT ${expression}::text AS "~key", count(*)::text AS "~count" FROM ${quoted(source.from)} ` +
      `WHERE ${expression} = ANY($1::${arrayType}) GROUP BY 1`;
    const rows = await this.#query(sql, keys);
    return new Map(rows.map((row) => [String(row['~key']), Number(row['~count'])]));
  }
}

/** An id of MongoDB lies in a text column in whatever case it was written; keys come in lower case. */
function keyColumn(source: Source, field: string): { expression: string; type: string; arrayType: string } {
  const column = quoted(storedName(source, field));
  const { kind } = fieldOf(source, field);
  const type = typeOf(kind);
  return { expression: kind === 'objectId' ? `lower(${column})` : column, type, arrayType: `${type}[]` };
}

function selectList(source: Source, fields: ReadonlySet<string>): string {
  return [...fields]
    .map((name) => {
      const [expression, alias] = [columnOf(source, name), quoted(name)];
      return expression === alias ? alias : `${expression} AS ${alias}`;
    })
    .join(', ');
}

/** The wanted fields, and under `~0`, `~1`, ... what a row's position consists of. */
function pageColumns(source: Source, request: PageRequest): string {
  const position = source.orderBy.map((term, at) => `${positionOf(source, term.field)} AS ${quoted(`~${at}`)}`);
  return [selectList(source, new Set([source.key, ...request.fields])), ...position].join(', ');
}

/** One row more than wanted: it says whether there is a next page. */
function tail(source: Source, request: PageRequest): string {
  const terms = source.orderBy.map((term) => `${quoted(storedName(source, term.field))} ${term.direction}`);
  return ` ORDER BY ${terms.join(', ')} LIMIT ${Math.trunc(request.first) + 1}`;
}

function toPage<R extends object>(
  source: Source<R>,
  rows: readonly Record<string, unknown>[],
  request: PageRequest,
): Page<R> {
  return {
    rows: rows.slice(0, request.first).map((row): PageRow<R> => ({
      row: toRow(source, row),
      position: source.orderBy.map((_, at) => row[`~${at}`] as string | null),
    })),
    hasNextPage: rows.length > request.first,
  };
}

/** A row as the source declares it, without what was read for its position. */
function toRow<R extends object>(source: Source<R>, row: Readonly<Record<string, unknown>>): R {
  const entries = Object.entries(row).filter(([name]) => name in source.fields);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const { kind } = fieldOf(source, name);
      return [name, kind === 'objectId' ? presentedId(kind, value) : value];
    }),
  ) as R;
}
