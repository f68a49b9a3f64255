import { storedName, type Source } from '../../join/source.js';
import type { TableFacts } from './table-facts.js';

/** The tables and columns (`orders`, `orders.userName`) that sources read and the database does not have. */
export function missingColumns(tables: ReadonlyMap<string, TableFacts>, sources: readonly Source[]): readonly string[] {
  return sources
    .filter(({ database }) => database === 'postgres')
    .flatMap((source) => {
      const table = tables.get(source.from);
      if (table === undefined) return [source.from];
      return missingFields(source, table).map((name) => `${source.from}.${storedName(source, name)}`);
    });
}

/** The fields of a source that a table has no column for. */
export function missingFields(source: Source, { columns }: TableFacts): readonly string[] {
  return Object.keys(source.fields).filter((name) => !columns.has(storedName(source, name)));
}
