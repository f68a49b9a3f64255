import { outsideDeadline, untilDeadline } from '../platform/deadline.js';
import type { Finding } from '../platform/finding.js';
import { quoted } from '../platform/postgres/columns.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { tableFacts, type TableFacts } from '../platform/postgres/table-facts.js';
import { examineColumns } from '../platform/postgres/table-fitness.js';
import type { Lengths } from './copy-batch.js';
import { storedName } from '../join/source.js';
import { COPIED, userCopies } from './user-copy.source.js';

/** What a new row of the table takes, which may have been there before us. */
export interface CopyTable {
  /** Where the id of a new row comes from: it is MongoDB's, it is made here, or the table makes it. */
  readonly id: 'ofMongo' | 'made' | 'ofTable';
  /** Whether ids are texts, so that a row may have the id of a user. */
  readonly keyIsId: boolean;
  /** Columns of times that a new row must have, and that nothing else fills. */
  readonly filledNow: readonly string[];
  readonly lengths: Lengths;
  /** Copied columns that two rows may not share, and that can be empty. */
  readonly uniqueColumns: readonly UniqueColumn[];
  /** Whether two rows may not share an e-mail address, or another value. */
  readonly hasUniqueTexts: boolean;
}

/** One that a unique index is of: alone, with others, or within an expression. */
export interface UniqueColumn {
  readonly name: (typeof COPIED)[number];
  /** Whether values that differ only in case may be the same to the table. */
  readonly isFolded: boolean;
}

const TEXTS = new Set(['text', 'varchar']);
const TIMES = new Set(['timestamptz', 'timestamp', 'date']);
const ID_LENGTH = 24;

/** Columns of other names that the migration lets be empty, as it does those of the copy. */
const RELAXED = /passw|^pwd|^salt$/i;

const tables = new WeakMap<PostgresDatabase, Promise<CopyTable>>();

/** What the table is like; asked once, until that is forgotten. @throws {AppError} POSTGRES_UNAVAILABLE */
export function copyTable(postgres: PostgresDatabase): Promise<CopyTable> {
  return untilDeadline(() => tables.get(postgres) ?? askedTable(postgres));
}

/** Others get the answer too, so nobody's deadline ends it. */
function askedTable(postgres: PostgresDatabase): Promise<CopyTable> {
  const asked = outsideDeadline(() => readTable(postgres));
  tables.set(postgres, asked);
  asked.catch(() => tables.delete(postgres));
  return asked;
}

/** Lets the table be asked about again: somebody may have changed it. */
export function forgetCopyTable(postgres: PostgresDatabase): void {
  tables.delete(postgres);
}

/**
 * Copied columns in keys of unique indexes. Of an expression, or of a column that the table computes, all counts that
 * it mentions outside of texts; what an index only includes, or is limited by, may be shared.
 */
const UNIQUE = `
  WITH "keys" AS (
    SELECT regexp_replace(CASE WHEN attgenerated <> '' THEN pg_get_expr(adbin, adrelid)
      ELSE pg_get_indexdef(indexrelid, "at", false) END, '''[^'']*''', '', 'g') AS "definition"
    FROM pg_index
    CROSS JOIN generate_series(1, indnkeyatts) AS "at"
    LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey["at" - 1]
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE indrelid = '"users"'::regclass AND indisunique AND NOT indisprimary)
  SELECT attname AS "name", bool_or("definition" ~* '(lower|upper)\\s*\\(') AS "isFolded"
  FROM pg_attribute JOIN "keys" ON "definition" ~ ('(?<!["\\w])' || quote_ident(attname) || '(?!["\\w])')
  WHERE attrelid = '"users"'::regclass AND attname = ANY($1::text[]) AND NOT attnotnull AND NOT attisdropped
  GROUP BY attname`;

async function readTable(postgres: PostgresDatabase): Promise<CopyTable> {
  const facts = (await tableFacts(postgres, [userCopies])).get(userCopies.from);
  if (facts === undefined) throw new Error('there is no table users: npm run migrate makes it');
  const uniqueColumns = await readUnique(postgres, facts);
  const id = facts.columns.get('id');
  const keyIsId = id !== undefined && isKeyOfMongo(facts);
  return {
    id: keyIsId ? 'ofMongo' : id?.baseType === 'uuid' && !id.filled ? 'made' : 'ofTable',
    keyIsId,
    filledNow: unfilled(facts)
      .filter(([, { baseType }]) => TIMES.has(baseType))
      .map(([name]) => name),
    lengths: new Map(
      COPIED.flatMap((name) => {
        const length = facts.columns.get(name)?.length ?? null;
        return length === null ? [] : [[name, length] as const];
      }),
    ),
    uniqueColumns,
    hasUniqueTexts: uniqueColumns.length > 0,
  };
}

async function readUnique(postgres: PostgresDatabase, { columns }: TableFacts): Promise<readonly UniqueColumn[]> {
  const rows = await postgres.query(UNIQUE, COPIED);
  const folded = new Map(rows.map((row) => [row['name'], row['isFolded'] === true]));
  return COPIED.filter((name) => folded.has(name)).map((name) => ({
    name,
    isFolded: folded.get(name) === true || columns.get(name)?.baseType === 'citext',
  }));
}

function isKeyOfMongo({ columns }: TableFacts): boolean {
  const id = columns.get('id');
  return id !== undefined && TEXTS.has(id.baseType) && (id.length ?? ID_LENGTH) >= ID_LENGTH;
}

/** The columns that the copy knows. */
const KNOWN = new Set(['id', ...Object.keys(userCopies.fields).map((name) => storedName(userCopies, name))]);

/** Columns that the copy does not know, and that a new row must have. */
function unfilled({ columns }: TableFacts) {
  return [...columns].filter(([name, { nullable, filled }]) => !KNOWN.has(name) && !nullable && !filled);
}

/** What keeps a table of people's own from taking copies; it is adopted with its rows otherwise. */
export function examineCopyTable(facts: TableFacts | undefined): readonly Finding[] {
  if (facts === undefined) return [];
  const toCome = new Set([...KNOWN].map((name) => `${userCopies.from}.${name}`));
  const others = unfilled(facts).filter(([name, { baseType }]) => !TIMES.has(baseType) && !RELAXED.test(name));
  return [
    ...examineColumns(new Map([[userCopies.from, facts]]), [userCopies], toCome).filter(
      ({ severity }) => severity === 'refused',
    ),
    ...ofId(facts),
    ...others.map(([name]) =>
      refused(
        `users.${name}`,
        `a new row of users must have "${name}", which MongoDB's users are copied without`,
        `give it a default: ALTER TABLE "users" ALTER ${quoted(name)} SET DEFAULT ...; ` +
          `or let it be empty: ALTER TABLE "users" ALTER ${quoted(name)} DROP NOT NULL`,
      ),
    ),
  ];
}

function ofId(facts: TableFacts): readonly Finding[] {
  const id = facts.columns.get('id');
  if (id === undefined) return [refused('users.id', 'users has no column "id"', 'give it one, as its primary key')];
  if (isKeyOfMongo(facts) || id.filled || id.baseType === 'uuid') return [];
  return [
    refused(
      'users.id',
      `users.id is ${id.type}, and nothing gives one to a new row, of a user who is in MongoDB alone`,
      TEXTS.has(id.baseType)
        ? `let it take ${ID_LENGTH} characters: ALTER TABLE "users" ALTER "id" TYPE text`
        : 'give it a default: ALTER TABLE "users" ALTER "id" ADD GENERATED BY DEFAULT AS IDENTITY',
    ),
  ];
}

function refused(about: string, problem: string, remedy: string): Finding {
  return { severity: 'refused', about, problem, remedy };
}
