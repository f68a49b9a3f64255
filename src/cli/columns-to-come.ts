import { SOURCES } from '../domains/catalogue.js';
import { fieldOf, storedName, type Source } from '../join/source.js';
import type { Migration } from '../platform/postgres/migrations.js';

/**
 * The columns (`orders.userName`) that migrations are going to add to tables that are there already: one that may be
 * empty where a migration names it at all; any other it has to add by its statement.
 */
export function columnsToCome(pending: readonly Migration[]): ReadonlySet<string> {
  const sql = pending.map((migration) => migration.sql).join('\n');
  const isAdded = (column: string, nullable: boolean) =>
    nullable
      ? new RegExp(`["']${column}["']`).test(sql)
      : new RegExp(`ADD COLUMN\\s+(?:IF NOT EXISTS\\s+)?"?${column}\\b`, 'i').test(sql);
  return new Set(
    SOURCES.filter(({ database }) => database === 'postgres').flatMap((source) =>
      columnsOf(source)
        .filter(({ column, nullable }) => isAdded(column, nullable))
        .map(({ column }) => `${source.from}.${column}`),
    ),
  );
}

function columnsOf(source: Source): { column: string; nullable: boolean }[] {
  const ofFields = Object.keys(source.fields).map((name) => ({
    column: storedName(source, name),
    nullable: fieldOf(source, name).nullable,
  }));
  return source.hiddenBy === null ? ofFields : [...ofFields, { column: source.hiddenBy, nullable: true }];
}
