import { readFile } from 'node:fs/promises';
import { buildSchema, type GraphQLFormattedError } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { USUAL_LIMITS, USUAL_SECURITY } from '../../src/security/settings.js';
import { useDatabases } from '../support/databases.js';

const databases = useDatabases();
let gateway: Gateway;

const start = (introspection: boolean | null, production = true) =>
  startGateway({
    platform: databases.platform,
    host: '127.0.0.1',
    port: 0,
    production,
    // What is told of words is looked at, not how many there may be.
    security: { ...USUAL_SECURITY, introspection, limits: { ...USUAL_LIMITS, rootFields: 1_000, fragments: 1_000 } },
  });

beforeAll(async () => {
  gateway = await start(null);
});
afterAll(async () => gateway[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
}

async function ask(query: string, variables: object = {}, to = gateway): Promise<Answer> {
  const response = await fetch(to.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  return { status: response.status, text, ...(JSON.parse(text) as object) };
}

const UNFIT = {
  message: expect.stringMatching(/^The operation does not fit the graph: /) as string,
  extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
};

const CREATE = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }';
const WHERE = 'query ($where: OrderWhere) { orders(where: $where) { totalCount } }';

describe('in production one and the same is said of', () => {
  test.each([
    ['a field that is not there', '{ order }'],
    ['a field that is nearly there', '{ ordrs { totalCount } }'],
    ['several of them', '{ ordrs { totalCount } usrs { totalCount } orders { nothing nodes { totl } } }'],
    ['a field of an object without its fields', '{ orders }'],
    ['a field of no object with fields', '{ orders { totalCount { x } } }'],
    ['an argument that is not there', '{ orders(frst: 1) { totalCount } }'],
    ['an argument that is missing', '{ order { id } }'],
    ['a type that is not there', 'query ($a: OrderWher) { orders(where: $a) { totalCount } }'],
    ['a variable of another type', 'query ($a: Int) { order(id: $a) { id } }'],
    ['a variable that is not declared', '{ order(id: $a) { id } }'],
    ['a fragment on a type that is not there', '{ ... on Qery { __typename } }'],
    ['a fragment where it cannot be', '{ orders { ... on User { id } } }'],
    ['a directive that is not there', '{ orders @skp(if: true) { totalCount } }'],
    ['a field of an input that is not there', '{ orders(where: { totl: { gt: 1 } }) { totalCount } }'],
    ['a field of an input that is missing', 'mutation { createOrder(input: { total: 1 }) { order { id } } }'],
    ['a word that is none of an enum', '{ orders(orderBy: { total: upwards }) { totalCount } }'],
    ['a wrong value beside a word that is not there', '{ orders(first: "x") { totalCount } users { nothing } }'],
    ['the schema', '{ __schema { queryType { name } } }'],
    ['a type', '{ __type(name: "Order") { name } }'],
    ['200 words', `{ ${Array.from({ length: 200 }, (_, at) => `word${at}`).join(' ')} }`],
  ])('%s', async (_, query) => {
    const { status, data, errors } = await ask(query);
    expect({ status, data, errors }).toEqual({ status: 400, data: undefined, errors: [UNFIT] });
  });

  test.each([
    ['a field that is not there, in a variable', CREATE, { input: { userId: '1', total: 1, nothing: 1 } }],
    ['a field that is missing there', CREATE, { input: { total: 1 } }],
    ['both, and a wrong value beside them', CREATE, { input: { total: {}, nothing: 1 } }],
    ['what quotes a message of its own', CREATE, { input: { total: '"; Field "total" is fine.' } }],
    ['a field that is not there, further down', WHERE, { where: { AND: [{ totl: { gt: '1' } }] } }],
    ['one that is nearly there', WHERE, { where: { total: { gte: '1', lessThan: '1' } } }],
  ])('%s', async (_, query, variables) => {
    const { status, data, errors } = await ask(query, variables);
    expect({ status, data, errors }).toEqual({ status: 400, data: undefined, errors: [UNFIT] });
  });
});

describe("a client's own wrong value is still named, by the client's words, without the type that refuses it", () => {
  test.each([
    ['{ orders(first: "x") { totalCount } }', {}, 'first'],
    ['{ orders(where: { total: { gt: 1.5 } }) { totalCount } }', {}, 'where.total.gt'],
    ['query ($n: Int) { orders(first: $n) { totalCount } }', { n: 'x' }, 'first'],
    ['query ($n: Int) { orders(first: $n) { totalCount } }', { n: 2 ** 31 }, 'first'],
    [CREATE, {}, 'input'],
    [CREATE, { input: 7 }, 'input'],
    [CREATE, { input: { userId: '1', total: 1.5 } }, 'input.total'],
    [CREATE, { input: { userId: '1', total: 1, transaction: 'MAYBE' } }, 'input.transaction'],
    [CREATE, { input: { userId: null, total: 1 } }, 'input.userId'],
    [WHERE, { where: { createdAt: { gt: 'yesterday' } } }, 'where.createdAt.gt'],
  ])('%s with %j: %s', async (query, variables, field) => {
    const { status, errors, text } = await ask(query, variables);
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }]);
    expect(text).not.toMatch(
      /\b(?:Int|String|ID|Decimal|DateTime|\w+Input|\w+Where|REQUIRED|EVENTUAL|Did you|Expected)\b/,
    );
  });

  test('also where it is seen only once the query runs', async () => {
    const { errors, text } = await ask('query ($id: ID = "1") { order(id: $id) { id } }', { id: null });
    expect(errors).toMatchObject([{ path: ['order'], extensions: { code: 'BAD_USER_INPUT', field: 'id' } }]);
    expect(text).not.toContain('ID!');
  });

  test('what the graph itself says of a value it says in production too', async () => {
    const { errors } = await ask('{ orders(first: 5000) { totalCount } }');
    expect(errors).toMatchObject([
      { message: expect.stringMatching(/first/) as string, extensions: { code: 'BAD_USER_INPUT', field: 'first' } },
    ]);
  });
});

test('what fits is answered, and __typename with it', async () => {
  expect(await ask('{ __typename orders { __typename totalCount } }')).toMatchObject({
    status: 200,
    data: { __typename: 'Query', orders: { __typename: 'OrderConnection', totalCount: 0 } },
  });
});

describe('INTROSPECTION', () => {
  test('off hides the schema in development too', async () => {
    await using hidden = await start(false, false);
    expect(await ask('{ __schema { queryType { name } } }', {}, hidden)).toMatchObject({
      status: 400,
      errors: [UNFIT],
    });
    expect(await ask('{ ordrs { totalCount } }', {}, hidden)).toMatchObject({ status: 400, errors: [UNFIT] });
  });

  test('on tells it in production too, with what helps', async () => {
    await using shown = await start(true);
    expect(await ask('{ __schema { queryType { name } } }', {}, shown)).toMatchObject({ status: 200 });
    expect((await ask('{ ordrs { totalCount } }', {}, shown)).text).toContain('Did you mean');
  });
});

test('no word of the schema comes back to who tries every one of them, as a field, an argument, a type or in an input', async () => {
  const schema = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const words = new Set(
    types.flatMap((type) => [type.name, ...('getFields' in type ? Object.keys(type.getFields()) : [])]),
  );
  const list = [...words];
  expect(list.length).toBeGreaterThan(100);
  const halves = Array.from({ length: Math.ceil(list.length / 40) }, (_, at) => list.slice(at * 40, at * 40 + 40));
  const said = new Set<string>();
  for (const part of halves) {
    const guess = (prefix: string) => part.map((word) => `${prefix}${word.slice(0, -1)}`).join(' ');
    for (const query of [
      `{ ${guess('')} }`,
      `{ orders { nodes { ${guess('')} } } }`,
      `{ orders(${part.map((word) => `${word}: {}`).join(' ')}) { totalCount } }`,
      `{ orders(where: { ${part.map((word) => `${word}: []`).join(' ')} }) { totalCount } }`,
      `{ ${part.map((word) => `... on ${word}x { __typename }`).join(' ')} }`,
    ])
      said.add((await ask(query)).text);
    const input = Object.fromEntries(part.map((word) => [word, {}]));
    said.add((await ask(CREATE, { input })).text);
  }
  expect(said.size).toBe(1);
});
