import type { Source } from '../../join/source.js';
import type { Finding } from '../finding.js';
import type { PostgresDatabase } from './postgres.js';

/** What a table of people's own is like, as PostgreSQL's catalogue has it. */
export interface TableFacts {
  readonly kind: 'table' | 'partitioned table' | 'view' | 'materialized view' | 'foreign table';
  readonly schema: string;
  /** Whether its schema is the one in which new tables are made, and to which Prisma writes. */
  readonly inCurrentSchema: boolean;
  readonly readable: boolean;
  /** Whether this user may alter it. */
  readonly owned: boolean;
  /** Whether other tables inherit from it, so that their rows are among its own. */
  readonly inherited: boolean;
  /** Whether policies of its own decide which rows are seen. */
  readonly rowSecurity: boolean;
  readonly columns: ReadonlyMap<string, ColumnFacts>;
}

export interface ColumnFacts {
  /** As one would write it: `character varying(36)`. */
  readonly type: string;
  /** Without its size, of a domain the type beneath: `varchar`. */
  readonly baseType: string;
  readonly isEnum: boolean;
  /** Characters, where the type limits them. */
  readonly length: number | null;
  /** Decimals, where the type limits them. */
  readonly scale: number | null;
  readonly nullable: boolean;
  /** Whether a row that does not say a value gets one. */
  readonly filled: boolean;
}

const SQL = `
  SELECT c.relname AS "table", c.relkind::text AS "kind", n.nspname AS "schema",
    n.nspname = current_schema() AS "inCurrentSchema", has_any_column_privilege(c.oid, 'SELECT') AS "readable",
    pg_has_role(c.relowner, 'USAGE') AS "owned", c.relrowsecurity AS "rowSecurity",
    c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AS "inherited",
    a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS "type", b.typname AS "baseType",
    b.typtype = 'e' AS "isEnum",
    CASE WHEN b.typname IN ('varchar', 'bpchar') THEN NULLIF(m.typmod, -1) - 4 END AS "length",
    CASE WHEN b.typname = 'numeric' THEN (((NULLIF(m.typmod, -1) - 4) & 2047) # 1024) - 1024 END AS "scale",
    NOT (a.attnotnull OR t.typnotnull) AS "nullable",
    a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL AS "filled"
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_type b ON b.oid = COALESCE(NULLIF(t.typbasetype, 0), t.oid)
  LEFT JOIN LATERAL (SELECT CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod) m ON true
  WHERE c.relname = ANY($1::text[]) AND c.relkind = ANY('{r,p,v,m,f}') AND pg_table_is_visible(c.oid)
  ORDER BY a.attnum`;

const KINDS: Readonly<Record<string, TableFacts['kind']>> = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
};

/** The facts of each table that sources lie in, by its name; a table that is not there has none. One statement. */
export async function tableFacts(
  postgres: PostgresDatabase,
  sources: readonly Source[],
): Promise<ReadonlyMap<string, TableFacts>> {
  const names = sources.filter(({ database }) => database === 'postgres').map(({ from }) => from);
  const rows = (await postgres.query(SQL, names)) as unknown as readonly Row[];
  const tables = new Map<string, TableFacts & { columns: Map<string, ColumnFacts> }>();
  for (const row of rows) {
    const { table, kind, schema, inCurrentSchema, readable, owned, inherited, rowSecurity, column, ...facts } = row;
    const own = { schema, inCurrentSchema, readable, owned, inherited, rowSecurity };
    const entry = tables.get(table) ?? { kind: KINDS[kind] ?? 'table', ...own, columns: new Map() };
    if (column !== null) entry.columns.set(column, facts);
    tables.set(table, entry);
  }
  return tables;
}

interface Row extends ColumnFacts, Omit<TableFacts, 'kind' | 'columns'> {
  readonly table: string;
  readonly kind: string;
  readonly column: string | null;
}

const SIMILAR = `
  SELECT format('%I.%I', n.nspname, c.relname) AS "name", lower(c.relname) AS "lower" FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE lower(c.relname) = ANY($1::text[]) AND c.relkind = ANY('{r,p,v,m,f}') AND n.nspname !~ '^pg_|^information_schema$'`;

/** For each table that is not there: one that may be meant, in another spelling or schema. One statement. */
export async function similarTables(
  postgres: PostgresDatabase,
  sources: readonly Source[],
  tables: ReadonlyMap<string, TableFacts>,
): Promise<readonly Finding[]> {
  const absent = sources.filter(({ database, from }) => database === 'postgres' && !tables.has(from));
  if (absent.length === 0) return [];
  const names = absent.flatMap(({ from, type }) => [from.toLowerCase(), type.toLowerCase()]);
  const rows = await postgres.query(SIMILAR, names);
  return absent.flatMap(({ from, type }) =>
    rows
      .filter((row) => [from.toLowerCase(), type.toLowerCase()].includes(String(row['lower'])))
      .map((row) => ({
        severity: 'warning',
        about: from,
        problem: `there is no table ${from}, so an empty one will be made; there is ${String(row['name'])}`,
        remedy: 'where that is meant: ?schema= for another schema, a view for another name (docs/own-databases.md)',
      })),
  );
}
