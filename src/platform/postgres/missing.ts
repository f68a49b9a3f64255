import { storedName, type Source } from '../../join/source.js';
import type { TableFacts } from './table-facts.js';

/** The tables and columns (`orders`, `orders.userName`) that sources read and the database does not have. */
export function missingColumns(tables: ReadonlyMap<string, TableFacts>, sources: readonly Source[]): readonly string[] {
  return sources
    .filter(({ database }) => database === 'postgres')
    .flatMap((source) => {
      const table = tables.get(source.from);
      if (table === undefined) return [source.from];
      const names = missingFields(source, table).map((name) => storedName(source, name));
      const hiddenBy = source.hiddenBy === null || table.columns.has(source.hiddenBy) ? [] : [source.hiddenBy];
      return [...names, ...hiddenBy].map((name) => `${source.from}.${name}`);
    });
}

/** The fields of a source that a table has no column for. */
export function missingFields(source: Source, { columns }: TableFacts): readonly string[] {
  return Object.keys(source.fields).filter((name) => !columns.has(storedName(source, name)));
}
