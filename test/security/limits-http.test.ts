import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Feature } from '../../src/gateway/feature.js';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { recordStatements, type Statement } from '../../src/platform/statements.js';
import { useDatabases } from '../support/databases.js';
import { parts, withLimits } from '../support/limits.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);

/** What each request has sent to the databases, once it is over. */
const requests: Promise<{ statements: readonly Statement[] }>[] = [];
const recorder: Feature = {
  extendHttp: (app) => {
    app.addHook('onRequest', (_request, { raw }, done) => {
      const work = async () => {
        const closed = once(raw, 'close');
        done();
        await closed;
      };
      requests.push(recordStatements(work));
    });
  },
};

/** The statements of the requests since the last look. */
async function sent(): Promise<readonly Statement[]> {
  return (await Promise.all(requests.splice(0))).flatMap(({ statements }) => statements);
}
beforeEach(sent);

let single: Gateway;
let batching: Gateway;
beforeAll(async () => {
  await seed.order();
  const options = { platform: databases.platform, host: '127.0.0.1', port: 0, features: [recorder] };
  single = await startGateway(options);
  batching = await startGateway({ ...options, security: withLimits({ batch: 3, rootFields: 2, aliases: 2 }) });
});
afterAll(async () => {
  await single[Symbol.asyncDispose]();
  await batching[Symbol.asyncDispose]();
});

const JSON_TYPE = { 'content-type': 'application/json' };
const PLAIN = '{ orders(first: 1) { nodes { id } } }';

function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  return postText(url, JSON.stringify(body), headers);
}

async function postText(url: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
}

async function get(parameters: Record<string, string>) {
  const url = new URL(single.url);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const response = await fetch(url, { headers: { 'apollo-require-preflight': 'yes' } });
  return { status: response.status, body: await response.json() };
}

const BOMBS: readonly [what: string, code: string, query: string, variables?: object][] = [
  ['tokens', 'OPERATION_TOO_LARGE', `{ ${'__typename '.repeat(5_000)}}`],
  ['aliases', 'OPERATION_TOO_LARGE', `{ ${parts(1_000, (at) => `a${at}: __typename`)} }`],
  ['directives', 'OPERATION_TOO_LARGE', `{ __typename ${'@a'.repeat(1_000)} }`],
  ['fragments', 'OPERATION_TOO_LARGE', `{ ${'...F '.repeat(1_000)}} fragment F on Query { ...F }`],
  ['levels', 'OPERATION_TOO_LARGE', `{ ${'user { '.repeat(1_000)}id${' }'.repeat(1_001)}`],
  ['values', 'OPERATION_TOO_LARGE', `{ orders(where: ${'['.repeat(2_400)}${']'.repeat(2_400)}) { totalCount } }`],
  [
    'rows',
    'OPERATION_TOO_COSTLY',
    `query ($n: Int) { users(first: $n) { nodes { orders(first: $n) { nodes { user { transactions(first: $n) { nodes { id } } } } } } } }`,
    { n: 100 },
  ],
  ['one page', 'BAD_USER_INPUT', 'query ($n: Int = 2147483647) { orders(first: $n) { nodes { id } } }'],
];

describe.each(BOMBS)('a bomb of %s is a client error, and no database is asked', (_, code, query, variables = {}) => {
  const error = { errors: [{ extensions: { code } }] };
  test.each(['application/json', 'application/graphql-response+json', '*/*'])('by POST, for %s', async (accept) => {
    const { status, type, body } = await post(single.url, { query, variables }, { accept });
    expect([status, type?.split(';')[0]]).toEqual([400, accept === '*/*' ? 'application/json' : accept]);
    expect(body).toMatchObject(error);
    expect(body).not.toHaveProperty('data');
    expect(await sent()).toEqual([]);
  });

  test('by its hash, under which it is not kept', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } };
    expect(await post(single.url, { query, variables, extensions })).toMatchObject({ status: 400, body: error });
    expect((await post(single.url, { variables, extensions })).body).toMatchObject({
      errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    });
    expect(await sent()).toEqual([]);
  });

  test('beside a plain query, which is answered', async () => {
    const [plain, bomb] = await Promise.all([
      post(single.url, { query: PLAIN }),
      post(single.url, { query, variables }),
    ]);
    expect(bomb.status).toBe(400);
    expect(plain.body).toMatchObject({ data: { orders: { nodes: [{}] } } });
    expect(await sent()).toHaveLength(1);
  });
});

/** As texts: what makes them of values would go as deep itself. */
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const negated = (levels: number) => `{"username":${'{"not":'.repeat(levels)}{"equals":"Ada"}${'}'.repeat(levels + 1)}`;

describe('values that nothing could go through are a client error, and no database is asked:', () => {
  const FIND = 'query ($where: UserWhere) { users(where: $where) { totalCount } }';
  const deep = { status: 400, body: { errors: [{ extensions: { code: 'OPERATION_TOO_LARGE', limit: 'depth' } }] } };

  test.each([300, 1_000, 2_500, 4_600, 5_350, 20_000])('variables of %d levels', async (levels) => {
    const bomb = `{"query":"${FIND}","variables":{"where":${negated(levels)}}}`;
    expect(await postText(single.url, bomb)).toMatchObject(deep);
    expect(await postText(batching.url, `[{"query":"${PLAIN}"},${bomb}]`)).toMatchObject(deep);
    expect(await sent()).toEqual([]);
  });

  test('variables and extensions by GET', async () => {
    expect(await get({ query: FIND, variables: `{"where":${nested(2_000)}}` })).toMatchObject(deep);
    expect(await get({ query: PLAIN, extensions: `{"a":${nested(2_000)}}` })).toMatchObject(deep);
    expect(await sent()).toEqual([]);
  });

  test.each<{ hash: unknown }>([
    { hash: { toString: 1, valueOf: 1 } },
    { hash: {} },
    { hash: 7 },
    { hash: null },
    { hash: ['x'] },
    { hash: [[['x']]] },
  ])('as the hash of a query: %j', async ({ hash }) => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: hash } };
    const refused = { status: 400, body: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] } };
    expect(await post(single.url, { extensions })).toMatchObject(refused);
    expect(await post(single.url, { query: PLAIN, extensions })).toMatchObject(refused);
    expect(await post(batching.url, [{ query: PLAIN }, { extensions }])).toMatchObject(refused);
    expect(await get({ extensions: JSON.stringify(extensions) })).toMatchObject(refused);
    expect(await sent()).toEqual([]);
  });

  test.each(['@skip(if: $if)', '@include(if: $if)'])('null for %s', async (directive) => {
    const refused = { status: 400, body: { errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'if' } }] } };
    for (const selection of [
      `orders ${directive} { totalCount }`,
      `orders(first: 1) { nodes { user ${directive} { id } } }`,
    ]) {
      const query = `query ($if: Boolean = true) { ${selection} }`;
      expect(await post(single.url, { query, variables: { if: null } })).toMatchObject(refused);
    }
    expect(await sent()).toEqual([]);
  });

  test('and what people write is answered', async () => {
    const asked = `{"query":"${FIND}","variables":{"where":${negated(20)}}}`;
    expect(await postText(single.url, asked)).toMatchObject({
      status: 200,
      body: { data: { users: { totalCount: 0 } } },
    });
  });
});

test('by GET the limits are the same', async () => {
  expect(await get({ query: `{ ${parts(51, (at) => `a${at}: __typename`)} }` })).toMatchObject({
    status: 400,
    body: { errors: [{ extensions: { code: 'OPERATION_TOO_LARGE', limit: 'aliases' } }] },
  });
  const orders = 'orders(first: 100) { nodes { transactions(first: 100) { nodes { id } } } }';
  expect(await get({ query: `{ users(first: 5) { nodes { ${orders} } } }` })).toMatchObject({
    status: 400,
    body: { errors: [{ extensions: { code: 'OPERATION_TOO_COSTLY', cost: 50_505, limit: 50_000 } }] },
  });
});

test('who asks for it by a header is told what an operation costs', async () => {
  const query = '{ orders(first: 30) { nodes { user { id } } } }';
  expect((await post(single.url, { query }, { 'x-operation-cost': '1' })).body).toMatchObject({
    extensions: { cost: 60 },
  });
  expect((await post(single.url, { query })).body).not.toHaveProperty('extensions');
});

describe('operations in one request', () => {
  const list = (count: number, query = PLAIN) => Array.from({ length: count }, () => ({ query }));
  const refused = (message: string) => ({
    status: 400,
    body: { errors: [{ message, extensions: { code: 'OPERATION_TOO_LARGE', limit: 'batch' } }] },
  });

  test('there is one; 100 of them are refused', async () => {
    expect(await post(single.url, list(100))).toMatchObject(
      refused('a request takes 1 operation at most, got 100; send them one by one, or have LIMIT_BATCH raised'),
    );
    expect((await post(single.url, list(1))).status).toBe(400);
    expect(await sent()).toEqual([]);
  });

  test('there are as many as LIMIT_BATCH says, and one more is refused with all of them', async () => {
    expect((await post(batching.url, list(4))).body).toMatchObject(
      refused('a request takes 3 operations at most, got 4; send them one by one, or have LIMIT_BATCH raised').body,
    );
    expect(await sent()).toEqual([]);
    const { status, body } = await post(batching.url, list(3));
    expect(status).toBe(200);
    expect(body).toEqual(Array.from({ length: 3 }, () => ({ data: { orders: { nodes: [expect.anything()] } } })));
  });

  test('each has the limits of one', async () => {
    const ok = '{ a: orders { totalCount } b: orders { totalCount } }';
    const { body } = await post(batching.url, [...list(2, ok), ...list(1, ok.replace('}', '} c: __typename'))]);
    expect(body).toMatchObject([
      { data: { a: {} } },
      { data: { b: {} } },
      { errors: [{ extensions: { code: 'OPERATION_TOO_LARGE' } }] },
    ]);
  });
});

test('variables nested as deep as a body can hold are a client error', async () => {
  const levels = 20_000;
  const body = `{"query":"query ($w: OrderWhere) { orders(where: $w) { totalCount } }","variables":{"w":${'{"NOT":'.repeat(levels)}{}${'}'.repeat(levels)}}}`;
  const response = await fetch(single.url, { method: 'POST', headers: JSON_TYPE, body });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_TOO_LARGE' } }] });
});
