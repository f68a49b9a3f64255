import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Position } from '../../src/join/page.js';
import { endingWithKey } from '../../src/join/source.js';
import { asked, usePostgres } from './postgres-support.js';
import { CREATE_THINGS, things } from './postgres-things.js';
import { rounds } from '../support/long.js';

const postgres = usePostgres();
const RUNS = rounds(500, 3_000);
beforeAll(async () => {
  await postgres.sql(CREATE_THINGS);
});

const REFUSED: Readonly<Record<string, readonly unknown[]>> = {
  at: [
    '2024-02-30 00:00:00+00',
    '0000-01-01 00:00:00+00',
    '2023-02-29 00:00:00+00',
    '0004-02-29 00:00:00+00 BC',
    '4714-11-23 00:00:00+00 BC',
    '9999-01-01 00:00:00+00 BC',
    '294277-01-01 00:00:00+00',
    '2024-01-01',
    'now',
    'epoch',
    '2024-01-01 24:00:00+00',
    '2024-01-01 00:00:60+00',
    '',
    1,
    '2024-01-01 00:00:00+00\0',
  ],
  rank: ['9223372036854775808', '-9223372036854775809', '1.5', '', ' 1', '1e3', '9'.repeat(30), 7],
  ratio: ['1e400', '1e-400', '-1e309', 'nan', '', '1e', '0x10', '1_000', 0.5, '1'.repeat(2_000)],
  price: ['9'.repeat(131_073), `1.${'1'.repeat(16_384)}`, '1e5', '', '.', '1.', 'x'],
  flag: ['t', 'TRUE', '1', '', true],
  id: ['x', '', '00000000-0000-4000-8000-00000000000', '{00000000-0000-4000-8000-000000000000}'],
  label: ['\0', 'a\0b', '\ud800', 3],
  friend: ['\0', '\udfff'],
};
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  at: [
    '2024-02-29 23:59:59.999999+00',
    'infinity',
    '-infinity',
    '0005-02-28 00:00:00+00 BC',
    '0005-02-29 00:00:00+00 BC',
    '0001-02-29 00:00:00+00 BC',
    '4714-11-24 00:00:00+00 BC',
    '294276-12-31 23:59:59.999999+00',
    '12026-01-01 00:00:00+00',
  ],
  rank: ['0', '-5', '9223372036854775807', '-9223372036854775808'],
  ratio: [
    '0',
    '-0',
    '1e+300',
    '5e-324',
    '2.2250738585072014e-308',
    '1.7976931348623157e+308',
    'NaN',
    '-Infinity',
    '0.1',
  ],
  price: ['1.50', '-0.5', 'NaN', 'Infinity', '9'.repeat(131_072), `0.${'9'.repeat(16_383)}`],
  flag: ['true', 'false'],
  label: ['', 'it’s 😀', '%', '\\'],
  friend: ['whatever'],
};
const sortedBy = (field: string) => endingWithKey([{ field, direction: 'desc' }]);
const position = (field: string, value: unknown) => (field === 'id' ? [value] : [value, randomUUID()]) as Position;
const accepts = (field: string, value: unknown) =>
  postgres.reader.accepts(things, sortedBy(field), position(field, value));
const read = (field: string, value: string | null) =>
  postgres.reader.findPage(things, asked(things, { orderBy: sortedBy(field), after: position(field, value) }));

test('what PostgreSQL could not cast is refused before it is asked', () => {
  for (const [field, values] of Object.entries(REFUSED))
    for (const value of values) expect([field, value, accepts(field, value)]).toEqual([field, value, false]);
  expect(postgres.reader.accepts(things, sortedBy('at'), ['infinity'])).toBe(false);
});

test('what it can is taken, to the ends of its types', async () => {
  for (const [field, values] of Object.entries(TAKEN)) {
    for (const value of [...values, null]) {
      expect([field, value, accepts(field, value)]).toEqual([field, value, true]);
      await expect(read(field, value)).resolves.toMatchObject({ rows: [] });
    }
  }
});

test('whatever is taken fails no statement', async () => {
  const digit = fc.integer({ min: 0, max: 9 }).map(String);
  const digits = (max: number) => fc.string({ unit: digit, minLength: 1, maxLength: max });
  const number = fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      digits(20),
      fc.option(digits(20)),
      fc.option(fc.integer({ min: -420, max: 420 })),
    )
    .map(
      ([minus, before, after, e]) =>
        `${minus}${before}${after === null ? '' : `.${after}`}${e === null ? '' : `e${e}`}`,
    );
  const two = (max: number) => fc.integer({ min: 0, max }).map((part) => String(part).padStart(2, '0'));
  const time = fc
    .tuple(fc.integer({ min: 0, max: 300_000 }), two(13), two(32), two(25), two(61), fc.constantFrom('', ' BC'))
    .map(
      ([year, month, day, hour, minute, era]) =>
        `${String(year % 3 === 0 ? year : year % 5000).padStart(4, '0')}-${month}-${day} ${hour}:${minute}:00+00${era}`,
    );
  const value = fc.oneof(number, time, fc.string({ unit: 'binary', maxLength: 5 }), fc.string());
  const field = fc.constantFrom('at', 'local', 'rank', 'big', 'ratio', 'small', 'price', 'discount', 'label', 'friend');
  let taken = 0;
  const property = fc.asyncProperty(field, value, async (name, text) => {
    if (!accepts(name, text)) return;
    taken += 1;
    await read(name, text);
  });
  await fc.assert(property, { numRuns: RUNS });
  expect(taken).toBeGreaterThan(RUNS / 10);
});
