import { AppError, isAppError } from '../../errors/app-error.js';
import type { Finding } from '../finding.js';
import { quoted } from './columns.js';
import type { PostgresDatabase, Sql } from './postgres.js';

/** A table in which rows are looked up, and the columns by which they are found. */
export interface LookedUpTable {
  readonly table: string;
  readonly keys: readonly string[];
}

const KINDS = `'{r,p,v,m,f}'`;

/** Whether PostgreSQL can delete through a view: then each of its rows is one row of the one table beneath. */
const TAKES_DELETES = '(pg_relation_is_updatable("judged"."oid", false) & 16 <> 0)';

/**
 * Lists everything that may keep rows of some tables from the current user. A view is followed to the tables beneath it,
 * with the rights that PostgreSQL reads them with: those of the view's owner, or of the caller under `security_invoker`.
 *
 * Row level security is judged as PostgreSQL does: superusers, BYPASSRLS and, without FORCE, owners see all rows. A
 * policy of a partition or of an inheriting table does not count, because PostgreSQL asks only the table that is named.
 * A view shows every row beneath it where PostgreSQL itself could update it and its query has no condition.
 *
 * @param tables an SQL expression of the {@link LookedUpTable} list, as jsonb
 */
function hindrances(tables: string): string {
  return `
    WITH RECURSIVE "asked" AS (
      SELECT c.oid, "row"."table", "row"."keys" FROM jsonb_to_recordset(${tables}) AS "row" ("table" text, "keys" jsonb)
      JOIN pg_class c ON c.relname = "row"."table" AND c.relkind = ANY(${KINDS}) AND pg_table_is_visible(c.oid)),
    "read" ("table", "oid", "role", "isAsked", "isChild") AS (
      SELECT "table", "oid", (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user), true, false FROM "asked"
      UNION
      SELECT "read"."table", "beneath"."oid", "beneath"."role", false, "beneath"."isChild"
      FROM "read" JOIN pg_class c ON c.oid = "read"."oid", LATERAL (
        SELECT b.oid, false AS "isChild", CASE WHEN EXISTS (
            SELECT FROM pg_options_to_table(c.reloptions) AS "option"
            WHERE option_name = 'security_invoker' AND option_value::boolean)
          THEN "read"."role" ELSE c.relowner END AS "role"
        FROM pg_rewrite w
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class b ON b.oid = d.refobjid AND b.relkind = ANY(${KINDS})
        WHERE c.relkind = 'v' AND w.ev_class = c.oid AND w.ev_type = '1' AND b.oid <> c.oid
        UNION ALL
        SELECT i.inhrelid, true, "read"."role" FROM pg_inherits i WHERE i.inhparent = c.oid AND c.relkind IN ('r', 'p')
      ) AS "beneath"),
    "judged" AS (
      SELECT "read".*, c.oid::regclass::text AS "name", c.relkind AS "kind", r.rolname::text AS "reader",
        pg_has_role(r.oid, c.relowner, 'USAGE') AS "isOwner",
        NOT "isChild" AND c.relrowsecurity AND NOT (r.rolsuper OR r.rolbypassrls)
          AND NOT (pg_has_role(r.oid, c.relowner, 'USAGE') AND NOT c.relforcerowsecurity) AS "isPoliced"
      FROM "read" JOIN pg_class c ON c.oid = "read"."oid" JOIN pg_roles r ON r.oid = "read"."role")
    SELECT "table", "name", 'policy' AS "what", "reader", "isOwner",
      (SELECT string_agg(p.polname, ', ' ORDER BY p.polname) FROM pg_policy p WHERE p.polrelid = "judged"."oid")
        AS "details"
    FROM "judged" WHERE "isPoliced"
    UNION ALL
    SELECT "table", "name", CASE "kind" WHEN 'f' THEN 'foreign table' ELSE 'materialized view' END, "reader", "isOwner", NULL
    FROM "judged" WHERE "kind" IN ('f', 'm')
    UNION ALL
    SELECT "table", "name", 'view', "reader", "isOwner", NULL FROM "judged"
    WHERE "kind" = 'v' AND (
      NOT ${TAKES_DELETES}
      OR EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = "judged"."oid" AND w.ev_type <> '1')
      OR pg_get_viewdef("judged"."oid") ~ '\\m(WHERE|ONLY)\\M')
    UNION ALL
    SELECT "judged"."table", "name", 'column', "reader", "isOwner", string_agg(quote_ident(a.attname), ', ')
    FROM "judged" JOIN "asked" ON "asked"."oid" = "judged"."oid"
    JOIN pg_attribute a ON a.attrelid = "judged"."oid" AND "keys" ? a.attname::text
    WHERE "isAsked" AND "kind" = 'v' AND ${TAKES_DELETES} AND NOT pg_column_is_updatable("judged"."oid", a.attnum, false)
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT "table", "asked"."oid"::regclass::text, 'right', current_user::text, false, string_agg(quote_ident(a.attname), ', ')
    FROM "asked" JOIN pg_attribute a ON a.attrelid = "asked"."oid" AND "keys" ? a.attname::text
    WHERE NOT has_column_privilege("asked"."oid", a.attnum, 'SELECT')
    GROUP BY 1, 2, 3, 4, 5`;
}

interface Hindrance {
  readonly table: string;
  /** What of it hides rows: the table itself, or what lies beneath a view. */
  readonly name: string;
  readonly what: 'policy' | 'foreign table' | 'materialized view' | 'view' | 'column' | 'right';
  /** The role as which it is read. */
  readonly reader: string;
  readonly isOwner: boolean;
  /** The policies, or the columns. */
  readonly details: string | null;
}

/**
 * Says why rows of these tables may be there and not be seen: then a row that is not found is not proved to be absent.
 * Reads the catalogue only, in one statement.
 *
 * @returns one finding for each reason; none where every row is seen
 * @throws {AppError} POSTGRES_UNAVAILABLE
 */
export async function hiddenRows(
  postgres: Pick<PostgresDatabase, 'query'>,
  tables: readonly LookedUpTable[],
): Promise<readonly Finding[]> {
  const hindered = await hinderedRows(postgres, tables);
  const [server] = await postgres.query('SELECT pg_is_in_recovery() AS "isStandby"');
  return [...hindered, ...(server?.['isStandby'] === true ? tables.map(ofStandby) : [])];
}

async function hinderedRows(postgres: Pick<PostgresDatabase, 'query'>, tables: readonly LookedUpTable[]) {
  const sql = `SELECT * FROM (${hindrances('$1::text::jsonb')}) AS "hindrances"`;
  const rows = await postgres.query(sql, JSON.stringify(tables));
  return (rows as unknown as readonly Hindrance[]).map(findingOf);
}

function findingOf(hindrance: Hindrance): Finding {
  const { table, name, what, reader, isOwner, details } = hindrance;
  const beneath = name === table ? table : `${table}: ${name}`;
  const about = { severity: 'warning', about: table } as const;
  const role = quoted(reader);
  switch (what) {
    case 'policy': {
      const policies = details === null ? 'row level security without a policy' : `row level security (${details})`;
      const owning = isOwner
        ? `ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`
        : `give DATABASE_URL the role that owns ${name}`;
      return {
        ...about,
        problem: `${beneath} has ${policies}, which may hide rows from ${reader}`,
        remedy: `ALTER ROLE ${role} BYPASSRLS; or ${owning}`,
      };
    }
    case 'foreign table':
      return {
        ...about,
        problem: `${beneath} is a foreign table: the other server may hide rows`,
        remedy: 'point DATABASE_URL at the server that holds the rows',
      };
    case 'materialized view':
      return {
        ...about,
        problem: `${beneath} is a materialized view: it lacks the rows that came after its last refresh`,
        remedy: 'read the table that holds the rows',
      };
    case 'view':
      return {
        ...about,
        problem: `${beneath} is a view that may leave rows out: its query does more than choose and name columns of one table`,
        remedy: 'make it a view of one table without a condition (docs/own-databases.md), or read the table itself',
      };
    case 'column':
      return {
        ...about,
        problem: `${beneath} is a view that computes ${String(details)}: a row may be there under another value`,
        remedy: 'show the column of the table as it is (docs/own-databases.md)',
      };
    case 'right':
      return {
        ...about,
        problem: `${reader} may not read ${String(details)} of ${table}`,
        remedy: `as its owner: GRANT SELECT ON ${quoted(table)} TO ${role}`,
      };
  }
}

function ofStandby({ table }: LookedUpTable): Finding {
  return {
    severity: 'warning',
    about: table,
    problem: `a standby answers for ${table}, which may lack the newest rows`,
    remedy: 'point DATABASE_URL at the primary',
  };
}

/** Under which condition of a transaction its proof is asked for: an SQL expression of the first parameter. */
export interface ProofCondition {
  readonly sql: string;
  readonly parameter: string;
}

const ALWAYS: ProofCondition = { sql: '$1::text IS NOT NULL', parameter: '' };

/**
 * Makes the transaction that begins with these statements fail where a row of the tables may be hidden. PostgreSQL raises
 * an error for what row level security would hide (`row_security = off`), also where a policy itself would fail. The second
 * statement locks the tables against a change of policies and views until the end of the transaction, and looks at the rest.
 */
function proof(tables: readonly LookedUpTable[], { sql, parameter }: ProofCondition): readonly Sql[] {
  const locked = tables.map(({ table }) => `NOT EXISTS (SELECT FROM ${quoted(table)} WHERE false)`).join(' AND ');
  return [
    {
      sql: `SELECT set_config('row_security', CASE WHEN ${sql} THEN 'off' ELSE current_setting('row_security') END, true)`,
      parameters: [parameter],
    },
    {
      sql: `SELECT 1 / CASE WHEN ${sql} AND EXISTS (${hindrances('$2::text::jsonb')}) THEN 0 ELSE 1 END AS "proof" WHERE ${locked}`,
      parameters: [parameter, JSON.stringify(tables)],
    },
  ];
}

/**
 * Runs statements in one transaction that deletes, or refuses, because a row is not there: where rows of the tables may be
 * hidden, nothing of it is done.
 *
 * @param what is going on, for the message: `deleting a user`
 * @param tables none where nothing has to be proved
 * @param when where the proof is not always needed
 * @returns the rows of each statement
 * @throws {AppError} ABSENCE_UNPROVED when rows may be hidden, and nothing was done; else as `PostgresDatabase.transaction`
 */
export async function transactionSeeingAll(
  postgres: PostgresDatabase,
  what: string,
  tables: readonly LookedUpTable[],
  statements: readonly Sql[],
  when: ProofCondition = ALWAYS,
): Promise<Record<string, unknown>[][]> {
  const begin = tables.length === 0 ? [] : proof(tables, when);
  try {
    return (await postgres.transaction(what, [...begin, ...statements])).slice(begin.length);
  } catch (error) {
    // Both proofs fail by errors that a missing right, or a rule of the table, raises as well.
    const isRefused =
      !(error instanceof AppError) || isAppError(error, 'READ_ONLY') || isAppError(error, 'WRITE_REFUSED');
    const [hidden] = isRefused ? await hinderedRows(postgres, tables) : [];
    throw hidden === undefined ? error : absenceUnproved(hidden.about, error);
  }
}

/** @throws {AppError} ABSENCE_UNPROVED where rows of the tables may be hidden; POSTGRES_UNAVAILABLE */
export async function refuseHidden(postgres: PostgresDatabase, tables: readonly LookedUpTable[]): Promise<void> {
  const [hidden] = await hiddenRows(postgres, tables);
  if (hidden !== undefined) throw absenceUnproved(hidden.about);
}

/** For an act that rests on the absence of rows in a table or collection that may hide some. */
export function absenceUnproved(about: string, cause?: unknown): AppError {
  const message = `rows of ${about} may be hidden from the gateway, so nothing was deleted; npx tandem doctor says why`;
  return new AppError('ABSENCE_UNPROVED', message, { cause });
}
