import { createRequire } from 'node:module';
import { Logger, runMigrations } from 'graphile-worker';
import pg from 'pg';
import type { Finding } from '../finding.js';
import { quoted } from '../postgres/columns.js';
import { connectionConfig } from '../postgres/connection.js';
import type { PostgresDatabase } from '../postgres/postgres.js';

/**
 * The schema in which graphile-worker keeps the jobs. Applications that share a database by `?schema=` have one each:
 * a job is about the orders of one of them.
 */
export function jobSchema(schema: string): string {
  return schema === 'public' ? 'graphile_worker' : `graphile_worker_${schema}`;
}

/** graphile-worker's own say is for its developers: what concerns people is in our log, by its events. */
export const SILENT = new Logger(() => () => undefined);

/** Makes graphile-worker's own tables, or brings them up to date. @throws what PostgreSQL says */
export async function migrateJobs(url: string): Promise<void> {
  const pgPool = new pg.Pool({ ...connectionConfig(url, ['statement_timeout=0']), max: 2 });
  // Unheard, a connection that breaks while it is idle would end the process; the next query says the same.
  pgPool.on('error', () => undefined);
  pgPool.on('connect', (client) => client.on('error', () => undefined));
  try {
    const { rows } = await pgPool.query<{ schema: string }>('SELECT current_schema() AS schema');
    await runMigrations({ pgPool, schema: jobSchema(rows[0]?.schema ?? 'public'), logger: SILENT });
  } finally {
    await pgPool.end();
  }
}

/** What `npm run migrate` has to do, or somebody to allow, before jobs can be kept here. */
export interface JobSchemaState {
  readonly name: string;
  readonly isCurrent: boolean;
  readonly findings: readonly Finding[];
}

/** Changes nothing. */
export async function jobSchemaState(postgres: PostgresDatabase): Promise<JobSchemaState> {
  const name = jobSchema(postgres.schema);
  const [row] = await postgres.query(SCHEMA_SQL, name);
  if (row?.['isThere'] !== true) {
    return { name, isCurrent: false, findings: row?.['creates'] === true ? [] : [mayNot(name)] };
  }
  // Its tables show their rows to their owner alone: anybody else finds no job, and no error.
  const { owns, owner, user } = row;
  if (owns !== true) return { name, isCurrent: true, findings: [ofStranger(name, String(owner), String(user))] };
  const [version] = await postgres.query(`SELECT max(id) AS "id" FROM ${quoted(name)}."migrations"`);
  return { name, isCurrent: Number(version?.['id'] ?? 0) >= newestVersion(), findings: [] };
}

/** By the catalogue, which everybody may read. */
const SCHEMA_SQL = `
  SELECT "relowner" IS NOT NULL AS "isThere", pg_has_role("relowner", 'USAGE') AS "owns",
    pg_get_userbyid("relowner")::text AS "owner", current_user::text AS "user",
    has_database_privilege(current_database(), 'CREATE') AS "creates"
  FROM (SELECT 1) AS "one" LEFT JOIN (
    SELECT "relowner" FROM pg_class JOIN pg_namespace ON pg_namespace.oid = "relnamespace"
    WHERE "nspname" = $1 AND "relname" = 'migrations') AS "migrations" ON true`;

/** The number of the newest migration that the library brings. */
function newestVersion(): number {
  const { migrations } = createRequire(import.meta.url)('graphile-worker/dist/generated/sql.js') as {
    migrations: Readonly<Record<string, string>>;
  };
  return Math.max(...Object.keys(migrations).map((file) => Number.parseInt(file, 10)));
}

function mayNot(name: string): Finding {
  return {
    severity: 'refused',
    about: name,
    problem: `the jobs need a schema ${name}, and this user may not make one in the database`,
    remedy: 'as its owner: GRANT CREATE ON DATABASE ... TO the user of DATABASE_URL',
  };
}

function ofStranger(name: string, owner: string, user: string): Finding {
  return {
    severity: 'refused',
    about: name,
    problem: `the schema ${name} belongs to ${owner}, and shows its jobs to nobody else`,
    remedy: `as ${owner}: GRANT ${quoted(owner)} TO ${quoted(user)}`,
  };
}
