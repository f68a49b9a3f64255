import type { Relation } from '../../join/relation.js';
import { fieldOf, KEY, storedName, type Source } from '../../join/source.js';
import { comparedBy, quoted, sortedBy } from './columns.js';

/** Whatever runs a statement that reads: a database, or a connection of one's own. */
interface Queryable {
  query(sql: string, ...parameters: unknown[]): Promise<readonly Record<string, unknown>[]>;
}

/** One term of an index: an expression over the table's columns, and which way it goes. */
interface IndexTerm {
  readonly expression: string;
  /** Texts are sorted by code point; what is only looked up has the column's own collation. */
  readonly byCodePoint: boolean;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** An index that a list or a look-up needs. */
export interface NeededIndex {
  readonly table: string;
  readonly terms: readonly IndexTerm[];
  /** How many of the first terms are looked up by equality, so that their direction does not matter. */
  readonly lookedUp: number;
  readonly unique: boolean;
}

/**
 * The indexes that the graph needs in PostgreSQL: one for each field that no two rows share, and for each list one by
 * the reference, if the list is a parent's, then in the list's order.
 */
export function neededIndexes(sources: readonly Source[], relations: readonly Relation[]): readonly NeededIndex[] {
  const uniques = sources.flatMap((source) =>
    [KEY, ...source.unique].map((field) => ({ source, by: [unique(source, field)], inOrder: false })),
  );
  const ofParents = relations.map(({ from, field }) => ({
    source: from,
    by: [lookedUpBy(from, field)],
    inOrder: true,
  }));
  const lists = sources.map((source) => ({ source, by: [], inOrder: true }));
  return [...uniques, ...ofParents, ...lists]
    .filter(({ source }) => source.database === 'postgres')
    .map(({ source, by, inOrder }) => ({
      table: source.from,
      terms: [...by, ...(inOrder ? orderOf(source) : [])],
      lookedUp: by.length,
      unique: !inOrder,
    }));
}

/** The column itself, so that the index is one that people would have made; an id's case makes no difference. */
function unique(source: Source, field: string): IndexTerm {
  const term = lookedUpBy(source, field);
  return fieldOf(source, field).kind === 'objectId' ? term : { ...term, expression: quoted(storedName(source, field)) };
}

function lookedUpBy(source: Source, field: string): IndexTerm {
  const expression = bare(source, comparedBy(source, field));
  return { expression, byCodePoint: false, descending: false, nullsFirst: false };
}

/** Of a field that has a value nothing is said of nulls, as the sort says nothing: PostgreSQL's own order is meant. */
function orderOf(source: Source): IndexTerm[] {
  return source.orderBy.map(({ field, direction }) => {
    const descending = direction === 'desc';
    const sorted = sortedBy(source, field);
    return {
      expression: bare(source, comparedBy(source, field)),
      byCodePoint: sorted.endsWith(CODE_POINT),
      descending,
      nullsFirst: fieldOf(source, field).nullable ? !descending : descending,
    };
  });
}

const CODE_POINT = ' COLLATE "C"';

/** An index names its table's columns without the table. */
function bare(source: Source, expression: string): string {
  return expression.replaceAll(`${quoted(source.from)}.`, '');
}

/** An index as one would create it by hand: it holds up no writer. */
export function describeIndex(index: NeededIndex): string {
  return createStatement(index, indexName(index));
}

/** The statement that creates an index under this name. */
export function createStatement({ table, terms, unique }: NeededIndex, name: string): string {
  const list = terms.map(describeTerm).join(', ');
  return `CREATE${unique ? ' UNIQUE' : ''} INDEX CONCURRENTLY ${quoted(name)} ON ${quoted(table)} (${list})`;
}

function describeTerm({ expression, byCodePoint, descending, nullsFirst }: IndexTerm): string {
  const isColumn = /^"[^"]*"$/.test(expression);
  const isCall = /^\w+\([^()]*\)$/.test(expression);
  const nulls = nullsFirst === descending ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
  return `${isColumn || isCall ? expression : `(${expression})`}${byCodePoint ? CODE_POINT : ''}${descending ? ' DESC' : ''}${nulls}`;
}

/** As PostgreSQL would name it, within the 63 bytes that a name has. */
export function indexName({ table, terms, unique }: NeededIndex): string {
  const words = terms.flatMap(({ expression }) => expression.replaceAll(/::\w+/g, '').match(/\w+/g) ?? []);
  return `${[table, ...words].join('_').slice(0, 58)}_${unique ? 'key' : 'idx'}`;
}

const EXISTING = `
  SELECT t.relname AS "table", i.indisunique AS "unique",
    ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnkeyatts) k) AS "expressions",
    ARRAY(SELECT COALESCE((SELECT collname FROM pg_collation WHERE oid = u.oid), '')
          FROM unnest(i.indcollation::oid[]) WITH ORDINALITY u(oid, at) ORDER BY at)::text[] AS "collations",
    ARRAY(SELECT option::int FROM unnest(i.indoption::int2[]) WITH ORDINALITY u(option, at) ORDER BY at) AS "options"
  FROM pg_index i
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am m ON m.oid = c.relam
  WHERE pg_table_is_visible(t.oid) AND t.relname = ANY($1::text[])
    AND m.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL`;

const TABLES = `
  SELECT relname AS "table" FROM pg_class
  WHERE pg_table_is_visible(oid) AND relkind = 'r' AND relname = ANY($1::text[])`;

interface ExistingIndex {
  readonly table: string;
  readonly unique: boolean;
  readonly expressions: readonly string[];
  readonly collations: readonly string[];
  /** Bit 0: descending. Bit 1: nulls first. */
  readonly options: readonly number[];
}

/** Those that the tables that are there have no match for, under whatever name. What is no plain table is let be. */
export async function missingIndexes(
  postgres: Queryable,
  needed: readonly NeededIndex[],
): Promise<readonly NeededIndex[]> {
  const tables = [...new Set(needed.map(({ table }) => table))];
  const present = new Set((await postgres.query(TABLES, tables)).map((row) => row['table']));
  const there = (await postgres.query(EXISTING, tables)) as unknown as readonly ExistingIndex[];
  return needed.filter((index) => present.has(index.table) && !there.some((existing) => serves(existing, index)));
}

/** Whether an index has the needed terms first, and the list's order forward or backward. */
function serves(there: ExistingIndex, { table, terms, lookedUp, unique }: NeededIndex): boolean {
  if (there.table !== table || there.expressions.length < terms.length) return false;
  if (unique && (!there.unique || there.expressions.length > terms.length)) return false;
  const isSameTerms = terms.every(
    ({ expression, byCodePoint }, at) =>
      plain(there.expressions[at] ?? '') === plain(expression) && (!byCodePoint || isByCodePoint(there.collations[at])),
  );
  const turns = terms.slice(lookedUp).map(({ descending, nullsFirst }, index) => {
    const option = there.options[lookedUp + index] ?? 0;
    const [isDescending, isNullsFirst] = [(option & 1) === 1, (option & 2) === 2];
    if (isDescending === descending && isNullsFirst === nullsFirst) return 'forward';
    return isDescending !== descending && isNullsFirst !== nullsFirst ? 'backward' : 'neither';
  });
  const isOneWay = turns.every((turn) => turn === 'forward') || turns.every((turn) => turn === 'backward');
  return isSameTerms && isOneWay;
}

function isByCodePoint(collation: string | undefined): boolean {
  return collation === 'C' || collation === 'POSIX';
}

/** An expression without what PostgreSQL adds to it: casts between texts, quotes and parentheses. */
function plain(expression: string): string {
  return expression
    .replaceAll(/::(?:text|character varying|bpchar|character)(?:\(\d+\))?/g, '')
    .replaceAll(/[()"\s]/g, '');
}
