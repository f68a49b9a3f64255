import { beforeAll, describe, expect, test } from 'vitest';
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { useDatabases } from '../support/databases.js';
import { useGraph } from '../support/graph.js';
import { parts, withLimits } from '../support/limits.js';
import { Seed, type Seeded } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const strict = useGraph(databases, withLimits({ depth: 3, aliases: 1, directives: 1, rootFields: 2, fragments: 1 }));
const loose = useGraph(databases, withLimits({ depth: 1_000, fragments: 1_000 }));
const seed = new Seed(databases);

let order: Seeded;
beforeAll(async () => {
  order = await seed.order();
});

/** A level of fields for each of them, down to an id. */
const path = (...fields: string[]) => `${fields.map((field) => `${field} { `).join('')}id${' }'.repeat(fields.length)}`;

const ROUND = ['user', 'orders', 'nodes'];
const deep = (rounds: number) => path('order(id: "x")', ...Array.from({ length: rounds }, () => ROUND).flat());
const include = '@include(if: true) ';

const TOO_LARGE: readonly [what: string, limit: string, query: string][] = [
  ['5,001 tokens', 'tokens', `{ ${'__typename '.repeat(4_999)}}`],
  ['500 aliases of a list', 'aliases', `{ ${parts(500, (at) => `a${at}: orders { totalCount }`)} }`],
  ['1,000 aliases of __typename', 'aliases', `{ ${parts(1_000, (at) => `a${at}: __typename`)} }`],
  ['51 aliases of a value', 'aliases', `{ orders { nodes { ${parts(51, (at) => `a${at}: id`)} } } }`],
  [
    '51 aliases, 17 in a fragment that is spread three times',
    'aliases',
    `{ a: orders { nodes { ...F } } orders { nodes { ...F } edges { node { ... { ...F } } } } }
     fragment F on Order { ${parts(17, (at) => `a${at}: id`)} }`,
  ],
  [
    'aliases that fragments double at each of 6 levels',
    'aliases',
    `{ order(id: "x") { ...F0 } }
     ${parts(3, (at) => `fragment F${at} on Order { a: user { ...G${at} } b: user { ...G${at} } }`)}
     ${parts(3, (at) => `fragment G${at} on User { orders { a: nodes { ...F${at + 1} } b: nodes { ...F${at + 1} } } }`)}
     fragment F3 on Order { id }`,
  ],
  [
    '51 aliases in a fragment that nobody spreads',
    'aliases',
    `{ __typename } fragment F on Order { ${parts(51, (at) => `a${at}: id`)} }`,
  ],
  [
    '51 aliases in the schema that is asked for',
    'aliases',
    `{ __schema { types { ${parts(51, (at) => `a${at}: name`)} } } }`,
  ],
  ['21 fields at the root', 'rootFields', `{ ${'orders { totalCount } '.repeat(21)} }`],
  [
    '21 fields at the root, by fragments',
    'rootFields',
    `{ ...F ... on Query { ...F } __typename orders { totalCount } } fragment F on Query { ${'users { totalCount } '.repeat(10)} }`,
  ],
  ['21 mutations', 'rootFields', `mutation { ${'deleteUser(id: "x") { user { id } } '.repeat(21)} }`],
  ['600 directives at one field', 'directives', `{ orders ${include.repeat(600)}{ totalCount } }`],
  ['31 directives that nobody knows, at an operation', 'directives', `query ${'@a '.repeat(31)}{ __typename }`],
  [
    '31 directives at a variable',
    'directives',
    `query ($n: Int ${'@a '.repeat(31)}) { orders(first: $n) { totalCount } }`,
  ],
  [
    '31 directives, by a fragment that is spread twice',
    'directives',
    `{ ...F ${include}... on Query { ...F } } fragment F on Query { orders ${include.repeat(15)}{ totalCount } }`,
  ],
  ['51 fragments', 'fragments', `{ ...F0 } ${parts(51, (at) => `fragment F${at} on Query { ...F${at + 1} }`)}`],
  [
    '51 fragments in a circle',
    'fragments',
    `{ ...F0 } ${parts(51, (at) => `fragment F${at} on Query { ...F${(at + 1) % 51} }`)}`,
  ],
  [
    'a fragment that is spread 1,000 times',
    'fragments',
    `{ ${'...F '.repeat(1_000)}} fragment F on Query { __typename }`,
  ],
  [
    '51 inline fragments, each inside of another',
    'fragments',
    `{ ${'... { '.repeat(51)}__typename${' }'.repeat(51)} }`,
  ],
  ['16 levels', 'depth', `{ ${deep(5).replace('{ id }', '{ user { id } }')} }`],
  [
    '16 levels, by fragments',
    'depth',
    `{ order(id: "x") { ...F0 } }
     ${parts(5, (at) => `fragment F${at} on Order { user { orders { nodes { ... on Order { ...F${at + 1} } } } } }`)}
     fragment F5 on Order { id orderNumber }`,
  ],
  ['16 levels, in an operation that is not the first', 'depth', `query A { __typename } query B { ${deep(6)} }`],
];

describe('an operation that is too large is refused before it is validated, and no database is asked', () => {
  test.each(TOO_LARGE)('%s', async (_, limit, query) => {
    const answer = await execute.text(query);
    expect(answer.data).toBeUndefined();
    expect(answer.errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_LARGE', limit } }]);
    expect(answer.errors[0]?.message).toMatch(
      /^an operation takes \d+ .* at most, got (\d+|more); .*LIMIT_[A-Z_]+ raised$/,
    );
    expect(answer).toHaveCost({});
  });

  test('fragments are counted once each, whatever they unfold to', async () => {
    const answer = await loose.text(
      `{ order(id: "x") { ...F0 } }
       ${parts(80, (at) => `fragment F${at} on Order { a: user { ...G${at} } b: user { ...G${at} } }`)}
       ${parts(80, (at) => `fragment G${at} on User { orders { nodes { ...F${at + 1} ...F${at + 1} } } }`)}
       fragment F80 on Order { id }`,
    );
    expect(answer.errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_LARGE', limit: 'aliases' } }]);
    expect(answer.errors[0]?.message).toContain(`got ${Number.MAX_SAFE_INTEGER}`);
  });

  test.each([
    ['fields', `{ ${path(...Array.from({ length: 1_600 }, () => 'a'))} }`],
    ['values', `{ orders(where: ${'['.repeat(2_400)}${']'.repeat(2_400)}) { totalCount } }`],
  ])('so is one that has more levels of %s than the stack', async (_, query) => {
    expect((await execute.text(query)).errors).toMatchObject([
      { extensions: { code: 'OPERATION_TOO_LARGE', limit: 'depth' } },
    ]);
  });

  test('nothing else is said of it, whatever else is wrong with it', async () => {
    const answer = await execute.text(
      `{ ${parts(51, (at) => `a${at}: nothing`)} ...Nobody } fragment F on Nothing { no }`,
    );
    expect(answer.errors).toEqual([
      {
        message: 'an operation takes 50 aliases at most, got 51; ask for less at once, or have LIMIT_ALIASES raised',
        extensions: { code: 'OPERATION_TOO_LARGE', limit: 'aliases' },
      },
    ]);
  });
});

describe('what is within the limits is answered', () => {
  test.each([
    ['__typename where clients add it, at any place', '{ __typename orders { __typename nodes { __typename id } } }'],
    [
      'as many as there may be',
      '{ a: order(id: "0") { ...F } __typename orders { totalCount } } fragment F on Order { id }',
    ],
  ])('%s', async (_, query) => {
    const answer = await strict.text(query.replace('"0"', `"${order.id}"`));
    expect(answer.errors).toEqual([]);
  });

  test.each([
    ['depth', '{ orders { nodes { user { id } } } }'],
    ['aliases', '{ a: orders { b: totalCount } }'],
    ['directives', '{ orders @include(if: true) { totalCount @skip(if: false) } }'],
    ['rootFields', '{ orders { totalCount } users { totalCount } transactions { totalCount } }'],
    ['fragments', '{ ...F ...F } fragment F on Query { orders { totalCount } }'],
  ])('one more than %s allows is not', async (limit, query) => {
    expect((await strict.text(query)).errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_LARGE', limit } }]);
    expect((await execute.text(query)).errors).toEqual([]);
  });

  test('a fragment that leads back to itself is for validation to refuse', async () => {
    const answer = await execute.text('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }');
    expect(answer.errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
    expect(answer.errors[0]?.message).toContain('Cannot spread fragment "A" within itself');
  });
});

describe('the schema', () => {
  test('may be asked for as tools do, however deep that goes', async () => {
    const query = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    });
    const { data, errors } = await execute.text<IntrospectionQuery>(query);
    expect(errors).toEqual([]);
    expect(buildClientSchema(data).getQueryType()?.getFields()).toHaveProperty('orders');
  });

  test('may not be asked for in circles, which grow by its types at each level', async () => {
    const circle = 'fields { type { '.repeat(4);
    const answer = await execute.text(`{ __schema { types { ${circle} name ${' } }'.repeat(4)} } } }`);
    expect(answer.errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  });
});
