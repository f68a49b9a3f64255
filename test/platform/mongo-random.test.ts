import Big from 'big.js';
import fc from 'fast-check';
import mongoose from 'mongoose';
import { beforeAll, expect, test } from 'vitest';
import {
  boolean,
  dateTime,
  decimal,
  defineSource,
  endingWithKey,
  float,
  int,
  nullable,
  objectId,
  text,
  uuid,
  type SortTerm,
} from '../../src/join/source.js';
import { all as join, condition, not, type Filter } from '../../src/join/filter.js';
import type { Page, PageRequest, Position } from '../../src/join/page.js';
import { MongoSourceReader } from '../../src/platform/mongo/source-reader.js';
import { useDatabases } from '../support/databases.js';
import { rounds } from '../support/long.js';
import { matches } from './filter-oracle.js';

const { Binary, Decimal128, Double, Int32, Long, MaxKey, ObjectId, Timestamp, UUID } = mongoose.mongo.BSON;

const things = defineSource({
  name: 'things',
  type: 'Thing',
  description: 'A thing with a field of each kind.',
  database: 'mongo',
  fields: {
    id: objectId('Its id.'),
    parentId: nullable(objectId('Its parent.')),
    uuid: nullable(uuid('An id.')),
    text: nullable(text('A text.')),
    int: nullable(int('An int.')),
    float: nullable(float('A float.')),
    decimal: nullable(decimal('Money.', { stored: 'money' })),
    boolean: nullable(boolean('A truth value.')),
    dateTime: nullable(dateTime('A time.')),
  },
  orderBy: { dateTime: 'desc' },
});
const NAMES = ['id', 'parentId', 'uuid', 'text', 'int', 'float', 'decimal', 'boolean', 'dateTime'] as const;
type Name = (typeof NAMES)[number];
const FIELDS: ReadonlySet<string> = new Set(NAMES);

/** Of each property; more were run when this was written. */
const RUNS = rounds(3, 8);

const databases = useDatabases();
const reader = () => new MongoSourceReader(databases.platform.mongo);

const PARENTS = ['a', 'b', '0c'].map((digits) => digits.repeat(24).slice(0, 24));
const UUIDS = ['0f47ac10-58cc-4372-a567-0e02b2c3d479', '12345678-1234-1234-1234-123456789012'];
const TEXTS = [
  '',
  'a',
  'A',
  'ab',
  'Ab',
  'b.c',
  '$a',
  '$$value',
  '^a',
  'a\nb',
  'a\n',
  'é',
  'É',
  '\u{1F600}',
  '￿',
  '5',
  '0.1',
  '-3',
  '007',
  '1e3',
  '0.30000000000000004',
  ' a',
  'a\0b',
];
const NUMBERS = [
  '5',
  ' 5 ',
  '5.0',
  '+5',
  '0.1',
  '0.10',
  '.1',
  '1e1',
  '-3',
  'NaN',
  'Infinity',
  '1e400',
  '1e-400',
  '1e-45',
  '0x10',
  '',
  '1e41',
  '12345678901234567890123456789012345678901',
  '9007199254740993',
  '2147483648',
  '5 000',
  '1'.repeat(101),
  '0e-50',
];
const TIMES = [
  '2024-02-29T10:00:00.123Z',
  '2024-02-29T10:00:00.1239999Z',
  '2024-02-30T00:00:00Z',
  '2024-02-29T12:00:00.123+02:00',
  '2024-02-29T10:00Z',
  '2024-02-29',
  '2024-02-29T24:00:00Z',
  '9999-12-31T23:59:59-05:00',
  '0000-01-01T00:00:00Z',
  '2024-02-29T10:00:00.123z',
];
const MILLISECONDS = Date.parse('2024-02-29T10:00:00.123Z');
const DOUBLES = [
  0,
  -0,
  0.1,
  0.1 + 0.2,
  0.3,
  5,
  -3,
  1e21,
  1e-7,
  5e-324,
  NaN,
  Infinity,
  -Infinity,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  99133643126018.25,
  1e41,
  123456789012345680,
  MILLISECONDS + 0.5,
  8.7e15,
  253402300799999.5,
];
const DECIMALS = [
  '0.1',
  '0.10',
  '1E+1',
  '5',
  '-3',
  'NaN',
  'Infinity',
  '1E+400',
  '1E-400',
  '1E-50',
  '0E-400',
  '9007199254740993',
  '1234567890123456789012345678901234',
  '1.7976931348623159E+308',
];

/** Whatever a document may hold, of types that are odd for any field. */
const ODD: readonly unknown[] = [
  undefined, null, true, false, {}, { a: 1 }, { $gt: 1 }, new Binary(Buffer.from('x')), new MaxKey(),
  new Timestamp({ t: 1, i: 1 }), /a/i, new ObjectId(PARENTS[0]),
  ...TEXTS, ...NUMBERS, ...TIMES, ...UUIDS, UUIDS[0]?.toUpperCase(), PARENTS[0], PARENTS[0]?.toUpperCase(), 'Aa'.repeat(12),
  ...DOUBLES.map((value) => new Double(value)), new Int32(5), new Int32(0), ...['5', '9007199254740993', '-3', '9223372036854775807', '-9223372036854775808'].map((value) => Long.fromString(value)),
  ...DECIMALS.map((value) => Decimal128.fromString(value)),
  new Date(MILLISECONDS), new Date(0), new Date('0000-01-01T00:00:00Z'), new Date(-1), new Date(253402300800000),
]; // prettier-ignore
const ARRAYS: readonly unknown[] = [
  [],
  [1, 2],
  ['a', 'b'],
  [null, 5],
  [[1]],
  [new Date(0), 'a'],
  [new Decimal128('5')],
  [true],
];

const SOUND: Readonly<Record<Name, readonly unknown[]>> = {
  id: [],
  parentId: PARENTS.map((id) => new ObjectId(id)),
  uuid: UUIDS,
  text: TEXTS,
  int: [new Int32(5), new Int32(-3), new Double(5), new Int32(0), Long.fromNumber(5)],
  float: DOUBLES.map((value) => new Double(value)),
  decimal: [...DECIMALS.map((value) => Decimal128.fromString(value)), '0.10', new Double(0.1), new Int32(5)],
  boolean: [true, false],
  dateTime: [new Date(MILLISECONDS), new Date(0), new Date(5), new Date(MILLISECONDS + 1)],
};

/** References as people store them as well; what is in mixed case, or in an array, refers to nobody. */
const REFERENCES: Partial<Record<Name, readonly unknown[]>> = {
  parentId: [...PARENTS, ...PARENTS.map((id) => id.toUpperCase()), 'aA'.repeat(12), new UUID(UUIDS[0])],
  uuid: [...UUIDS.map((id) => id.toUpperCase()), ...UUIDS.map((id) => new UUID(id)), '0F47ac10-58cc-4372-a567-0e02b2c3d479', new Binary(Buffer.alloc(16), 3)],
  text: ['5', new Int32(5), new Double(5), Decimal128.fromString('5'), Long.fromNumber(-3), '-3', new Double(0.1), Decimal128.fromString('0.1')],
}; // prettier-ignore
const KEYS = { parentId: PARENTS, uuid: UUIDS, text: ['5', '-3', '0.1', '', 'Ab'] };
type Reference = keyof typeof KEYS;
const ARRAYS_OF_REFERENCES: Readonly<Record<Reference, readonly unknown[]>> = {
  parentId: PARENTS.flatMap((id) => [[new ObjectId(id)], [id, id], [new ObjectId(id), id]]),
  uuid: UUIDS.flatMap((id) => [[id], [id, id], [new UUID(id), id.toUpperCase()]]),
  text: [['5'], [new Int32(5), '5'], ['Ab', '']],
};

const value = (name: Name, odd: readonly unknown[]) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...SOUND[name], ...(REFERENCES[name] ?? [])), weight: 2 },
    { arbitrary: fc.constantFrom(...odd), weight: 1 },
  );
/** No index takes a document with an array in two of its fields. */
const NO_ARRAYS: readonly Name[] = ['parentId', 'float', 'uuid'];
const arraysSomewhere = (name: Name) => (NO_ARRAYS.includes(name) ? [] : ARRAYS);
const noArrays = () => [];
const documents = (arraysIn: (name: Name) => readonly unknown[]) => {
  const values = NAMES.slice(1).map((name) => value(name, [...ODD, ...arraysIn(name)]));
  return fc.array(fc.tuple(...values), { minLength: 60, maxLength: 60 });
};

const scalar: Readonly<Record<Name, fc.Arbitrary<string | number | boolean>>> = {
  id: fc.constantFrom(...PARENTS),
  parentId: fc.constantFrom(...PARENTS),
  uuid: fc.constantFrom(...UUIDS),
  text: fc.constantFrom(...TEXTS.filter((one) => !one.includes('\0'))),
  int: fc.constantFrom(5, 0, -3, 6),
  float: fc.constantFrom(...DOUBLES.filter((one) => Number.isFinite(one)), 9007199254740992, 1e-45),
  decimal: fc.constantFrom(
    '0.1',
    '0.10',
    '0.3',
    '5',
    '0',
    '-3',
    '10',
    '9007199254740993',
    '-9223372036854775808',
    '99133643126018.2',
    `1234567890123456789012345678901234.5`,
    `-${'9'.repeat(30)}.${'9'.repeat(30)}`,
  ),
  boolean: fc.boolean(),
  dateTime: fc.constantFrom(
    new Date(MILLISECONDS).toISOString(),
    new Date(0).toISOString(),
    new Date(-1).toISOString(),
    '0001-01-01T00:00:00.000Z',
  ),
};
const ORDERS = ['lt', 'lte', 'gt', 'gte'];
const OPERATORS: Readonly<Record<Name, readonly string[]>> = {
  id: [], parentId: [], uuid: [], text: [...ORDERS, 'contains', 'startsWith', 'endsWith'], int: ORDERS, float: ORDERS,
  decimal: ORDERS, boolean: [], dateTime: ORDERS,
}; // prettier-ignore

const conditions: fc.Arbitrary<Filter> = fc.constantFrom(...NAMES).chain((field) => {
  const one = fc.record({ operator: fc.constantFrom('equals', ...OPERATORS[field]), value: scalar[field] });
  const some = fc.record({
    operator: fc.constant('in'),
    value: fc.array(scalar[field], { minLength: 1, maxLength: 4 }),
  });
  const none = fc.record({ operator: fc.constant('isNull') });
  return fc
    .record({
      kind: fc.constant('condition' as const),
      field: fc.constant(field),
      comparison: fc.oneof({ arbitrary: one, weight: 4 }, some, none),
      negated: fc.boolean(),
      insensitive: fc.boolean(),
    })
    .map((it) => ({ ...it, insensitive: it.insensitive && !ORDERS.includes(it.comparison.operator) }) as Filter);
});
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: conditions, weight: 3 },
    fc.record({ kind: fc.constantFrom('all' as const, 'any' as const), of: fc.array(tie('filter'), { maxLength: 4 }) }),
  ),
}));
const sorts = fc
  .array(fc.record({ field: fc.constantFrom(...NAMES), direction: fc.constantFrom('asc' as const, 'desc' as const) }), {
    maxLength: 3,
  })
  .map((terms) => endingWithKey(terms));

type Row = Readonly<Record<Name, unknown>>;

async function store(all: readonly (readonly unknown[])[]): Promise<readonly Row[]> {
  await databases.platform.mongo.run(async (db) => {
    await db.collection('things').deleteMany({});
    await db.collection('things').insertMany(
      all.map((values, at) => {
        const entries = values.map((one, index) => [storedAs(NAMES[index + 1]), one] as const);
        return { _id: someId(at), ...Object.fromEntries(entries.filter(([, one]) => one !== undefined)) };
      }),
    );
  });
  return everything();
}

/** An id in one of the forms in which people store it, of which one in each is known. */
function someId(at: number) {
  const id = new ObjectId(PARENTS[at]);
  const text = id.toHexString();
  return [id, text, text.toUpperCase()][at % 3] as mongoose.mongo.ObjectId;
}

const storedAs = (name: string | undefined) => (name === 'decimal' ? 'money' : String(name));

async function everything(): Promise<readonly Row[]> {
  const all = await databases.platform.mongo.run((db) => db.collection('things').distinct('_id'));
  return reader().findByKeys<Row>(
    things,
    'id',
    all.map((id) => String(id).toLowerCase()),
    FIELDS,
    null,
  );
}

const ids = (rows: readonly object[]) => rows.map((row) => (row as Row).id as string);

type Stretch = Pick<PageRequest, 'after' | 'before' | 'limit' | 'backward'>;
type Read = (stretch: Stretch) => Promise<Page<object>>;

/** All rows of a list in its order, read page by page from one of its ends. */
async function walk(read: Read, backward: boolean, limits: readonly number[]): Promise<string[]> {
  const pages: string[][] = [];
  let cursor: Position | null = null;
  for (;;) {
    const limit = limits[pages.length % limits.length] ?? 1;
    const ends = backward ? { after: null, before: cursor } : { after: cursor, before: null };
    const page: Page<object> = await read({ ...ends, limit, backward });
    pages.push(ids(page.rows.map(({ row }) => row)));
    const goesOn = backward ? page.hasPreviousPage : page.hasNextPage;
    if (!goesOn) return (backward ? pages.toReversed() : pages).flat();
    const last = backward ? page.rows[0] : page.rows.at(-1);
    if (last === undefined || pages.length > 100) throw new Error('the walk has no end');
    cursor = JSON.parse(JSON.stringify(last.position)) as Position;
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 });

beforeAll(async () => {
  await databases.platform.mongo.run((db) =>
    db
      .collection('things')
      .createIndexes([
        { key: { parentId: 1, dateTime: -1, _id: -1 } },
        { key: { uuid: 1, dateTime: -1, _id: -1 } },
        { key: { text: 1 } },
        { key: { money: 1 } },
        { key: { dateTime: -1, _id: -1 } },
        { key: { float: 1, int: -1 } },
      ]),
  );
});

const pages = (where: Filter | null, orderBy: readonly SortTerm[]): Read => {
  return (stretch) => reader().findPage(things, { where, orderBy, fields: FIELDS, ...stretch });
};
const WHOLE: Stretch = { after: null, before: null, limit: 1_000, backward: false };

test('a filter finds the rows of which what is read meets it, whatever is stored', async () => {
  const some = fc.array(filter, { minLength: 25, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(documents(arraysSomewhere), some, async (all, filters) => {
      const rows = await store(all);
      expect(rows).toHaveLength(all.length);
      for (const where of filters) {
        const expected = rows.filter((row) => matches(things, row, where) === true);
        const found = ids((await pages(where, things.orderBy)(WHOLE)).rows.map(({ row }) => row));
        expect(found.toSorted(), JSON.stringify(where)).toEqual(ids(expected).toSorted());
        expect(await reader().count(things, where)).toBe(expected.length);
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

test('a list has one order, in which pages of any size lose and double nothing, from either end', async () => {
  const lists = fc.array(fc.tuple(sorts, fc.option(filter), sizes, sizes), { minLength: 6, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(documents(noArrays), lists, fc.nat(), async (all, some, place) => {
      await store(all);
      for (const [orderBy, where, forward, backward] of some) {
        const read = pages(where, orderBy);
        const whole = (await read(WHOLE)).rows;
        const expected = ids(whole.map(({ row }) => row));
        const about = JSON.stringify({ orderBy, where });
        expect(new Set(expected).size, about).toBe(await reader().count(things, where));
        expect(await walk(read, false, forward), about).toEqual(expected);
        expect(await walk(read, true, backward), about).toEqual(expected);
        const [from = 0, to = 0] = [place % (whole.length + 1), (place >> 8) % (whole.length + 1)].sort(
          (a, b) => a - b,
        );
        const ends = { after: whole[from]?.position ?? null, before: whole[to]?.position ?? null };
        const between = await read({ ...WHOLE, ...ends, backward: place % 2 === 0 });
        expect(ids(between.rows.map(({ row }) => row)), about).toEqual(
          expected.slice(ends.after === null ? 0 : from + 1, ends.before === null ? undefined : to),
        );
        if (orderBy[0]?.field !== 'decimal') continue;
        const amounts = whole.map(({ row }) => (row as Row).decimal as string | null);
        const inOrder = amounts.toSorted((a, b) => compareAmounts(a, b) * (orderBy[0]?.direction === 'asc' ? 1 : -1));
        expect(amounts.map(plain), about).toEqual(inOrder.map(plain));
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

const plain = (amount: string | null) => (amount === null ? null : new Big(amount).toFixed());
const compareAmounts = (a: string | null, b: string | null) => {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  return new Big(a).cmp(b);
};

test('a forward walk loses and doubles nothing where arrays are sorted by', async () => {
  const lists = fc.array(fc.tuple(fc.constantFrom('asc' as const, 'desc' as const), sizes), {
    minLength: 4,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(documents(arraysSomewhere), fc.constantFrom(...NAMES), lists, async (all, field, some) => {
      const rows = await store(all);
      for (const [direction, limits] of some) {
        const found = await walk(pages(null, endingWithKey([{ field, direction }])), false, limits);
        expect(found.toSorted()).toEqual(ids(rows).toSorted());
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

/** What every row meets, and is so long that rows are dealt to their parents. */
const NOBODIES = Array.from({ length: 25_001 }, (_, at) => at.toString(16).padStart(24, 'f'));
const LONG = not(condition('id', { operator: 'in', value: NOBODIES }));

test("each parent's list is the part of the whole list of which what is read refers to it, in the same order", async () => {
  const lists = fc.array(fc.tuple(sorts, fc.option(filter), sizes), { minLength: 4, maxLength: 4 });
  const references = fc.constantFrom(...(Object.keys(KEYS) as Reference[])).chain((name) =>
    fc.tuple(
      fc.constant(name),
      documents((other) => (other === name ? ARRAYS_OF_REFERENCES[name] : [])),
    ),
  );
  await fc.assert(
    fc.asyncProperty(references, lists, fc.boolean(), async ([field, all], some, backward) => {
      const rows = await store(all);
      const keys = KEYS[field];
      const found = await reader().findByKeys<Row>(things, field, keys, FIELDS, null);
      expect(ids(found).toSorted()).toEqual(ids(rows.filter((row) => keys.includes(String(row[field])))).toSorted());
      for (const [at, [orderBy, where, limits]] of some.entries()) {
        const request = { where, orderBy, fields: FIELDS };
        const whole = await pages(where, orderBy)(WHOLE);
        const bulk = await reader().findPages(things, field, keys, { ...request, ...WHOLE });
        const counts = await reader().countByKeys(things, field, keys, where);
        for (const key of keys) {
          const expected = ids(whole.rows.map(({ row }) => row).filter((row) => (row as Row)[field] === key));
          const read: Read = async (stretch) => {
            const page = (await reader().findPages(things, field, [key], { ...request, ...stretch })).get(key);
            return page ?? { rows: [], hasNextPage: false, hasPreviousPage: false };
          };
          const about = JSON.stringify({ field, key, ...request });
          expect(ids(bulk.get(key)?.rows.map(({ row }) => row) ?? []), about).toEqual(expected);
          expect(await walk(read, backward, limits), about).toEqual(expected);
          expect(counts.get(key) ?? 0, about).toBe(expected.length);
        }
        if (at > 0) continue;
        const after = whole.rows[Math.floor(whole.rows.length / 3)]?.position ?? null;
        for (const stretch of [WHOLE, { after, before: null, limit: limits[0] ?? 1, backward }]) {
          const long = { ...request, ...stretch, where: where === null ? LONG : join([where, LONG]) };
          expect(await reader().findPages(things, field, keys, long), JSON.stringify(request)).toEqual(
            await reader().findPages(things, field, keys, { ...request, ...stretch }),
          );
        }
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
