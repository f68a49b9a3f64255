import { storedName, type Source } from '../../join/source.js';
import type { PostgresDatabase } from './postgres.js';

const SQL = `
  SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
  WHERE table_schema = ANY(current_schemas(false)) AND table_name = ANY($1::text[])`;

/** The tables and columns (`orders`, `orders.userName`) that sources read and the database does not have. */
export async function missingColumns(
  postgres: PostgresDatabase,
  sources: readonly Source[],
): Promise<readonly string[]> {
  const ours = sources.filter(({ database }) => database === 'postgres');
  const rows = await postgres.query(
    SQL,
    ours.map(({ from }) => from),
  );
  const tables = new Set(rows.map((row) => String(row['table'])));
  const columns = new Set(rows.map((row) => `${String(row['table'])}.${String(row['column'])}`));
  return ours.flatMap((source) => {
    if (!tables.has(source.from)) return [source.from];
    const wanted = Object.keys(source.fields).map((name) => `${source.from}.${storedName(source, name)}`);
    return wanted.filter((column) => !columns.has(column));
  });
}
