import { storedName } from '../../join/source.js';
import type { IsNullable } from './keyset.js';
import type { PostgresDatabase } from './postgres.js';

const SQL = `
  SELECT c.relname AS "table", a.attname AS "column"
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE NOT a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = ANY('{r,p,v,m,f}')
    AND c.relnamespace = ANY(ARRAY(SELECT nspname::regnamespace FROM unnest(current_schemas(false)) nspname))
    AND pg_table_is_visible(c.oid)`;

/** Which columns take nulls now: an adopted table may where its source is declared to have a value. One statement. */
export async function nullableColumns(postgres: PostgresDatabase): Promise<IsNullable> {
  const rows = await postgres.query(SQL);
  const nullable = new Set(rows.map(({ table, column }) => `${String(table)}\0${String(column)}`));
  return (source, field) => nullable.has(`${source.from}\0${storedName(source, field)}`);
}
