import type { ReferenceReader } from '../../audit/reference-reader.js';
import { RELATIONS, SOURCES } from '../../domains/catalogue.js';
import { LOOKED_UP_COPIES, LOOKED_UP_ORDERS } from '../../ordering/looked-up-tables.js';
import { userCopies } from '../../copies/user-copy.source.js';
import type { Finding } from '../../platform/finding.js';
import { describeIndex, missingIndexes, neededIndexes } from '../../platform/postgres/indexes.js';
import { examineRights } from '../../platform/postgres/migration-rights.js';
import { missingColumns } from '../../platform/postgres/missing.js';
import type { PostgresDatabase } from '../../platform/postgres/postgres.js';
import { hiddenRows } from '../../platform/postgres/visible-rows.js';
import { similarTables, tableFacts, type TableFacts } from '../../platform/postgres/table-facts.js';
import { examineTables } from '../../platform/postgres/table-fitness.js';
import { failure, guarded, ok, skipped, warning, type Check } from './check.js';
import type { PostgresFacts } from './postgres-connection.js';
import { columnsToCome } from '../columns-to-come.js';
import { examineUserTable } from '../user-table.js';
import { writeTables } from '../write-tables.js';
import { migrationChecks, seeMigrations } from './postgres-migrations.js';
import { visibilityChecks } from './visibility-check.js';
import { counted, list, rounded } from './words.js';

const OURS = SOURCES.filter(({ database }) => database === 'postgres');
const TABLES = OURS.map(({ from }) => from);

/** Rows are counted one by one up to here. */
const COUNTED = 1_000_000;

interface Examined {
  readonly postgres: PostgresDatabase;
  readonly url: string;
  readonly own: boolean;
  readonly facts: PostgresFacts;
  readonly references: ReferenceReader;
}

/** What was found in a database, and what of it cannot be read: tables (`orders`) and columns (`orders.userId`). */
export interface Contents {
  readonly checks: readonly Check[];
  readonly unreadable: ReadonlySet<string>;
}

/** Looks at tables, migrations, indexes and what we may do. Changes nothing. */
export async function examinePostgres(examined: Examined): Promise<Contents> {
  const { postgres, url, own } = examined;
  let missing: readonly string[] = TABLES;
  let there: ReadonlyMap<string, TableFacts> = new Map();
  const unseen = await guarded('postgres.tables', async () => {
    there = await tableFacts(postgres, [...OURS, userCopies]);
    missing = missingColumns(there, OURS);
    return [];
  });
  if (unseen.length > 0) return { checks: unseen, unreadable: new Set(TABLES) };
  const migrations = await seeMigrations(url);
  const forWrites = await seeWriteTables(examined);
  let findings: readonly Finding[] = [];
  const tables = await guarded('postgres.tables', async () => {
    findings = await examineTables(postgres, OURS, columnsToCome(migrations.pending));
    const similar = own ? await similarTables(postgres, OURS, there) : [];
    return [...tableChecks([...findings, ...similar], missing), ...(own ? await absenceCheck(examined, missing) : [])];
  });
  const copies = await guarded('postgres.tables', () => copyChecks(examined, forWrites.readsOnly, there));
  const refused = findings.filter(({ severity }) => severity === 'refused').map(({ about }) => about);
  const isRefused = refused.length > 0 || copies.some(({ status }) => status === 'error');
  const lacking = [...missing, ...forWrites.missing];
  const isFit = refused.length === 0 && missing.length === 0;
  return {
    checks: [
      ...(await guarded('postgres.privileges', () => privilegeChecks(examined, missing))),
      ...migrationChecks(migrations, own, lacking, isRefused),
      ...forWrites.checks,
      ...(await guarded('postgres.rights', () => rightChecks(examined, migrations.pending.length > 0, lacking, there))),
      ...tables,
      ...copies,
      ...(isFit ? await guarded('postgres.indexes', () => indexCheck(examined)) : [NO_INDEXES_YET]),
      ...(await guarded('postgres.visibility', () => seenChecks(examined, there))),
      ...(await guarded('postgres.rows', () => rowChecks(examined, [...missing, ...refused]))),
    ],
    unreadable: new Set([...missing, ...refused]),
  };
}

/** What writes to both databases need. Where they are refused the sources' tables, that is said of those. */
async function seeWriteTables({ postgres, facts }: Examined) {
  let [missing, readsOnly]: [readonly string[], boolean] = [[], false];
  const checks = await guarded('postgres.writes', async () => {
    const seen = await writeTables({ postgres }, facts.readOnly);
    ({ missing, readsOnly } = seen);
    return seen.findings.map(({ problem, remedy, about }) => warning('postgres.writes', problem, remedy, { about }));
  });
  return { missing, readsOnly, checks };
}

/** Whether a table `users` takes the copies of MongoDB's users. Where nothing is written, nothing is copied. */
async function copyChecks(
  { postgres }: Examined,
  readsOnly: boolean,
  tables: ReadonlyMap<string, TableFacts>,
): Promise<readonly Check[]> {
  return readsOnly ? [] : (await examineUserTable(postgres, tables)).map(checkOf);
}

const NO_INDEXES_YET = skipped('postgres.indexes', 'indexes are looked at once the tables are as they should be');

/** What would keep `npm run migrate` from doing its work. That our own sessions take no writes is none of it. */
async function rightChecks(
  { postgres, own, facts }: Examined,
  migrates: boolean,
  missing: readonly string[],
  tables: ReadonlyMap<string, TableFacts>,
): Promise<readonly Check[]> {
  if (!own) return [];
  const altered = [...new Set(missing.map((column) => column.split('.')[0] ?? ''))].filter((name) => tables.has(name));
  const findings = await examineRights(postgres, tables, { altered, migrates });
  return findings
    .filter(({ about }) => about !== 'PostgreSQL' || facts.readOnly)
    .map(({ about, problem, remedy }) => warning('postgres.rights', `to migrate: ${problem}`, remedy, { about }));
}

function tableChecks(findings: readonly Finding[], missing: readonly string[]): readonly Check[] {
  const id = 'postgres.tables';
  if (findings.length === 0) {
    const fit = TABLES.filter((table) => !missing.some((name) => name === table || name.startsWith(`${table}.`)));
    return fit.length === 0 ? [] : [ok(id, `${list(fit)}: every column that the graph reads, in a type that it reads`)];
  }
  return findings.map(checkOf);
}

function checkOf({ severity, about, problem, remedy }: Finding): Check {
  return (severity === 'refused' ? failure : warning)('postgres.tables', problem, remedy, { about });
}

/** Tables that are not there, and what is. */
async function absenceCheck({ postgres, facts }: Examined, missing: readonly string[]): Promise<readonly Check[]> {
  const absent = TABLES.filter((table) => missing.includes(table));
  if (absent.length === 0) return [];
  const rows = await postgres.query(
    `SELECT relname::text AS "name" FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = ANY('{r,p,v,m,f}')
       AND relname <> '_prisma_migrations' ORDER BY 1`,
  );
  const tables = rows.map(({ name }) => String(name));
  const there = tables.length === 0 ? 'no table at all' : `only ${list(tables)}`;
  return [
    failure(
      'postgres.tables',
      `the schema ${facts.schema} has no table ${absent.join(', ')}, but ${there}`,
      'npm run migrate creates it; where yours is in another schema: DATABASE_URL=...?schema=name; where it is called ' +
        'otherwise: CREATE VIEW (docs/own-databases.md)',
      { about: absent, tables },
    ),
  ];
}

async function indexCheck({ postgres, own }: Examined): Promise<readonly Check[]> {
  const id = 'postgres.indexes';
  const missing = (await missingIndexes(postgres, neededIndexes(SOURCES, RELATIONS))).map(describeIndex);
  if (missing.length === 0) return [ok(id, 'every index that lists and joins need is there', { missing })];
  const message = `${counted(missing.length, 'index')} missing: answers are right, and slow once there are many rows`;
  const remedy = own
    ? 'npm run migrate creates them while the tables are in use'
    : 'npm start (it creates them by itself)';
  return [{ ...warning(id, message, remedy, { missing }), details: missing }];
}

async function privilegeChecks({ postgres, facts }: Examined, missing: readonly string[]): Promise<readonly Check[]> {
  const id = 'postgres.privileges';
  const rows = await postgres.query(
    `SELECT relname::text AS "table" FROM pg_class
     WHERE relname = ANY($1::text[]) AND relkind = ANY('{r,p,v,m,f}') AND pg_table_is_visible(oid)
       AND NOT (has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE')
         AND (relname = $2::text OR has_table_privilege(oid, 'DELETE')))
     ORDER BY 1`,
    [...TABLES, userCopies.from],
    userCopies.from,
  );
  const refused = rows.map(({ table }) => String(table));
  const data = { writes: !facts.readOnly && refused.length === 0, readOnlyServer: facts.readOnly, refused };
  if (facts.readOnly) {
    const message = 'the server takes no writes in our sessions (a standby, or default_transaction_read_only)';
    return [warning(id, `${message}: mutations answer READ_ONLY`, 'nothing, if reading is all that is wanted', data)];
  }
  if (refused.length > 0) {
    const grants = refused.map((table) => {
      // No copy is ever deleted: it is marked.
      const rights = table === userCopies.from ? 'SELECT, INSERT, UPDATE' : 'INSERT, UPDATE, DELETE';
      return `GRANT ${rights} ON "${table}" TO "${facts.user}"`;
    });
    const message = `${facts.user} may not write to ${list(refused)}: mutations that would answer READ_ONLY`;
    return [warning(id, message, `nothing, if reading is all that is wanted; else: ${grants.join('; ')}`, data)];
  }
  return TABLES.every((table) => missing.includes(table)) ? [] : [ok(id, `${facts.user} may read and write`, data)];
}

/** The audit looks for partners in these. */
async function seenChecks({ postgres }: Examined, tables: ReadonlyMap<string, TableFacts>): Promise<readonly Check[]> {
  const lookedUp = [LOOKED_UP_ORDERS, LOOKED_UP_COPIES].filter(({ table }) => tables.has(table));
  if (lookedUp.length === 0) return [];
  const names = lookedUp.map(({ table }) => table);
  return visibilityChecks('postgres', names, await hiddenRows(postgres, lookedUp));
}

async function rowChecks({ references }: Examined, unreadable: readonly string[]): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const source of OURS.filter(({ from }) => !unreadable.includes(from))) {
    const { rows, isExact } = await references.size(source, COUNTED);
    const data = { table: source.from, rows, isExact };
    checks.push(
      ok(
        'postgres.rows',
        `${source.from}: ${isExact ? counted(rows, 'row') : `about ${counted(rounded(rows, 3), 'row')}`}`,
        data,
      ),
    );
  }
  return checks;
}
