import { examineCopyTable } from '../copies/copy-table.js';
import { userCopies } from '../copies/user-copy.source.js';
import { fieldOf, KEY, storedName } from '../join/source.js';
import type { Finding } from '../platform/finding.js';
import { quoted } from '../platform/postgres/columns.js';
import { missingColumns } from '../platform/postgres/missing.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { examineRows } from '../platform/postgres/row-fitness.js';
import { similarTables, type TableFacts } from '../platform/postgres/table-facts.js';

const TABLE = userCopies.from;
const KEY_COLUMN = storedName(userCopies, KEY);

/** The copies without all but their key, which rows of people's own may be without. */
const KEY_ALONE = { ...userCopies, fields: { [KEY]: { ...fieldOf(userCopies, KEY), nullable: true } } };

const ELSEWHERE =
  `give it another name; or give Tandem a schema of its own, with a view of orders in it and ?schema= in DATABASE_URL, ` +
  'in which a table for the copies is made (docs/own-databases.md)';

/**
 * What keeps the table of PostgreSQL's that is called `users` from being adopted for the copies of MongoDB's users, by its
 * catalogue and its rows; nothing where there is none. Once it has all columns of the copies it is only warned of: all but
 * the copies works. Changes nothing.
 */
export async function examineUserTable(
  postgres: PostgresDatabase,
  tables: ReadonlyMap<string, TableFacts>,
): Promise<readonly Finding[]> {
  const facts = tables.get(TABLE);
  if (facts === undefined) return [];
  const lacking = missingColumns(tables, [userCopies]);
  const found = await allThatSpeaksAgainst(postgres, tables, facts, lacking);
  return lacking.length > 0 ? found : found.map((finding) => ({ ...finding, severity: 'warning' }));
}

async function allThatSpeaksAgainst(
  postgres: PostgresDatabase,
  tables: ReadonlyMap<string, TableFacts>,
  facts: TableFacts,
  lacking: readonly string[],
): Promise<readonly Finding[]> {
  const ofKind = await examineKind(postgres, facts, lacking);
  // What a view lacks is said in one finding.
  const others = examineCopyTable(facts).filter(({ about }) => ofKind.length === 0 || !lacking.includes(about));
  if (!facts.readable || !facts.inCurrentSchema) return [...ofKind, ...others];
  const ofColumns = [...ofKind, ...others, ...(await examineValues(postgres))];
  if (!facts.columns.has(KEY_COLUMN)) return ofColumns;
  const unfit = new Set(others.map(({ about }) => about));
  const ofRows = await examineRows(postgres, tables, [KEY_ALONE], unfit, false);
  return [...ofColumns, ...ofRows.filter(({ severity }) => severity === 'refused')];
}

/** Columns that take no value from us. */
const COMPUTED = `
  SELECT attname::text AS "column" FROM pg_attribute
  WHERE attrelid = to_regclass(quote_ident($1::text)) AND attname = ANY($2::text[]) AND NOT attisdropped
    AND attgenerated <> ''
  ORDER BY attnum`;

async function examineValues(postgres: PostgresDatabase): Promise<readonly Finding[]> {
  const columns = Object.keys(userCopies.fields).map((name) => storedName(userCopies, name));
  const rows = await postgres.query(COMPUTED, TABLE, columns);
  return rows.map(({ column }) => {
    const about = `${TABLE}.${String(column)}`;
    const remedy = `give it another name: ALTER TABLE ${quoted(TABLE)} RENAME ${quoted(String(column))} TO ...`;
    return { ...refused(`${about} is computed by the table, and the copy writes it`, remedy), about };
  });
}

/** A unique index has all that a table is partitioned by. */
const IS_BY_KEY = `
  SELECT 1 FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum::text = partattrs::text
  WHERE partrelid = to_regclass(quote_ident($1::text)) AND attname = $2::text`;

async function examineKind(
  postgres: PostgresDatabase,
  { kind, inherited }: TableFacts,
  lacking: readonly string[],
): Promise<readonly Finding[]> {
  if (inherited) {
    const problem = `other tables inherit from ${TABLE}, and no index keeps their rows from being further copies of one user`;
    return [{ ...refused(problem, `nothing, where none of them has a "${KEY_COLUMN}"`), severity: 'warning' }];
  }
  if (kind === 'foreign table') {
    return [refused(`${TABLE} is a foreign table, in which no index keeps two copies of one user apart`, ELSEWHERE)];
  }
  if (kind === 'partitioned table') {
    const [row] = await postgres.query(IS_BY_KEY, TABLE, KEY_COLUMN);
    if (row !== undefined) return [];
    const problem = `${TABLE} is partitioned by other columns than "${KEY_COLUMN}", of which it can have no unique index then`;
    return [refused(problem, ELSEWHERE)];
  }
  if (kind !== 'view' || lacking.length === 0) return [];
  const columns = lacking.map((name) => name.slice(TABLE.length + 1)).join(', ');
  const problem = `${TABLE} is a view, which migrations cannot add columns to, and has no ${columns}`;
  return [refused(problem, `${ELSEWHERE}; or add them to the table that holds the rows, and to the view`)];
}

/** Where the table is not there: one that may be meant, in another spelling or schema. It is not needed. */
export async function similarUserTables(
  postgres: PostgresDatabase,
  tables: ReadonlyMap<string, TableFacts>,
): Promise<readonly Finding[]> {
  const findings = await similarTables(postgres, [userCopies], tables);
  return findings.map((finding) => ({
    ...finding,
    remedy: `nothing, where copies of MongoDB's users may lie in a table of their own; else give yours the name ${TABLE}`,
  }));
}

function refused(problem: string, remedy: string): Finding {
  return { severity: 'refused', about: TABLE, problem, remedy };
}
