import { quoted } from './columns.js';
import type { PostgresDatabase } from './postgres.js';

/** A column of a table, the ones that Tandem does not know included. */
export interface WholeColumn {
  readonly name: string;
  /** As SQL writes it: `numeric(10,2)`. */
  readonly type: string;
  /** Whether PostgreSQL computes it, so that no statement may write it. */
  readonly isComputed: boolean;
}

/** Every column of a row, as the text that its type writes and reads back as the same value; null for NULL. */
export type RowTexts = Readonly<Record<string, string | null>>;

const COLUMNS = `
  SELECT "attname" AS "name", format_type("atttypid", "atttypmod") AS "type", "attgenerated" <> '' AS "isComputed"
  FROM pg_attribute WHERE "attrelid" = $1::text::regclass AND "attnum" > 0 AND NOT "attisdropped" ORDER BY "attnum"`;

/** Reads which columns a table has now, those that other programs have added too. @throws {AppError} POSTGRES_UNAVAILABLE */
export async function wholeTable(postgres: PostgresDatabase, name: string): Promise<WholeTable> {
  const columns = await postgres.query(COLUMNS, quoted(name));
  return new WholeTable(name, columns as unknown as readonly WholeColumn[]);
}

/**
 * A table with all its columns, for rows that are kept whole and written back. A row is kept as a JSON object of texts:
 * JSON's own numbers, times and documents would not come back exactly (`json` loses its blanks, `hstore` and arrays with
 * bounds their form).
 */
export class WholeTable {
  readonly name: string;
  readonly columns: readonly WholeColumn[];

  constructor(name: string, columns: readonly WholeColumn[]) {
    this.name = name;
    this.columns = columns;
  }

  /** An expression: the whole row of the table as JSON. `format` writes by the type's own output, as a dump does. */
  get texts(): string {
    const table = quoted(this.name);
    const values = this.columns.map(({ name }) => {
      const column = `${table}.${quoted(name)}`;
      // IS NULL would hold for a composite of nulls.
      return `CASE WHEN num_nulls(${column}) = 0 THEN format('%s', ${column}) END`;
    });
    return `jsonb_object(${this.#names}, ARRAY[${values.join(', ')}]::text[])`;
  }

  /** A condition: the table still has these columns. Another one would be left out of the row. */
  get isSame(): string {
    return `(SELECT array_agg("attname"::text ORDER BY "attnum") FROM pg_attribute
      WHERE "attrelid" = '${quoted(this.name)}'::regclass AND "attnum" > 0 AND NOT "attisdropped") = ${this.#names}`;
  }

  /** An expression: the value of a column within a row that is kept in `kept`, an expression of jsonb. */
  valueOf({ name, type }: WholeColumn, kept: string): string {
    return `(${kept} ->> ${literal(name)})::${type}`;
  }

  /** A statement's beginning and its list of values: inserts a kept row, with what an identity column had. */
  insertion(row: RowTexts, kept: string): { readonly into: string; readonly values: string } {
    const written = this.columns.filter(({ name, isComputed }) => !isComputed && Object.hasOwn(row, name));
    return {
      into: `INSERT INTO ${quoted(this.name)} (${written.map(({ name }) => quoted(name)).join(', ')})
        OVERRIDING SYSTEM VALUE`,
      values: written.map((column) => this.valueOf(column, kept)).join(', '),
    };
  }

  /** Columns of a kept row whose values the table cannot take any more, because it has no such column. */
  lost(row: RowTexts): readonly string[] {
    const known = new Set(this.columns.map(({ name }) => name));
    return Object.keys(row).filter((name) => row[name] !== null && !known.has(name));
  }

  get #names(): string {
    return `ARRAY[${this.columns.map(({ name }) => literal(name)).join(', ')}]::text[]`;
  }
}

/** The columns in which two rows differ, of those that the first has. */
export function differing(one: RowTexts, other: RowTexts): readonly string[] {
  return Object.keys(one).filter((name) => one[name] !== (other[name] ?? null));
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
