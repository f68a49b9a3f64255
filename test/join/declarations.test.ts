import { expect, test } from 'vitest';
import { alignToKeys } from '../../src/join/align.js';
import { decodeCursor, encodeCursor } from '../../src/join/cursor.js';
import { normalizeKey, presentedId } from '../../src/join/key.js';
import { dateTime, defineSource, endingWithKey, objectId, text, uuid } from '../../src/join/source.js';
import { children, parents } from './family.js';

test.each([
  ['objectId', 'ABCDEF012345678901234567', 'abcdef012345678901234567'],
  ['objectId', 'abc', null],
  ['objectId', 12, null],
  ['objectId', null, null],
  ['objectId', { $ne: null }, null],
  ['uuid', 'F3A1C0DE-0000-4000-8000-000000000000', 'f3a1c0de-0000-4000-8000-000000000000'],
  ['uuid', 'f3a1c0de', null],
  ['text', '', ''],
  ['text', 'Ab', 'Ab'],
  ['text', 'a\0b', null],
  ['text', 'a\ud800', null],
  ['int', 0, '0'],
  ['int', '-12', '-12'],
  ['int', '1e3', null],
  ['int', 1.5, null],
] as const)('as %s, %j is compared as %j', (kind, value, key) => {
  expect(normalizeKey(kind, value)).toBe(key);
});

test('an id goes out in lower case, a malformed one as it was written', () => {
  expect(presentedId('objectId', 'A'.repeat(24))).toBe('a'.repeat(24));
  expect(presentedId('objectId', 'Nobody')).toBe('Nobody');
});

test('rows are matched by key; of two with one key the first wins, and keys such as "" and "0" count', () => {
  const rows = [{ key: '0' }, { key: '', nth: 1 }, { key: '', nth: 2 }, { key: null }];
  const rowOf = alignToKeys(rows, ({ key }) => key);
  expect(['', 'x', '0'].map(rowOf)).toEqual([{ key: '', nth: 1 }, null, { key: '0' }]);
});

test('a cursor gives back its position, to its own list in its own order only', () => {
  const byName = endingWithKey([{ field: 'name', direction: 'asc' }]);
  const cursor = encodeCursor(parents, byName, ['ü"\n', 'id']);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(decodeCursor(parents, byName, cursor)).toEqual(['ü"\n', 'id']);
  expect(decodeCursor(children, byName, cursor)).toBeNull();
  expect(decodeCursor(parents, endingWithKey([{ field: 'name', direction: 'desc' }]), cursor)).toBeNull();
  expect(decodeCursor(parents, parents.orderBy, cursor)).toBeNull();
});

test.each(['', 'x', 'W10', Buffer.from('{"a":1}').toString('base64url'), Buffer.from('[1]').toString('base64url')])(
  'the string %j is no cursor',
  (cursor) => {
    expect(decodeCursor(parents, parents.orderBy, cursor)).toBeNull();
  },
);

test('every sort ends with the id, in the direction of the term before it, and goes no further', () => {
  expect(endingWithKey([])).toEqual([{ field: 'id', direction: 'desc' }]);
  const byAge = { field: 'age', direction: 'asc' } as const;
  expect(endingWithKey([byAge])).toEqual([byAge, { field: 'id', direction: 'asc' }]);
  expect(endingWithKey([{ field: 'id', direction: 'desc' }, byAge])).toEqual([{ field: 'id', direction: 'desc' }]);
});

test('the id of a MongoDB source lies in _id, unless its field says otherwise', () => {
  const declared = (id = objectId('The id.')) =>
    defineSource({ name: 'a', type: 'A', description: 'An A.', database: 'mongo', fields: { id } });
  expect(declared().fields['id']?.stored).toBe('_id');
  expect(declared(objectId('The id.', { stored: 'key' })).fields['id']?.stored).toBe('key');
});

test('an order by a field that is not there is refused at once', () => {
  const fields = { id: uuid('The id.'), name: text('The name.'), madeAt: dateTime('When.') };
  const orderBy = { nope: 'desc' } as object;
  expect(() =>
    defineSource({ name: 'a', type: 'A', description: 'An A.', database: 'postgres', fields, orderBy }),
  ).toThrow(/source a has no field "nope"/);
});
