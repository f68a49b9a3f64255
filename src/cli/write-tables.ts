import { userCopies } from '../copies/user-copy.source.js';
import { storedName } from '../join/source.js';
import type { Finding } from '../platform/finding.js';
import { jobSchemaState } from '../platform/jobs/job-schema.js';
import type { Platform } from '../platform/platform.js';

/** Tables of our own, which writes to both databases and the copy of users need. */
const OWN_TABLES = [
  'tandem_idempotency_keys',
  'tandem_user_deletions',
  'tandem_tombstones',
  'tandem_workers',
  'tandem_sync',
  'tandem_repairs',
  'tandem_kept_rows',
];

const TABLES = [userCopies.from, ...OWN_TABLES];

/** Columns of `orders` that no reader sees, and those of the copies of users. */
const COLUMNS = [
  ...['settlingUntil', 'copiedAt'].map((column) => ({ table: 'orders', column })),
  ...Object.keys(userCopies.fields).map((name) => ({ table: userCopies.from, column: storedName(userCopies, name) })),
];

/** A table that is not there is missing as a whole; a column only of one that is. */
const MISSING = `
  SELECT "name" FROM unnest($1::text[]) AS "name" WHERE to_regclass(quote_ident("name")) IS NULL
  UNION ALL
  SELECT "table" || '.' || "column" FROM unnest($2::text[], $3::text[]) AS "columns" ("table", "column")
  WHERE to_regclass(quote_ident("table")) IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = to_regclass(quote_ident("table")) AND attname = "column" AND NOT attisdropped)`;

/** What writes to both databases, and the copy of users, need in PostgreSQL, beside the sources' tables. */
export interface WriteTables {
  /** What is not there, or not up to date; "npm run migrate" makes it. */
  readonly missing: readonly string[];
  /** The schema of the jobs, where it is to be made or brought up to date. */
  readonly jobSchema: string | null;
  readonly findings: readonly Finding[];
  /** Whether nothing can be written to `orders` here: then nothing is needed for it, and mutations say READ_ONLY. */
  readonly readsOnly: boolean;
}

const NOTHING = { missing: [], jobSchema: null, findings: [] };

/**
 * Looks, and changes nothing.
 *
 * @param isReadOnly whether the server takes no writes, where that is known; else the session is asked
 */
export async function writeTables(
  { postgres }: Pick<Platform, 'postgres'>,
  isReadOnly: boolean | null = null,
): Promise<WriteTables> {
  if (await readsOnly(postgres, isReadOnly)) return { ...NOTHING, readsOnly: true };
  const rows = await postgres.query(
    MISSING,
    TABLES,
    COLUMNS.map(({ table }) => table),
    COLUMNS.map(({ column }) => column),
  );
  const { name, isCurrent, findings } = await jobSchemaState(postgres);
  const names = rows.map((row) => String(row['name']));
  const ofOthers = names.filter((one) => !OWN_TABLES.includes(one));
  return {
    missing: [
      ...ofOthers,
      ...(ofOthers.length === names.length ? [] : ['tables of its own (tandem_*)']),
      ...(isCurrent ? [] : [`the schema of its jobs (${name})`]),
    ],
    jobSchema: isCurrent ? null : name,
    findings,
    readsOnly: false,
  };
}

async function readsOnly(postgres: Platform['postgres'], isReadOnly: boolean | null): Promise<boolean> {
  const [row] = await postgres.query(`
    SELECT current_setting('transaction_read_only') = 'on' AS "isReadOnly",
      COALESCE(NOT has_table_privilege(to_regclass('orders'), 'INSERT'), false) AS "mayNot"`);
  return row?.['mayNot'] === true || (isReadOnly ?? row?.['isReadOnly'] === true);
}
