import { quoted } from '../platform/postgres/columns.js';
import { DELETIONS } from '../platform/postgres/own-tables.js';
import type { Sql } from '../platform/postgres/postgres.js';
import { refusalOf, type CopyBatch } from './copy-batch.js';
import type { CopyTable, UniqueColumn } from './copy-table.js';
import { heldCopying } from './copying-hold.js';
import { addFollowJob } from './follow-job.js';
import { COPIED } from './user-copy.source.js';

export interface CopyOptions {
  readonly table: CopyTable;
  /** Of the tables. */
  readonly schema: string;
  /** Whether the copies on orders follow. */
  readonly follows: boolean;
  /** Whether a user who is gone, and was never copied, leaves a tombstone: what is older than that may still come. */
  readonly buries: boolean;
  /**
   * Whether users are only looked at again, of whom nothing is known to have changed: what lacks a value as before
   * counts as the same then, and nothing follows. A change is written without it when it is heard of. False by default.
   */
  readonly isAgain?: boolean;
}

const GIVEN = `"given" AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS "row" ("id" text, "username" text, "email" text, "locCode" text,
    "power" integer, "emailConflict" boolean, "syncProblem" text, "isGone" boolean))`;

/** What is as old says the same, and mends a row that was spoilt, or that was refused a value that it can have now. */
const IS_NO_NEWER = `("copy"."sourceVersion" IS NULL OR "copy"."sourceVersion" <= $2::text)`;

/**
 * What copies a batch, to be run in one transaction. A row is never replaced by what is older, so that it can be run
 * again, late, and by several at once. The last statement enqueues a job for each user whose copies on orders are now
 * other ones.
 */
export function copyStatements(batch: CopyBatch, options: CopyOptions): readonly Sql[] {
  const given = JSON.stringify(batch.rows);
  const releasing = options.table.uniqueColumns.flatMap((column) => [
    releasingGone(column),
    // A row that is alone is in nobody's way, and its column may be one that must not be empty.
    ...(batch.rows.length > 1 ? [releasingChanged(column)] : []),
  ]);
  return [
    heldCopying('shared'),
    // As who notes an erasure does, before the rows of `users`.
    { sql: `WITH ${GIVEN}, ${ERASURES} SELECT 1 FROM "erasures"`, parameters: [given] },
    { sql: linking(options.table), parameters: [given] },
    ...releasing.map((sql) => ({ sql, parameters: [given, batch.at] })),
    { sql: writing(options), parameters: [given, batch.at, options.buries] },
    ...(options.follows ? [{ sql: following(options.schema), parameters: [given, batch.at] }] : []),
  ];
}

/**
 * Rows that were there before: one that has the user's id, else one of the same e-mail address, is the user's from now
 * on. One that has an id as MongoDB's are is for nobody else who has its address: its own user may be yet to come.
 */
function linking({ keyIsId }: CopyTable): string {
  const byId = `
    SELECT "users"."id" AS "row", "wanting"."id" AS "wanted", 0 AS "rank" FROM "users"
    JOIN "wanting" ON "users"."id" = "wanting"."id" WHERE "users"."mongoId" IS NULL UNION ALL`;
  return `
    WITH ${GIVEN},
    "wanting" AS (
      SELECT "id", "email" FROM "given"
      WHERE NOT "isGone" AND NOT EXISTS (SELECT FROM "users" WHERE "users"."mongoId" = "given"."id")),
    "found" AS (
      ${keyIsId ? byId : ''}
      SELECT "users"."id", "wanting"."id" AS "wanted", 1 AS "rank" FROM "users"
      JOIN "wanting" ON "users"."email" = "wanting"."email"
      WHERE "users"."mongoId" IS NULL AND "wanting"."email" <> ''
        ${keyIsId ? `AND "users"."id" !~ '^[0-9a-f]{24}$'` : ''}),
    "ofUsers" AS (
      SELECT DISTINCT ON ("wanted") * FROM "found" AS "found" ("row", "wanted", "rank")
      ORDER BY "wanted", "rank", "row"),
    "ofRows" AS (SELECT DISTINCT ON ("row") * FROM "ofUsers" ORDER BY "row", "rank", "wanted")
    UPDATE "users" SET "mongoId" = "wanted" FROM "ofRows" WHERE "users"."id" = "row" AND "users"."mongoId" IS NULL`;
}

/**
 * Whether a row is a copy: in others `deletedAt` may mean something else. Once MongoDB was set back to an earlier time,
 * the source's versions are forgotten, and the names' are not.
 */
const IS_COPY = `("copy"."sourceVersion" IS NOT NULL OR "copy"."namedVersion" IS NOT NULL)`;

/** Values of users who are gone, be it with this batch, that others of the batch have now. */
function releasingGone({ name, isFolded }: UniqueColumn): string {
  const having = (sameness: string) => `
      SELECT "copy"."mongoId" FROM "users" AS "copy" JOIN "given" ON ${sameness} AND "copy"."mongoId" <> "given"."id"`;
  const same = having(`"copy"."${name}" = "given"."${name}"`);
  const folded = having(`lower("copy"."${name}"::text) = lower("given"."${name}"::text)`);
  return `
    WITH ${GIVEN}
    UPDATE "users" AS "copy" SET "${name}" = NULL
    WHERE "mongoId" IN (${isFolded ? `${same} UNION ALL ${folded}` : same}) AND ${IS_COPY}
      AND ("deletedAt" IS NOT NULL OR EXISTS (
        SELECT FROM "given" WHERE "given"."id" = "copy"."mongoId" AND "given"."isGone" AND ${IS_NO_NEWER}))`;
}

/** Values that are free once the batch is written: two users may swap theirs. */
function releasingChanged({ name }: UniqueColumn): string {
  // Who has none instead would look the same afterwards.
  const isName = name === 'username' || name === 'email';
  return `
    WITH ${GIVEN}
    UPDATE "users" AS "copy" SET "${name}" = NULL ${isName ? ', "namedVersion" = $2::text' : ''} FROM "given"
    WHERE "copy"."mongoId" = "given"."id" AND NOT "given"."isGone" AND "copy"."${name}" IS NOT NULL
      AND "copy"."${name}"::text IS DISTINCT FROM "given"."${name}"::text AND ${IS_NO_NEWER}`;
}

/** Nothing but ids is kept of who was erased, whatever is still to come of the time before. */
const IS_ERASED_COPY = `("copy"."erasedAt" IS NOT NULL OR EXCLUDED."erasedAt" IS NOT NULL)`;

/**
 * The erasures of users of the batch, held until its end: one that MongoDB agrees to meanwhile waits, and empties what was
 * written; one that is noted first is seen here, as it is by then.
 */
const ERASURES = `"erasures" AS MATERIALIZED (
  SELECT "deletion"."userId", "deletion"."deletedAt" FROM ${DELETIONS} AS "deletion"
  WHERE "deletion"."userId" IN (SELECT "id" FROM "given") AND "deletion"."erases" FOR SHARE OF "deletion")`;

function isErased(id: string): string {
  return `EXISTS (SELECT FROM "erasures" WHERE "erasures"."userId" = ${id} AND "erasures"."deletedAt" IS NOT NULL)`;
}

function writing({ table, isAgain = false }: CopyOptions): string {
  const filled = table.filledNow.map(quoted);
  const id = { ofMongo: '"id", ', made: 'gen_random_uuid(), ', ofTable: '' }[table.id];
  const kept = (column: string) => `"${column}" = CASE WHEN ${IS_ERASED_COPY} THEN NULL
      WHEN EXCLUDED."deletedAt" IS NOT NULL THEN "copy"."${column}" ELSE EXCLUDED."${column}" END`;
  const told = COPIED.map((column) => `CASE WHEN NOT "isErased" THEN "${column}" END`).join(', ');
  return `
    WITH ${GIVEN}, ${ERASURES}
    INSERT INTO "users" AS "copy" (${id === '' ? '' : '"id", '}"mongoId", ${COPIED.map(quoted).join(', ')},
      "emailConflict", "syncProblem", "sourceVersion", "namedVersion", "syncedAt", "deletedAt", "erasedAt"
      ${filled.map((column) => `, ${column}`).join('')})
    SELECT ${id}"id", ${told}, "emailConflict", "syncProblem", $2::text, $2::text, "now",
      CASE WHEN "isGone" THEN "now" END, CASE WHEN "isErased" THEN "now" END${', "now"'.repeat(filled.length)}
    FROM "given", LATERAL (SELECT ${isErased('"given"."id"')} AS "isErased") AS "erasing",
      (SELECT clock_timestamp() AS "now") AS "clock"
    WHERE NOT "isGone" OR $3::boolean OR EXISTS (SELECT FROM "users" WHERE "users"."mongoId" = "given"."id")
    ORDER BY "id"
    ON CONFLICT ("mongoId") DO UPDATE SET ${COPIED.map(kept).join(', ')},
      "emailConflict" = EXCLUDED."emailConflict",
      "syncProblem" = EXCLUDED."syncProblem",
      "sourceVersion" = EXCLUDED."sourceVersion",
      "namedVersion" = CASE WHEN ${isRenamed(isAgain)} THEN EXCLUDED."sourceVersion" ELSE "copy"."namedVersion" END,
      "syncedAt" = EXCLUDED."syncedAt",
      "deletedAt" = CASE WHEN EXCLUDED."deletedAt" IS NOT NULL
        THEN COALESCE("copy"."deletedAt", EXCLUDED."deletedAt") END,
      "erasedAt" = CASE WHEN ${IS_ERASED_COPY} THEN COALESCE("copy"."erasedAt", EXCLUDED."syncedAt") END
    WHERE ${IS_NO_NEWER}`;
}

/**
 * What is not copied as it is in MongoDB, or was not until now, may be another while the copy stays the same; and orders
 * have it as it is. Of who is only looked at again it is another where more is copied of it than before, or less.
 */
function isRenamed(isAgain: boolean): string {
  const lacks = (row: string) => `${row}."emailConflict" OR ${row}."syncProblem" IS NOT NULL`;
  const mayBeAnother = isAgain
    ? `"copy"."emailConflict" <> EXCLUDED."emailConflict" OR "copy"."syncProblem" IS DISTINCT FROM EXCLUDED."syncProblem"`
    : `${lacks('"copy"')} OR ${lacks('EXCLUDED')}`;
  return `EXCLUDED."deletedAt" IS NULL AND ("copy"."namedVersion" IS NULL OR "copy"."deletedAt" IS NOT NULL
    OR ${mayBeAnother}
    OR "copy"."username"::text IS DISTINCT FROM EXCLUDED."username"::text
    OR "copy"."email"::text IS DISTINCT FROM EXCLUDED."email"::text)`;
}

/**
 * Of the rows that this transaction has written. A statement of its own, which sees the orders that were committed
 * while the rows were waited for: whoever creates an order holds the row of its user.
 */
function following(schema: string): string {
  return `
    WITH ${GIVEN}
    SELECT ${addFollowJob(schema, '"users"."mongoId"')} FROM "given" JOIN "users" ON "users"."mongoId" = "given"."id"
    WHERE "users".xmin = pg_current_xact_id()::xid AND "users"."namedVersion" = $2::text
      AND "users"."deletedAt" IS NULL AND "users"."erasedAt" IS NULL
      AND EXISTS (SELECT FROM "orders" WHERE lower("orders"."userId") = "given"."id" AND "copiedAt" IS NOT NULL)`;
}

/** Users who are looked at again at once. Mostly each is refused again, by itself, and changes wait meanwhile. */
const STRETCH = 100;

/**
 * What finds the ids of users whose copies lack a value that another row had, and may have it by now. Which value that
 * is was not kept, so all of them are looked at, those first who were not for the longest: each look renews `syncedAt`.
 */
export function conflicting({ uniqueColumns }: CopyTable): string {
  // For an address that another row has there is a column; one that is refused in another way is refused by a rule.
  const others = uniqueColumns.map(({ name }) => name).filter((name) => name !== 'email');
  const lacks = ['"emailConflict"', ...others.map((name) => `"syncProblem" LIKE '%${refusalOf(name)}%'`)];
  return `
    SELECT "mongoId" AS "id" FROM "users"
    WHERE "mongoId" IS NOT NULL AND "deletedAt" IS NULL AND "erasedAt" IS NULL AND (${lacks.join(' OR ')})
    ORDER BY "syncedAt", "mongoId" LIMIT ${STRETCH}`;
}
