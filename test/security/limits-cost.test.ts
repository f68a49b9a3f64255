import fc from 'fast-check';
import { getVariableValues, Kind, parse, validate } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildGraph } from '../../src/gateway/schema.js';
import { Cost } from '../../src/security/limits/cost.js';
import { useDatabases } from '../support/databases.js';
import { useGraph } from '../support/graph.js';
import { parts, withLimits } from '../support/limits.js';
import { Seed, type Seeded } from '../support/seed.js';
import { rounds } from '../support/long.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const schema = buildGraph();

let order: Seeded;
beforeAll(async () => {
  for (const user of await seed.users(4)) {
    for (let each = 0; each < 4; each += 1) {
      order = await seed.order({ user });
      for (let one = 0; one < 3; one += 1) await seed.transaction(order, { userId: seed.objectId(user) });
    }
  }
});

/** What the operation costs, which has to be valid. */
function costOf(query: string, given: Record<string, unknown> = {}): number {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('there is no operation');
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], given);
  if (coerced === undefined) throw new Error('the variables are none');
  const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  const byName = Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
  return new Cost({ schema, operation, fragments: byName, variables: coerced }).rows;
}

describe('an operation costs', () => {
  test.each([
    ['nothing for __typename', '{ __typename }', 0],
    ['1 for a row', '{ order(id: "x") { id total } }', 1],
    ['1 for a count', '{ orders { totalCount } }', 1],
    ['1 for a list of which nothing is asked', '{ orders { __typename } }', 1],
    ['1 for the schema', '{ __schema { types { name fields { name } } } }', 1],
    ['20 for a list without a size', '{ orders { nodes { id } } }', 20],
    ['20 for one whose size is null', '{ orders(first: null) { nodes { id } } }', 20],
    ['as many as the page, from either end', '{ orders(last: 7) { nodes { id } } }', 7],
    ['a page for where it ends', '{ orders(first: 7) { pageInfo { endCursor } } }', 7],
    [
      'a page once, by nodes and by edges, and 1 for its count',
      '{ orders(first: 7) { nodes { id } edges { cursor node { id } } totalCount } }',
      8,
    ],
    ['1 more for each row that has a partner', '{ orders(first: 7) { nodes { user { id } } } }', 14],
    [
      'the page of the README, of 100',
      '{ orders(first: 100) { nodes { user { id } transactions { nodes { id } } } } }',
      100 * (1 + 1 + 20),
    ],
    [
      'pages inside of pages',
      '{ users(first: 10) { nodes { orders(first: 10) { nodes { transactions(first: 10) { nodes { id } } } } } } }',
      10 * (1 + 10 * (1 + 10)),
    ],
    ['a count for each row', '{ users(first: 10) { nodes { orders { totalCount } } } }', 20],
    [
      'the same list under two names twice',
      '{ a: orders(first: 7) { nodes { id } } b: orders(first: 7) { nodes { id } } }',
      14,
    ],
    [
      'the same field of two fragments once',
      '{ orders(first: 7) { nodes { ...A ...B } } } fragment A on Order { user { id } } fragment B on Order { user { email } }',
      14,
    ],
    [
      'at least a row for each row, whatever is asked for',
      '{ users(first: 5) { nodes { orders(first: -3) { nodes { id } } } } }',
      10,
    ],
    [
      'what a mutation gives back',
      'mutation { deleteUser(id: "x") { user { orders(first: 7) { nodes { id } } } } }',
      1 + 1 + 7,
    ],
    [
      'what a report shows',
      '{ consistency { danglingOrders(first: 3) { count } wrongAmounts { count } isSound } }',
      1 + 3 + 20,
    ],
    [
      'no more than what is exact',
      `{ users(first: 2147483647) { nodes { ${'orders(first: 2147483647) { nodes { user { '.repeat(3)} id ${'} } } '.repeat(3)} } } }`,
      Number.MAX_SAFE_INTEGER,
    ],
  ])('%s', (_, query, cost) => {
    expect(costOf(query)).toBe(cost);
  });

  test.each([
    ['a variable', 'query ($n: Int) { orders(first: $n) { nodes { id } } }', { n: 7 }, 7],
    ['its default value', 'query ($n: Int = 9) { orders(first: $n) { nodes { id } } }', {}, 9],
    [
      'null instead of its default value',
      'query ($n: Int = 9) { orders(first: $n) { nodes { id } } }',
      { n: null },
      20,
    ],
    ['a variable that nobody gives', 'query ($n: Int) { orders(first: $n) { nodes { id } } }', {}, 20],
    [
      'what @include leaves out',
      'query ($v: Boolean!) { orders(first: 7) @include(if: $v) { nodes { id } } }',
      { v: false },
      0,
    ],
    [
      'what @include leaves in',
      'query ($v: Boolean!) { orders(first: 7) @include(if: $v) { nodes { id } } }',
      { v: true },
      7,
    ],
    [
      'what @skip leaves out by default',
      'query ($v: Boolean = true) { orders(first: 7) { nodes { id ... @skip(if: $v) { user { id } } } } }',
      {},
      7,
    ],
  ])('by %s', (_, query, variables, cost) => {
    expect(costOf(query, variables)).toBe(cost);
  });

  test('no more time than its text, whatever that unfolds to', () => {
    const levels = 40;
    const twice = (at: number) => `nodes { user { ...F${at + 1} } } edges { node { user { ...F${at + 1} } } }`;
    const query = `{ user(id: "x") { ...F0 } }
      ${parts(levels, (at) => `fragment F${at} on User { orders(first: 1) { ${twice(at)} } }`)}
      fragment F${levels} on User { id }`;
    expect(costOf(query)).toBeGreaterThan(2 ** levels);
  });
});

const MOST = 2_147_483_647;
const RANGE = `takes 1 to 100, got ${MOST}; page with `;
const nest = (first: string) =>
  `users(first: ${first}) { nodes { orders(first: ${first}) { nodes { transactions(first: ${first}) { nodes { id } } } } } }`;

const TOO_COSTLY: readonly [what: string, query: string, variables?: Record<string, unknown>][] = [
  ['three pages of 100, each inside of another', `{ ${nest('100')} }`],
  ['the same by a variable', `query ($n: Int!) { ${nest('$n')} }`, { n: 100 }],
  [
    'the same by fragments',
    `{ users(first: 100) { ...A } }
     fragment A on UserConnection { edges { node { ... { ...B } } } }
     fragment B on User { orders(first: 100) { nodes { ...C } } }
     fragment C on Order { transactions(first: 100) { pageInfo { endCursor } } }`,
  ],
  [
    'the same where a variable lets it in',
    `query ($v: Boolean!) { ... @include(if: $v) { ${nest('100')} } }`,
    { v: true },
  ],
  [
    'the same list under many names',
    `{ users(first: 100) { nodes { ${parts(6, (at) => `a${at}: orders(first: 100) { nodes { id } }`)} } } }`,
  ],
  [
    'what a mutation would give back',
    `mutation { updateUser(id: "x", input: { power: 1 }) { user { orders(first: 100) { nodes {
       user { orders(first: 100) { nodes { transactions(first: 100) { nodes { id } } } } }
     } } } } }`,
  ],
];

describe('an operation that costs too much is refused, and no database is asked', () => {
  test.each(TOO_COSTLY)('%s', async (_, query, variables) => {
    const answer = await execute.text(query, variables);
    expect(answer.data).toBeUndefined();
    const cost = costOf(query, variables);
    expect(answer.errors).toEqual([
      {
        message:
          `an operation may ask for 50000 rows at most, by the sizes of its pages, got ${cost}; ` +
          'take smaller pages (first:), fewer lists inside of lists, or have LIMIT_COST raised',
        extensions: { code: 'OPERATION_TOO_COSTLY', cost, limit: 50_000 },
      },
    ]);
    expect(answer).toHaveCost({});
  });

  test.each<[what: string, message: string, query: string, variables?: Record<string, unknown>]>([
    ['at the root', `orders(first:) ${RANGE}after:`, `{ orders(first: ${MOST}) { nodes { id } } }`],
    ['from the end', `orders(last:) ${RANGE}before:`, `{ orders(last: ${MOST}) { nodes { id } } }`],
    [
      'inside of a list',
      `User.orders(first:) ${RANGE}after:`,
      `{ users { nodes { orders(first: ${MOST}) { nodes { id } } } } }`,
    ],
    [
      'by a variable',
      `orders(first:) ${RANGE}after:`,
      'query ($n: Int) { orders(first: $n) { nodes { id } } }',
      { n: MOST },
    ],
    [
      'by a default value',
      `orders(first:) ${RANGE}after:`,
      `query ($n: Int = ${MOST}) { orders(first: $n) { nodes { id } } }`,
    ],
    [
      'beside a size that is allowed',
      'orders takes first: or last:, got both; leave one of them out',
      `{ orders(first: 1, last: ${MOST}) { nodes { id } } }`,
    ],
  ])(
    'the greatest size there is, %s, costs what it says, and is refused as the list would',
    async (_, message, query, variables) => {
      expect(costOf(query, variables)).toBeGreaterThanOrEqual(MOST);
      const answer = await execute.text(query, variables);
      const field = /^\S+\(first/.test(message) ? 'first' : 'last';
      expect(answer.errors).toEqual([{ message, extensions: { code: 'BAD_USER_INPUT', field } }]);
      expect(answer.data).toBeUndefined();
      expect(answer).toHaveCost({});
    },
  );

  test('what is left out, or within the limit, is answered', async () => {
    const query = `query ($v: Boolean!) { ... @include(if: $v) { ${nest('100')} } order(id: "${order.id}") { id } }`;
    expect((await execute.text(query, { v: false })).data).toEqual({ order: { id: order.id } });
    const page = await execute.text('{ orders(first: 100) { nodes { user { id } transactions { nodes { id } } } } }');
    expect(page.errors).toEqual([]);
  });

  test('variables that are none, and an operation that is not there, are what is said of them', async () => {
    const answer = await execute.text(`query ($n: Int!) { ${nest('$n')} }`, { n: 'many' });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(answer).toHaveCost({});
  });
});

const LIMIT = 60;
const limited = useGraph(databases, withLimits({ cost: LIMIT }));

const size = fc.oneof(
  fc.constant(''),
  fc.tuple(fc.constantFrom('first', 'last'), fc.integer({ min: 1, max: 5 })).map(([name, n]) => `(${name}: ${n})`),
  fc.constantFrom('(first: $two)', '(first: $absent)', '(last: $three)'),
);

/** What is selected of a row of a type, some levels down. */
function selection(type: 'User' | 'Order' | 'Transaction', levels: number): fc.Arbitrary<string> {
  if (levels === 0) return fc.constant('__typename id');
  const one = (field: string, to: typeof type) => selection(to, levels - 1).map((inner) => `${field} { ${inner} }`);
  const many = (field: string, to: typeof type) =>
    fc
      .tuple(
        fc.constantFrom('', `my${field}: `),
        size,
        fc.constantFrom('nodes { * }', 'edges { node { * } }'),
        selection(to, levels - 1),
      )
      .map(([alias, page, rows, inner]) => `${alias}${field}${page} { totalCount ${rows.replace('*', inner)} }`);
  const fields = {
    User: [many('orders', 'Order'), many('transactions', 'Transaction')],
    Order: [one('user', 'User'), many('transactions', 'Transaction')],
    Transaction: [one('order', 'Order'), one('user', 'User')],
  }[type];
  const condition = fc.constantFrom('', '@include(if: $yes) ', '@skip(if: $yes) ');
  return fc
    .tuple(
      fc.subarray(fields).chain((chosen) => fc.tuple(...chosen)),
      condition,
    )
    .map(([chosen, when]) => `__typename id ... ${when}{ ${chosen.join(' ')} __typename }`);
}

const operation = fc.tuple(size, selection('User', 3), size, selection('Transaction', 2)).map(
  ([users, user, transactions, transaction]) =>
    `query ($two: Int = 2, $absent: Int, $three: Int!, $yes: Boolean!) {
         users${users} { nodes { ...U } } transactions${transactions} { edges { node { ${transaction} } } }
         ${['$two', '$absent', '$three'].map((name, at) => `u${at}: orders(first: ${name}) { totalCount }`).join(' ')}
         again: users(first: 1) @skip(if: $yes) { nodes { ...U } }
       } fragment U on User { ${user} }`,
);

test('whatever is asked for, no more rows come than were counted, and none beyond the limit', async () => {
  await fc.assert(
    fc.asyncProperty(operation, fc.boolean(), fc.integer({ min: 1, max: 3 }), async (query, yes, three) => {
      const variables = { yes, three };
      const cost = costOf(query, variables);
      const answer = await execute.text(query, variables);
      expect(answer.errors).toEqual([]);
      const rows = rowsIn(answer.data);
      expect(rows).toBeLessThanOrEqual(cost);
      const { errors, statements } = await limited.text(query, variables);
      expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(
        cost > LIMIT ? ['OPERATION_TOO_COSTLY'] : [],
      );
      if (cost > LIMIT) expect(statements).toEqual([]);
    }),
    { numRuns: rounds(20, 60) },
  );
});

/** How many rows an answer shows, each wherever it stands. */
function rowsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value).reduce<number>((sum, one) => sum + rowsIn(one), 0);
  return inner + ('id' in value ? 1 : 0);
}
