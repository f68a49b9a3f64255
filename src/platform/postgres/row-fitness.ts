import { fieldOf, storedName, type Source } from '../../join/source.js';
import type { Finding } from '../finding.js';
import { comparedBy, quoted } from './columns.js';
import type { PostgresDatabase } from './postgres.js';
import { isAppError } from '../../errors/app-error.js';
import type { TableFacts } from './table-facts.js';
import { unguardedFields, type Unguarded } from './uniqueness.js';

/** What is counted is counted up to here. */
const MOST = 1_000;
const SHOWN = 5;

/**
 * What rows that are there hold against the graph's promises: fields that always have a value and do not, and values that
 * no two rows may share and do. Only where no constraint of the table already keeps them out.
 *
 * @param unfit columns (`orders.total`) that are not of a type that could be examined
 * @param toleratesDoubled whether rows that share a value are only warned of where no unique index can be created: writes
 *   then refuse those rows
 */
export async function examineRows(
  postgres: PostgresDatabase,
  tables: ReadonlyMap<string, TableFacts>,
  sources: readonly Source[],
  unfit: ReadonlySet<string>,
  toleratesDoubled = true,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const source of sources.filter(({ database }) => database === 'postgres')) {
    const table = tables.get(source.from);
    if (table === undefined || unfit.has(source.from)) continue;
    const isFit = (name: string) =>
      table.columns.has(storedName(source, name)) && !unfit.has(`${source.from}.${storedName(source, name)}`);
    for (const name of Object.keys(source.fields).filter(isFit)) {
      const mayBeNull = table.columns.get(storedName(source, name))?.nullable === true;
      if (mayBeNull && !fieldOf(source, name).nullable) findings.push(...(await nulls(postgres, source, name)));
    }
    for (const unguarded of (await unguardedFields(postgres, source, table)).filter(({ field }) => isFit(field))) {
      if (!unguarded.isCreatable) findings.push(unpromised(source, unguarded.field, table));
      findings.push(...(await duplicates(postgres, source, unguarded, toleratesDoubled)));
    }
  }
  return findings;
}

/** A promise that is not made: the gateway gives no value twice, and other programs may. */
function unpromised(source: Source, name: string, table: TableFacts): Finding {
  const column = storedName(source, name);
  return {
    severity: 'warning',
    about: `${source.from}.${column}`,
    problem: `no index keeps rows of ${source.from} from sharing one "${column}": ${whyUnpromised(table)}. The gateway gives none twice, and refuses to write one of several rows of one id (NOT_UNIQUE)`,
    remedy: remedyOf(source, column, table),
  };
}

function whyUnpromised({ kind, inherited }: TableFacts): string {
  if (kind === 'partitioned table') return 'a unique index of a partitioned table has all columns it is partitioned by';
  if (inherited) return 'tables that inherit from it have indexes of their own';
  if (kind === 'view') return 'it is a view, and no unique index of one table beneath it is known to hold there';
  return `it is a ${kind}, whose indexes are not seen here`;
}

function remedyOf({ from }: Source, column: string, { kind, inherited }: TableFacts): string {
  if (kind === 'partitioned table')
    return `nothing, where every program makes a "${column}" anew; else partition by "${column}"`;
  if (inherited) return `keep all rows in one table; or partition it by "${column}"`;
  if (kind === 'view') {
    return `on the table that holds the rows: CREATE UNIQUE INDEX CONCURRENTLY ON ... (the column that ${from} calls "${column}")`;
  }
  return 'keep them apart on the server that holds the rows';
}

async function nulls(postgres: PostgresDatabase, source: Source, name: string): Promise<Finding[]> {
  const column = quoted(storedName(source, name));
  const about = `${source.from}.${storedName(source, name)}`;
  const sql = `SELECT count(*)::int AS "count" FROM (SELECT FROM ${quoted(source.from)} WHERE ${column} IS NULL LIMIT ${MOST}) "~rows"`;
  return inTime(about, async () => {
    const count = Number((await postgres.query(sql))[0]?.['count']);
    if (count === 0) return [];
    return [
      {
        severity: 'warning',
        about,
        problem: `${atLeast(count)} of ${source.from} ${count === 1 ? 'has' : 'have'} no "${storedName(source, name)}", which the graph promises: such a row is null there, with an error`,
        remedy: `fill it, then keep it so: ALTER TABLE ${quoted(source.from)} ALTER ${column} SET NOT NULL`,
      },
    ];
  });
}

/** How many values several rows share, and some of them. Where an index is to be created, it cannot be. */
async function duplicates(
  postgres: PostgresDatabase,
  source: Source,
  { field: name, isCreatable }: Unguarded,
  toleratesDoubled: boolean,
): Promise<Finding[]> {
  const about = `${source.from}.${storedName(source, name)}`;
  const value = comparedBy(source, name);
  const sql = `
    SELECT "value", "rows", count(*) OVER ()::int AS "values", sum("rows") OVER ()::int AS "allRows" FROM (
      SELECT ${value}::text AS "value", count(*) AS "rows" FROM ${quoted(source.from)} WHERE ${value} IS NOT NULL
      GROUP BY ${value} HAVING count(*) > 1) AS "shared"
    ORDER BY 1 LIMIT ${SHOWN}`;
  return inTime(about, async () => {
    const found = await postgres.query(sql);
    const [first] = found;
    if (first === undefined) return [];
    const [values, rows] = [Number(first['values']), Number(first['allRows'])];
    const shown = `${found.map((row) => `"${String(row['value'])}"`).join(', ')}${values > SHOWN ? ', ...' : ''}`;
    const shared = `${values} ${values === 1 ? 'value' : 'values'} of "${storedName(source, name)}"`;
    return [
      {
        severity: isCreatable || !toleratesDoubled ? 'refused' : 'warning',
        about,
        problem: `${rows} rows of ${source.from} share ${shared}: ${shown}`,
        remedy: isCreatable
          ? 'give each row one of its own; then "npm run migrate" creates the unique index that keeps it so'
          : 'give each row one of its own',
      },
    ];
  });
}

function atLeast(count: number): string {
  return `${count === MOST ? `at least ${MOST}` : count} ${count === 1 ? 'row' : 'rows'}`;
}

/** Looking at every row of a very large table takes longer than a statement may; what is not known is said. */
async function inTime(about: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!isAppError(error, 'POSTGRES_UNAVAILABLE')) throw error;
    return [
      {
        severity: 'warning',
        about,
        problem: `whether every row's "${about}" is as it should be could not be seen in the time that a statement has`,
        remedy: 'nothing, where it is known to be so; a NOT NULL or UNIQUE of the table says it at once',
      },
    ];
  }
}
