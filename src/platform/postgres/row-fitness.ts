import { fieldOf, KEY, storedName, type Source } from '../../join/source.js';
import type { Finding } from '../finding.js';
import { comparedBy, quoted } from './columns.js';
import { missingIndexes, neededIndexes } from './indexes.js';
import type { PostgresDatabase } from './postgres.js';
import { isAppError } from '../../errors/app-error.js';
import type { TableFacts } from './table-facts.js';

/** What is counted is counted up to here. */
const MOST = 1_000;
const SHOWN = 5;

/**
 * What rows that are there hold against the graph's promises: fields that always have a value and do not, and values that
 * no two rows may share and do. Only where no constraint of the table already keeps them out.
 *
 * @param unfit columns (`orders.total`) that are not of a type that could be examined
 */
export async function examineRows(
  postgres: PostgresDatabase,
  tables: ReadonlyMap<string, TableFacts>,
  sources: readonly Source[],
  unfit: ReadonlySet<string>,
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
    for (const name of (await unguarded(postgres, source)).filter(isFit)) {
      findings.push(...(await duplicates(postgres, source, name)));
    }
  }
  return findings;
}

/** The fields that should be unique, and that no index keeps so. */
async function unguarded(postgres: PostgresDatabase, source: Source): Promise<readonly string[]> {
  const names = [KEY, ...source.unique];
  const needed = neededIndexes([source], []).filter(({ unique }) => unique);
  const missing = new Set(await missingIndexes(postgres, needed));
  return names.filter((_, at) => needed[at] !== undefined && missing.has(needed[at]));
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

async function duplicates(postgres: PostgresDatabase, source: Source, name: string): Promise<Finding[]> {
  const about = `${source.from}.${storedName(source, name)}`;
  const value = comparedBy(source, name);
  const sql = `
    SELECT ${value}::text AS "value" FROM ${quoted(source.from)} WHERE ${value} IS NOT NULL
    GROUP BY ${value} HAVING count(*) > 1 ORDER BY 1 LIMIT ${SHOWN + 1}`;
  return inTime(about, async () => {
    const values = (await postgres.query(sql)).map((row) => `"${String(row['value'])}"`);
    if (values.length === 0) return [];
    const shown = `${values.slice(0, SHOWN).join(', ')}${values.length > SHOWN ? ', ...' : ''}`;
    return [
      {
        severity: 'refused',
        about,
        problem: `several rows of ${source.from} share one "${storedName(source, name)}": ${shown}`,
        remedy: 'give each row one of its own; then "npm run migrate" creates the unique index that keeps it so',
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
