import { expect, test } from 'vitest';
import { RELATIONS, SOURCES } from '../../src/domains/catalogue.js';
import { refuseClashes } from '../../src/graph/clashes.js';
import { boolean, defineSource, nullable, text } from '../../src/join/source.js';
import { childParent, children, parents } from '../join/family.js';

const called = (name: string, type: string) => ({ ...parents, name, type });
const inverse = (name: string) => ({ ...childParent, inverse: { name, description: 'The children.' } });

test('the catalogue has no clashes', () => {
  expect(() => {
    refuseClashes(SOURCES, RELATIONS);
  }).not.toThrow();
});

test.each([
  ['a plural that is its singular', [called('news', 'News')], [], /Query\.news would be both one row .* and the list/],
  ['two sources of one name', [parents, called('parents', 'Ancestor')], [], /Query\.parents/],
  ['a field called AND', [{ ...parents, fields: { ...parents.fields, AND: text('And.') } }], [], /Parent\.AND/],
  ['a relation called like a field', [parents, children], [{ ...childParent, name: 'parentId' }], /Child\.parentId/],
  ['an inverse called like a field', [parents, children], [inverse('age')], /Parent\.age would be both a field/],
  [
    'two inverses of one name',
    [parents, children],
    [childParent, { ...childParent, name: 'other' }],
    /Parent\.children/,
  ],
])('%s is refused, and both are named', (_, sources, relations, message) => {
  expect(() => {
    refuseClashes(sources, relations);
  }).toThrow(message);
});

test.each([nullable(text('The id.')), boolean('The id.')])('an id that names no row is refused: %j', (id) => {
  const declare = () => defineSource({ name: 'a', type: 'A', description: 'An A.', database: 'mongo', fields: { id } });
  expect(declare).toThrow(/source a: an id is one of uuid, objectId, text, int/);
});
