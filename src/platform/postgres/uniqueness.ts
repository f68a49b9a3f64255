import { KEY, storedName, type Source } from '../../join/source.js';
import { missingIndexes, neededIndexes } from './indexes.js';
import type { PostgresDatabase } from './postgres.js';
import type { TableFacts } from './table-facts.js';

/** A field that no two rows may share, and whose table does not keep them from it. */
export interface Unguarded {
  readonly field: string;
  /** Whether "npm run migrate" creates the index that does. */
  readonly isCreatable: boolean;
}

/**
 * The fields of a source that no two rows may share, and that no index guarantees to differ. An index guarantees it that is
 * unique, valid, not partial, on that column alone, and on the relation that holds all rows: the table, if none inherits
 * from it; the partitioned table as a whole; the one table beneath a view.
 */
export async function unguardedFields(
  postgres: PostgresDatabase,
  source: Source,
  { kind, inherited }: TableFacts,
): Promise<readonly Unguarded[]> {
  const fields = [KEY, ...source.unique];
  if (kind === 'table' && !inherited) {
    const needed = neededIndexes([source], []).filter(({ unique }) => unique);
    const missing = new Set(await missingIndexes(postgres, needed));
    return fields
      .filter((_, at) => needed[at] !== undefined && missing.has(needed[at]))
      .map((field) => ({ field, isCreatable: true }));
  }
  const columns = fields.map((field) => storedName(source, field));
  const rows = await postgres.query(GUARDED, source.from, columns);
  const guarded = new Set(rows.map(({ column }) => column));
  return fields
    .filter((field) => !guarded.has(storedName(source, field)))
    .map((field) => ({ field, isCreatable: false }));
}

/**
 * The columns of a relation that an index of the table beneath keeps apart. A view shows each row of one table once, and a
 * column of it as it is, where PostgreSQL could update it by itself and the view's own query says which column that is.
 */
const GUARDED = `
  WITH "shown" AS (
    SELECT c.oid AS "relation", c.relkind AS "kind", a.attname AS "column", a.attnum AS "number"
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.oid = to_regclass(quote_ident($1::text)) AND a.attname = ANY($2::text[]) AND NOT a.attisdropped),
  "origins" AS (
    SELECT "column", "relation" AS "table", "number"::int AS "number" FROM "shown" WHERE "kind" IN ('r', 'p')
    UNION ALL
    SELECT "column", "origin"[1]::oid, "origin"[2]::int FROM "shown"
    JOIN pg_rewrite r ON r.ev_class = "relation" AND r.rulename = '_RETURN'
    CROSS JOIN LATERAL (
      SELECT min("found") AS "origin" FROM regexp_matches(r.ev_action::text,
        ':resname ' || "column" || ' :ressortgroupref \\d+ :resorigtbl (\\d+) :resorigcol (\\d+) ', 'g') AS "found"
      HAVING count(*) = 1) AS "query"
    WHERE "kind" = 'v' AND pg_relation_is_updatable("relation", false) & 20 = 20
      AND NOT EXISTS (SELECT FROM pg_rewrite other WHERE other.ev_class = "relation" AND other.rulename <> '_RETURN'))
  SELECT DISTINCT "column"::text AS "column" FROM "origins"
  JOIN pg_class t ON t.oid = "table"
  JOIN pg_index i ON i.indrelid = "table"
  WHERE (t.relkind = 'p' OR t.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = t.oid))
    AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = "number"`;
