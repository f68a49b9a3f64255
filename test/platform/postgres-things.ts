import fc from 'fast-check';
import {
  boolean,
  dateTime,
  decimal,
  defineSource,
  fieldOf,
  float,
  int,
  nullable,
  objectId,
  text,
  uuid,
  type FieldKind,
  type SortTerm,
} from '../../src/join/source.js';
import type { Condition, Filter, Scalar } from '../../src/join/filter.js';

/** A field of every kind with and without nulls; `at` and `seen` are each stored under the other's name. */
export const things = defineSource({
  name: 'things',
  type: 'Thing',
  description: 'Made up.',
  database: 'postgres',
  fields: {
    id: uuid(''),
    owner: objectId(''),
    friend: nullable(objectId('')),
    label: text('', { stored: 'a "label"' }),
    note: nullable(text('')),
    rank: int(''),
    big: nullable(int('')),
    ratio: nullable(float('')),
    small: float(''),
    price: decimal(''),
    discount: nullable(decimal('')),
    flag: nullable(boolean('')),
    sure: boolean(''),
    at: dateTime('', { stored: 'seen' }),
    seen: nullable(dateTime('', { stored: 'at' })),
    local: nullable(dateTime('')),
    other: nullable(uuid('')),
  },
  orderBy: { at: 'desc' },
});

/** Texts as a dictionary would sort them, so that a list that is not by code point is told apart. */
export const CREATE_THINGS = `CREATE TABLE things (
  id uuid PRIMARY KEY, owner varchar(40) NOT NULL, friend text COLLATE "en-x-icu",
  "a ""label""" text NOT NULL COLLATE "en-x-icu", note varchar(60) COLLATE "en-x-icu",
  rank int NOT NULL, big bigint, ratio double precision, small real NOT NULL, price numeric NOT NULL,
  discount numeric(10,2), flag boolean, sure boolean NOT NULL, seen timestamptz NOT NULL, at timestamptz,
  local timestamp, other uuid)`;

/** A row by its fields: texts as PostgreSQL takes them, null where there is none. */
export type Thing = Readonly<Record<string, string | null>> & { readonly id: string };

const ID = 'abcdef0123456789abcdef01';
const OBJECT_IDS = [
  ID,
  ID.toUpperCase(),
  'ABCDEF0123456789abcdef01',
  ID.replaceAll('0', '1'),
  '',
  'Nobody',
  'a%b',
  'A_B',
];
const UUIDS = ['00000000-0000-4000-8000-000000000001', 'ffffffff-0000-4000-8000-00000000000a'];
const TEXTS = [
  '',
  ' ',
  'a',
  'A',
  'ab',
  'aB',
  'a%b',
  'a_b',
  'a\\b',
  '\\',
  '%',
  "it's",
  '"q"',
  'é',
  'É',
  'Яя',
  '😀',
  '\uffee',
  '~',
  'z',
  'NULL',
  '{}',
];
const INTS = ['-2147483648', '-1', '0', '1', '2147483647'];
const BIGS = ['-9223372036854775808', '0', '7', '9007199254740993', '9007199254740992', '9223372036854775807'];
const FLOATS = ['0', '-0', '0.1', '-1.5', '1e+300', '5e-324', 'NaN', 'Infinity', '-Infinity'];
/** What a `real` holds, to all its digits. */
const SMALLS = [0.1, 0.2, 1, 3e38, -1].map((number) => String(Math.fround(number)));
const PRICES = [
  '0',
  '0.00',
  '1.5',
  '1.50',
  '-3',
  '12.34',
  `${'9'.repeat(40)}.${'1'.repeat(40)}`,
  'NaN',
  'Infinity',
  '-Infinity',
];
const MOMENT = Date.UTC(2024, 1, 29, 12) * 1000;
const MICROSECONDS = [0, 1, 500, 999, 1000, 1999, -1, -1_000_000].map((more) => MOMENT + more);
const FAR = [
  Date.UTC(-43, 2, 15) * 1000,
  Date.UTC(1969, 11, 31, 23, 59, 59, 999) * 1000 + 1,
  Date.UTC(12026, 0) * 1000 + 5,
];
const TIMES = [...[...MICROSECONDS, ...FAR].map(postgresTime), 'infinity', '-infinity'];

const STORED: Readonly<Record<string, readonly string[]>> = {
  owner: OBJECT_IDS,
  friend: OBJECT_IDS,
  label: TEXTS,
  note: TEXTS,
  rank: INTS,
  big: BIGS,
  ratio: FLOATS,
  small: SMALLS,
  price: PRICES,
  discount: ['0', '1.50', '-3', '99999999.99'],
  flag: ['false', 'true'],
  sure: ['false', 'true'],
  at: TIMES,
  seen: TIMES,
  local: TIMES,
  other: UUIDS,
};

function postgresTime(microseconds: number): string {
  const date = new Date(Math.floor(microseconds / 1000));
  const year = date.getUTCFullYear();
  const rest = date.toISOString().slice(-20, -1).replace('T', ' ');
  const fraction = String(((microseconds % 1000) + 1000) % 1000).padStart(3, '0');
  const shown = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return `${shown}${rest}${fraction}+00${year > 0 ? '' : ' BC'}`;
}

/** The microseconds of a time as {@link postgresTime} writes it. */
export function microsecondsOf(time: string): number {
  if (time === 'infinity') return Infinity;
  if (time === '-infinity') return -Infinity;
  const [, year = '', monthToMillisecond = '', micro = '', era] = /^(\d+)(.{19})(\d{3})\+00( BC)?$/.exec(time) ?? [];
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0, milli = 0] = (
    monthToMillisecond.match(/\d+/g) ?? []
  ).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), month - 1, day);
  date.setUTCHours(hour, minute, second, milli);
  return date.getTime() * 1000 + Number(micro);
}

const thing = (number: number): fc.Arbitrary<Thing> =>
  fc
    .record(
      Object.fromEntries(
        Object.entries(STORED).map(([name, pool]) => {
          const value = fc.constantFrom(...pool);
          return [name, fieldOf(things, name).nullable ? fc.option(value, { freq: 2 }) : value];
        }),
      ),
    )
    // An id whose order is not that of the rows' making.
    .map((fields) => ({
      ...fields,
      id: `${String((number * 37) % 100).padStart(8, '0')}-0000-4000-8000-000000000000`,
    }));

export const someThings: fc.Arbitrary<Thing[]> = fc
  .integer({ min: 0, max: 24 })
  .chain((length) => fc.tuple(...Array.from({ length }, (_, number) => thing(number))));

/** The rows as one JSON text, for `json_populate_recordset(NULL::things, $1)`. */
export function asRecords(rows: readonly Thing[]): string {
  return JSON.stringify(
    rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [fieldOf(things, name).stored ?? name, value])),
    ),
  );
}

const direction = fc.constantFrom('asc' as const, 'desc' as const);

export const someOrder: fc.Arbitrary<SortTerm[]> = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...Object.keys(STORED)), { maxLength: 3 }),
    fc.array(direction, { minLength: 4, maxLength: 4 }),
  )
  .map(([names, directions]) => [...names, 'id'].map((field, at) => ({ field, direction: directions[at] ?? 'asc' })));

const NOBODYS = ['\0', 'a\0', '\ud800'];
const ISO_TIMES = [...MICROSECONDS, ...FAR].map((time) => new Date(Math.floor(time / 1000)).toISOString());

/** Values that a filter of each kind may have; some that no row can have. */
const ASKED: Readonly<Record<FieldKind, readonly Scalar[]>> = {
  uuid: [...UUIDS, UUIDS[1]?.toUpperCase() ?? '', 'none', ''],
  objectId: [...OBJECT_IDS, ID.toLowerCase(), ...NOBODYS],
  text: [...TEXTS, ...NOBODYS],
  int: INTS.map(Number),
  float: [0, 0.1, Math.fround(0.1), -1.5, 1e300, 5e-324],
  decimal: ['0', '1.5', '1.500', '-3', '12.34', '9'.repeat(30)],
  boolean: [false, true],
  dateTime: ISO_TIMES,
};

const PARTS = ['', '%', '_', '\\', 'a', 'B', 'b', 'É', 'я', '😀', '\0', 'a%', '\\b'];

const someCondition: fc.Arbitrary<Filter> = fc.constantFrom('id', ...Object.keys(STORED)).chain((field) => {
  const { kind } = fieldOf(things, field);
  const value = fc.constantFrom(...ASKED[kind]);
  const comparisons: fc.Arbitrary<Condition['comparison']>[] = [
    fc.constant({ operator: 'isNull' }),
    fc.record({ operator: fc.constantFrom('equals', 'lt', 'lte', 'gt', 'gte'), value }),
    fc.record({ operator: fc.constant('in'), value: fc.array(value, { minLength: 1, maxLength: 4 }) }),
  ];
  if (kind === 'text' || kind === 'objectId') {
    const operator = fc.constantFrom('contains' as const, 'startsWith' as const, 'endsWith' as const);
    comparisons.push(fc.record({ operator, value: fc.constantFrom(...PARTS) }));
  }
  return fc.record({
    kind: fc.constant('condition'),
    field: fc.constant(field),
    comparison: fc.oneof(...comparisons),
    negated: fc.boolean(),
    insensitive: kind === 'text' ? fc.boolean() : fc.constant(false),
  });
});

export const someFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 3, arbitrary: someCondition },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constantFrom('all', 'any'), of: fc.array(tie('filter'), { maxLength: 3 }) }),
    },
  ),
})).filter;

/** Owners' keys as a join asks for them: each once, in lower case, some of nobody. */
export const OWNER_KEYS = [
  ...new Set(OBJECT_IDS.filter((id) => id.length === 24).map((id) => id.toLowerCase())),
  'f'.repeat(24),
];
