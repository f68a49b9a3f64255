import { buildSchema, graphql, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { argumentPath } from '../../src/security/argument-path.js';

const schema = buildSchema(`
  type Query { a(first: Int, in: In, list: [In]): Int b: Query }
  input In { n: Int, deep: In, all: [Int] }
`);

test.each([
  ['{ a(first: "x") }', 'first'],
  ['{ a(first: 2147483648) }', 'first'],
  ['{ b { a(in: { all: [1, 2], n: "x" }) } }', 'in.n'],
  ['{ b { a(first: 1, in: { n: 1, deep: { deep: { n: 1.5 } } }) } }', 'in.deep.deep.n'],
  ['{ a(in: { all: [1, "x"] }) }', 'in.all'],
  ['{ a(list: [{ n: 1 }, { n: "x" }]) }', 'list.n'],
])('the wrong value in %s stands at %s', (query, path) => {
  const [error] = validate(schema, parse(query));
  expect(argumentPath(error)).toBe(path);
});

test.each(['{ nope }', '{ a(nope: 1) }', '{ a { x } }'])(
  'an error that is about no value, as in %s, has none',
  (query) => {
    const [error] = validate(schema, parse(query));
    expect(error).toBeDefined();
    expect(argumentPath(error)).toBeNull();
  },
);

test.each([
  ['query ($i: In) { b { a(in: $i) } }', { i: { deep: { n: 1.5 } } }, 'in.deep.n'],
  ['query ($n: Int) { a(first: 1) b { a(in: { deep: { n: $n } }) } }', { n: 'x' }, 'in.deep.n'],
  ['query ($n: Int!) { a(first: $n) }', {}, 'first'],
  ['query ($in: In, $first: Int) { a(first: $first, in: $in) }', { first: 2 ** 31 }, 'first'],
])('the wrong variable of %s, %j, is given to %s', async (source, variableValues, path) => {
  const { errors = [] } = await graphql({ schema, source, variableValues });
  expect(argumentPath(errors[0])).toBe(path);
});
