import { RELATIONS, SOURCES } from '../domains/catalogue.js';
import { userCopies } from '../copies/user-copy.source.js';
import type { Finding } from '../platform/finding.js';
import { examineCollections } from '../platform/mongo/collection-fitness.js';
import type { Platform } from '../platform/platform.js';
import { neededIndexes } from '../platform/postgres/indexes.js';
import { examineRights } from '../platform/postgres/migration-rights.js';
import { migrationState, type Migration } from '../platform/postgres/migrations.js';
import { missingColumns } from '../platform/postgres/missing.js';
import { similarTables, tableFacts, type TableFacts } from '../platform/postgres/table-facts.js';
import { examineTables } from '../platform/postgres/table-fitness.js';
import { columnsToCome } from './columns-to-come.js';
import { missingIndexes, type MissingIndexes } from './indexes.js';
import { examineUserTable, similarUserTables } from './user-table.js';
import { writeTables } from './write-tables.js';

/** What lies in tables of PostgreSQL: what the graph reads, and the copies of users. */
const TABLES = [...SOURCES, userCopies];

/** What `npm run migrate` would do to two databases, and what speaks against it. */
export interface Adoption {
  readonly pending: readonly Migration[];
  /** The tables that are there already, with the columns that they get. */
  readonly adopted: readonly { readonly table: string; readonly added: readonly string[] }[];
  readonly indexes: MissingIndexes;
  /** The schema of the jobs, where graphile-worker makes it or brings it up to date. */
  readonly jobSchema: string | null;
  readonly findings: readonly Finding[];
}

/** A database of people's own cannot serve as it is: the message says why, and what to do. Nothing was changed. */
export class NotAdoptableError extends Error {
  readonly code = 'NOT_ADOPTABLE';

  constructor(refused: readonly Finding[]) {
    super(
      `These databases cannot be adopted as they are. Nothing was changed.\n${refused.map(describeFinding).join('\n')}`,
    );
  }
}

/** Looks at both databases and changes nothing. */
export async function planAdoption(platform: Platform, databaseUrl: string): Promise<Adoption> {
  const { postgres, mongo } = platform;
  const { pending, failedElsewhere } = await migrationState(databaseUrl);
  const tables = await tableFacts(postgres, TABLES);
  // A migration that makes a table says itself what is unique in it.
  const ofNewTables = neededIndexes(SOURCES, RELATIONS).filter(({ table, unique }) => !tables.has(table) && !unique);
  const missing = await missingIndexes(platform);
  const { missing: forWrites, jobSchema, findings: ofWrites } = await writeTables(platform);
  // Migrations add also what those who only read do not need.
  const lacking = [...new Set([...missingColumns(tables, TABLES), ...forWrites])];
  const adopted = [...tables.keys()].map((table) => ({
    table,
    added: lacking.filter((column) => column.startsWith(`${table}.`)).map((column) => column.slice(table.length + 1)),
  }));
  const altered = adopted
    .filter(({ table, added }) => added.length > 0 || missing.postgres.some((index) => index.table === table))
    .map(({ table }) => table);
  return {
    pending,
    adopted,
    indexes: { ...missing, postgres: [...missing.postgres, ...ofNewTables] },
    jobSchema,
    findings: [
      ...failedElsewhere.map(failed),
      ...ofWrites,
      ...adopted
        .filter(({ table }) => table !== userCopies.from)
        .flatMap(({ table, added }) => notAlterable(table, tables.get(table)?.kind, added)),
      ...(await examineUserTable(postgres, tables)),
      ...(await examineRights(postgres, tables, { altered, migrates: pending.length > 0 })),
      ...(await similarTables(postgres, SOURCES, tables)),
      ...(await similarUserTables(postgres, tables)),
      ...(await examineTables(postgres, SOURCES, columnsToCome(pending))),
      ...(await examineCollections(mongo, SOURCES)),
    ],
  };
}

function notAlterable(table: string, kind: TableFacts['kind'] | undefined, added: readonly string[]): Finding[] {
  if (added.length === 0 || kind === 'table' || kind === 'partitioned table') return [];
  return [
    {
      severity: 'refused',
      about: table,
      problem: `${table} is a ${kind}, which migrations cannot add columns to, and has no ${added.join(', ')}`,
      remedy: 'add them to the table that holds the rows, and to the view (docs/own-databases.md has the statements)',
    },
  ];
}

function failed(name: string): Finding {
  return {
    severity: 'refused',
    about: name,
    problem: `the migration ${name} of another project has failed in this database, and Prisma goes no further`,
    remedy: `in that project: npx prisma migrate resolve --rolled-back ${name}`,
  };
}

/** @throws {NotAdoptableError} when one of them keeps the graph from working */
export function refuseUnfit(findings: readonly Finding[]): void {
  const refused = findings.filter(({ severity }) => severity === 'refused');
  if (refused.length > 0) throw new NotAdoptableError(refused);
}

/** A finding in two lines. */
export function describeFinding({ problem, remedy }: Finding): string {
  return `  ${problem}.\n    ${remedy}`;
}
