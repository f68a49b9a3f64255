import type { Finding } from '../finding.js';
import { quoted } from './columns.js';
import type { PostgresDatabase } from './postgres.js';
import type { TableFacts } from './table-facts.js';

/** What `npm run migrate` is about to do in PostgreSQL. */
export interface Undertaking {
  /** Tables that are there already, which get a column or an index. */
  readonly altered: readonly string[];
  /** Whether migrations are applied: they need a table of Prisma's, and may make others. */
  readonly migrates: boolean;
}

const SQL = `
  SELECT current_schema() AS "schema", has_schema_privilege(current_schema(), 'CREATE') AS "creates",
    current_setting('transaction_read_only') = 'on' AS "readOnly"`;

/** What this user may not do of it, so that it is refused before it is half done. */
export async function examineRights(
  postgres: PostgresDatabase,
  tables: ReadonlyMap<string, TableFacts>,
  { altered, migrates }: Undertaking,
): Promise<readonly Finding[]> {
  if (altered.length === 0 && !migrates) return [];
  const [row] = await postgres.query(SQL);
  const schema = String(row?.['schema']);
  const owners = altered.filter((name) => tables.get(name)?.owned === false);
  return [
    ...(row?.['readOnly'] === true
      ? [refused('PostgreSQL', 'this PostgreSQL takes no writes', 'migrate its primary')]
      : []),
    ...(migrates && row?.['creates'] === false
      ? [
          refused(
            schema,
            `this user may not create tables in the schema ${schema}`,
            `as its owner: GRANT CREATE ON SCHEMA ${quoted(schema)} TO the user of DATABASE_URL`,
          ),
        ]
      : []),
    ...owners.map((name) =>
      refused(
        name,
        `${name} belongs to another user, who alone may alter it`,
        'run "npm run migrate" once as that user',
      ),
    ),
  ];
}

function refused(about: string, problem: string, remedy: string): Finding {
  return { severity: 'refused', about, problem, remedy };
}
