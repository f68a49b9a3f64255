import { expect, test } from 'vitest';
import { alignToKeys } from '../../src/join/align.js';
import { decodeCursor, encodeCursor } from '../../src/join/cursor.js';
import { defineSource, normalizeKey, presentedId } from '../../src/join/source.js';

test.each([
  ['objectId', 'ABCDEF012345678901234567', 'abcdef012345678901234567'],
  ['objectId', 'abc', null],
  ['objectId', 12, null],
  ['objectId', null, null],
  ['uuid', 'F3A1C0DE-0000-4000-8000-000000000000', 'f3a1c0de-0000-4000-8000-000000000000'],
  ['uuid', 'f3a1c0de', null],
  ['text', '', ''],
  ['text', 'Ab', 'Ab'],
  ['text', 'a\0b', null],
  ['text', 'a\ud800', null],
  ['int', 0, '0'],
] as const)('as %s, %j is compared as %j', (kind, value, key) => {
  expect(normalizeKey(kind, value)).toBe(key);
});

test('an id goes out in lower case, a malformed one as it was written', () => {
  expect(presentedId('objectId', 'A'.repeat(24))).toBe('a'.repeat(24));
  expect(presentedId('objectId', 'Nobody')).toBe('Nobody');
});

test('rows are matched by key; of two with one key the first wins, and keys such as "" and "0" count', () => {
  const rows = [{ key: '0' }, { key: '', nth: 1 }, { key: '', nth: 2 }, { key: null }];
  expect(alignToKeys(['', 'x', '0'], rows, ({ key }) => key)).toEqual([{ key: '', nth: 1 }, null, { key: '0' }]);
});

test('a cursor gives back its position, to its own source only', () => {
  const list = (name: string) =>
    defineSource({
      name,
      database: 'mongo',
      from: name,
      key: 'id',
      fields: { id: { kind: 'text' } },
      orderBy: [{ field: 'id', direction: 'asc' }],
    });
  const cursor = encodeCursor(list('a'), ['ü"\n']);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(decodeCursor(list('a'), cursor)).toEqual(['ü"\n']);
  expect(decodeCursor(list('b'), cursor)).toBeNull();
});
