import { maskedUrl } from '../../platform/address.js';
import { createLogger } from '../../platform/logger.js';
import { PostgresDatabase } from '../../platform/postgres/postgres.js';
import { notOpened, type Address } from './address.js';
import { failure, ok, warning, type Check } from './check.js';
import { encryptionCheck } from './encryption.js';
import { clockCheck, measure, pingCheck, type Measurement } from './measurement.js';

/** An open database and what its opening has shown; null where it could not be opened. */
export interface Opened<D> {
  readonly database: D | null;
  readonly checks: readonly Check[];
}

/** What a PostgreSQL says of itself and of us. */
export interface PostgresFacts extends Measurement {
  readonly version: string;
  readonly versionNumber: number;
  readonly database: string;
  /** Where tables are looked for first. */
  readonly schema: string;
  readonly user: string;
  readonly tls: string | null;
  /** A standby, or told to only read. */
  readonly readOnly: boolean;
}

/** Older servers lack gen_random_uuid(), which migrations call; those before 14 know no infinite numeric. */
const OLDEST = 130_000;
const TESTED = 140_000;

const FACTS = `
  SELECT current_setting('server_version') AS "version", current_setting('server_version_num')::int AS "versionNumber",
    current_database()::text AS "database", current_schema()::text AS "schema", current_user::text AS "user",
    (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS "tls",
    pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on' AS "readOnly"`;

const NOW = `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text AS "now"`;

/**
 * Opens a PostgreSQL for reading only: the server itself refuses whatever would write in these sessions. What it is told
 * to do with others is asked before, in one session as it comes.
 */
export async function openPostgres(
  address: Address,
): Promise<Opened<PostgresDatabase> & { readonly facts: PostgresFacts | null }> {
  const options = { logger: createLogger('silent'), applicationName: 'tandem doctor' };
  try {
    const asItComes = await PostgresDatabase.open({ ...options, url: address.url, poolSize: 1 });
    const facts = await factsOf(asItComes).finally(() => asItComes[Symbol.asyncDispose]());
    const database = await PostgresDatabase.open({ ...options, url: readingOnly(address.url), poolSize: 2 });
    return { database, facts, checks: checksOf(address, facts) };
  } catch (error) {
    return { database: null, facts: null, checks: [notOpened(address, error)] };
  }
}

/** The same address, for sessions that cannot write. */
export function readingOnly(address: string): string {
  const url = new URL(address);
  const given = url.searchParams.get('options');
  const ours = '-c default_transaction_read_only=on';
  url.searchParams.set('options', given === null ? ours : `${given} ${ours}`);
  return url.href;
}

async function factsOf(postgres: PostgresDatabase): Promise<PostgresFacts> {
  const [row = {}] = await postgres.query(FACTS);
  const facts = row as unknown as PostgresFacts;
  const measured = await measure(async () => Number((await postgres.query(NOW))[0]?.['now']));
  // Builds add their own name to the version.
  return { ...facts, ...measured, version: facts.version.split(' ')[0] ?? '' };
}

export function checksOf({ url, own }: Address, facts: PostgresFacts): readonly Check[] {
  const { database, schema, user } = facts;
  const data = { address: maskedUrl(url), own, database, schema, user };
  return [
    ok('postgres.connection', `${maskedUrl(url)}: database ${database}, as ${user}`, data),
    versionCheck(facts),
    ok('postgres.schema', `tables are looked for in the schema ${schema}`, { schema }),
    pingCheck('postgres', facts),
    clockCheck('postgres', facts),
    encryptionCheck('postgres', facts.tls, [new URL(url).hostname], 'DATABASE_URL=...?sslmode=verify-full'),
  ];
}

function versionCheck({ version, versionNumber }: PostgresFacts): Check {
  const id = 'postgres.version';
  const data = { version, oldest: '14' };
  const remedy = 'upgrade the server; 14 is the oldest with which every test passes';
  if (versionNumber >= TESTED) return ok(id, `PostgreSQL ${version}`, data);
  if (versionNumber >= OLDEST) {
    return warning(
      id,
      `PostgreSQL ${version} is no longer supported by its makers; the graph works with it`,
      remedy,
      data,
    );
  }
  return failure(
    id,
    `PostgreSQL ${version} is too old: migrations call gen_random_uuid(), which came with 13`,
    remedy,
    data,
  );
}
