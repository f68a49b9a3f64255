import { fieldOf, storedName, type FieldKind, type Source } from '../../join/source.js';
import type { Finding } from '../finding.js';
import { quoted } from './columns.js';
import { missingFields } from './missing.js';
import type { PostgresDatabase } from './postgres.js';
import { examineRows } from './row-fitness.js';
import { tableFacts, type ColumnFacts, type TableFacts } from './table-facts.js';

/**
 * What keeps tables that are there already from serving as sources, and what will be worse than it could be. Columns that
 * migrations are going to add are not missed. Changes nothing.
 *
 * @param added the names of columns that migrations are about to add, each as `orders.userName`
 */
export async function examineTables(
  postgres: PostgresDatabase,
  sources: readonly Source[],
  added: ReadonlySet<string> = new Set(),
): Promise<readonly Finding[]> {
  const facts = await tableFacts(postgres, sources);
  const ofColumns = examineColumns(facts, sources, added);
  const unfit = new Set(ofColumns.filter(({ severity }) => severity === 'refused').map(({ about }) => about));
  return [...ofColumns, ...(await examineRows(postgres, facts, sources, unfit))];
}

/** The same by the catalogue alone, without a look at any row. */
export function examineColumns(
  tables: ReadonlyMap<string, TableFacts>,
  sources: readonly Source[],
  added: ReadonlySet<string> = new Set(),
): Finding[] {
  return sources
    .filter(({ database }) => database === 'postgres')
    .flatMap((source) => {
      const table = tables.get(source.from);
      if (table === undefined) return [];
      if (!table.inCurrentSchema) return [elsewhere(source, table)];
      if (!table.readable) return [unreadable(source)];
      const isTable = table.kind.endsWith('table');
      return [
        ...ofKind(source, table),
        ...missingFields(source, table)
          .filter((name) => !isTable || !added.has(`${source.from}.${storedName(source, name)}`))
          .map((name) => missing(source, name, table)),
        ...ofHiding(source, table),
        ...Object.keys(source.fields).flatMap((name) => ofColumn(source, name, table)),
        ...unfilled(source, table),
      ];
    });
}

/** A column of that name which is another's: rows in which it has a value would be seen by nobody. */
function ofHiding({ from, hiddenBy }: Source, { columns }: TableFacts): Finding[] {
  const column = hiddenBy === null ? undefined : columns.get(hiddenBy);
  if (hiddenBy === null || column === undefined || (column.nullable && column.baseType === 'text')) return [];
  return [
    {
      severity: 'refused',
      about: `${from}.${hiddenBy}`,
      problem: `${from} has a column "${hiddenBy}" of its own (${column.type}), by which rows are hidden here while they are being written`,
      remedy: `give yours another name: ALTER TABLE ${quoted(from)} RENAME ${quoted(hiddenBy)} TO ...; or read the table through a view (docs/own-databases.md)`,
    },
  ];
}

/** Reads would find it there, and writes and migrations look for it here. */
function elsewhere({ from }: Source, { schema }: TableFacts): Finding {
  return {
    severity: 'refused',
    about: from,
    problem: `${from} lies in the schema ${schema}, which is not the first of this user's search_path: a new table would hide it`,
    remedy: `say which schema is meant: DATABASE_URL=...?schema=${schema}`,
  };
}

function unreadable({ from }: Source): Finding {
  return {
    severity: 'refused',
    about: from,
    problem: `this user of PostgreSQL may not read the table ${from}`,
    remedy: `as its owner: GRANT SELECT ON ${quoted(from)} TO the user of DATABASE_URL`,
  };
}

function ofKind({ from }: Source, { kind, inherited, rowSecurity }: TableFacts): Finding[] {
  if (kind === 'table') {
    return [
      ...(inherited ? [shared(from, 'other tables inherit from it, and their rows are among its own')] : []),
      ...(rowSecurity
        ? [shared(from, 'its policies (row level security) hide rows from the graph as from any user')]
        : []),
    ];
  }
  if (kind === 'materialized view') {
    return [
      {
        severity: 'refused',
        about: from,
        problem: `${from} is a materialized view, which takes no writes and shows none`,
        remedy: 'make it a plain view, or point DATABASE_URL at a schema (?schema=...) in which it is a table',
      },
    ];
  }
  return [
    {
      severity: 'warning',
      about: from,
      problem: `${from} is a ${kind}: indexes are not created on it by "npm run migrate"`,
      remedy: 'create those that "npm run migrate" would, on the tables that hold the rows',
    },
  ];
}

function shared(from: string, why: string): Finding {
  return {
    severity: 'warning',
    about: from,
    problem: `${from} does not hold its rows alone: ${why}`,
    remedy: 'nothing, where this is meant; ids have to be unique among all of them',
  };
}

function missing(source: Source, name: string, table: TableFacts): Finding {
  const column = storedName(source, name);
  const alike = [...table.columns.keys()].find((other) => simplified(other) === simplified(column));
  const rename = `ALTER TABLE ${quoted(source.from)} RENAME ${quoted(alike ?? '')} TO ${quoted(column)}`;
  return {
    severity: 'refused',
    about: `${source.from}.${column}`,
    problem: `${source.from} has no column "${column}"${alike === undefined ? '' : `, but has "${alike}"`}`,
    remedy:
      alike === undefined
        ? `add it, with the values that the rows should have: ALTER TABLE ${quoted(source.from)} ADD ${quoted(column)} ...`
        : `${rename}; or leave the table as it is, and read it through a view (docs/own-databases.md)`,
  };
}

/** `user_id`, `userid` and `UserId` are one name, spelt in three ways. */
function simplified(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

const TEXTS = ['text', 'varchar', 'citext', 'name'];

/** The types that a column may have for each kind of field; the first is the one to have. */
const TYPES: Readonly<Record<FieldKind, readonly string[]>> = {
  uuid: ['uuid'],
  objectId: TEXTS,
  text: TEXTS,
  int: ['int4', 'int8', 'int2'],
  float: ['float8', 'float4', 'numeric'],
  decimal: ['numeric'],
  boolean: ['bool'],
  dateTime: ['timestamptz', 'timestamp', 'date'],
};

/** What to write in a remedy, where that is more than the type's name. */
const WANTED: Readonly<Partial<Record<FieldKind, string>>> = {
  decimal: 'numeric(10,2)',
  dateTime: 'timestamptz',
  int: 'integer',
  float: 'double precision',
  boolean: 'boolean',
};

const MONEY_DECIMALS = 2;
const OBJECT_ID_LENGTH = 24;
/** As wide as most make a column for text when they have to say a width. */
const USUAL_LENGTH = 255;

function ofColumn(source: Source, name: string, table: TableFacts): Finding[] {
  const { kind } = fieldOf(source, name);
  const column = table.columns.get(storedName(source, name));
  if (column === undefined) return [];
  const isText = kind === 'text' && column.isEnum;
  // Blanks that pad a value are a part of it in one comparison, and none in another.
  const isFull = kind === 'objectId' && column.baseType === 'bpchar' && column.length === OBJECT_ID_LENGTH;
  if (isFull) return [];
  if (!isText && !TYPES[kind].includes(column.baseType)) {
    return [wrongType(source, name, column, `holds ${wantedType(kind)}`)];
  }
  if (kind === 'decimal' && (column.scale ?? MONEY_DECIMALS) < MONEY_DECIMALS) {
    return [wrongType(source, name, column, `rounds what is written to ${column.scale} decimals; money has two`)];
  }
  if (kind === 'objectId' && (column.length ?? OBJECT_ID_LENGTH) < OBJECT_ID_LENGTH) {
    return [wrongType(source, name, column, 'is too narrow for the 24 characters of an id')];
  }
  if (kind === 'text' && (column.length ?? USUAL_LENGTH) < USUAL_LENGTH) return [narrow(source, name, column)];
  if (kind === 'dateTime' && column.baseType !== 'timestamptz') return [withoutZone(source, name, column)];
  return [];
}

function wantedType(kind: FieldKind): string {
  return WANTED[kind] ?? TYPES[kind][0] ?? kind;
}

function wrongType(source: Source, name: string, { type, baseType }: ColumnFacts, instead: string): Finding {
  const [table, column] = [quoted(source.from), quoted(storedName(source, name))];
  const { kind } = fieldOf(source, name);
  const wanted = baseType === 'bpchar' ? 'text' : wantedType(kind);
  const isTyped = instead.startsWith('holds');
  // PostgreSQL has no cast from anything else to these.
  const isCastable = !['uuid', 'dateTime'].includes(kind) || [...TEXTS, 'bpchar'].includes(baseType);
  return {
    severity: 'refused',
    about: `${source.from}.${storedName(source, name)}`,
    problem: `${source.from}.${storedName(source, name)} is ${type}, and ${isTyped ? `the graph reads ${wanted}` : instead}`,
    remedy: isCastable
      ? `ALTER TABLE ${table} ALTER ${column} TYPE ${wanted} USING ${column}::${wanted}`
      : `give the table a column of that type; or read it through a view that has one (docs/own-databases.md)`,
  };
}

function narrow(source: Source, name: string, { length }: ColumnFacts): Finding {
  const [table, column] = [quoted(source.from), quoted(storedName(source, name))];
  return {
    severity: 'warning',
    about: `${source.from}.${storedName(source, name)}`,
    problem: `${source.from}.${storedName(source, name)} takes ${length} characters: a row with more of them is WRITE_REFUSED`,
    remedy: `ALTER TABLE ${table} ALTER ${column} TYPE text`,
  };
}

function withoutZone(source: Source, name: string, { type }: ColumnFacts): Finding {
  const [table, column] = [quoted(source.from), quoted(storedName(source, name))];
  return {
    severity: 'warning',
    about: `${source.from}.${storedName(source, name)}`,
    problem: `${source.from}.${storedName(source, name)} is ${type}, which has no time zone: its times are taken as UTC`,
    remedy: `if they are not: ALTER TABLE ${table} ALTER ${column} TYPE timestamptz USING ${column} AT TIME ZONE 'their zone'`,
  };
}

/** Columns that the graph does not know, and that a new row must have. */
function unfilled(source: Source, { columns }: TableFacts): Finding[] {
  const ours = new Set(Object.keys(source.fields).map((name) => storedName(source, name)));
  const [first, ...others] = [...columns].filter(
    ([name, { nullable, filled }]) => !ours.has(name) && !nullable && !filled,
  );
  if (first === undefined) return [];
  const names = [first, ...others].map(([name]) => `"${name}"`).join(', ');
  return [
    {
      severity: 'warning',
      about: source.from,
      problem: `a new row of ${source.from} must have ${names}, which the graph does not know: creating one is WRITE_REFUSED`,
      remedy: `give it a default: ALTER TABLE ${quoted(source.from)} ALTER ${quoted(first[0])} SET DEFAULT ...`,
    },
  ];
}
