import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, print, type GraphQLFormattedError } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config.js';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { recordStatements } from '../../src/platform/statements.js';
import { USUAL_LIMITS, USUAL_SECURITY, type Limits } from '../../src/security/settings.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);
const folder = mkdtempSync(path.join(tmpdir(), 'tandem-manifest-'));
let gateway: Gateway;

const COUNT = 'query Count { orders { totalCount } }';
const ORDERS = `query Orders($first: Int) {
  orders(first: $first) { nodes { id user { id } } }
}`;
const RENAME = 'mutation Rename($id: ID!) { updateUser(id: $id, input: { username: "Eve" }) { user { username } } }';
const sha = (text: string, algorithm = 'sha256') => createHash(algorithm).update(text).digest('hex');

const APOLLOS = {
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: [
    { id: 'count-1', name: 'Count', type: 'query', body: COUNT },
    { id: sha(ORDERS), name: 'Orders', type: 'query', body: ORDERS },
    { id: sha(RENAME), name: 'Rename', type: 'mutation', body: RENAME },
  ],
};

function written(content: unknown): string {
  const file = path.join(folder, `${sha(String(Math.random()))}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const start = (manifest: string | null, production = false, limits: Limits = USUAL_LIMITS) =>
  startGateway({
    platform: databases.platform,
    host: '127.0.0.1',
    port: 0,
    production,
    security: { ...USUAL_SECURITY, limits, persistedOperations: manifest },
  });

beforeAll(async () => {
  gateway = await start(written(APOLLOS), false, { ...USUAL_LIMITS, batch: 2 });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly data?: { readonly orders?: { readonly totalCount?: number; readonly nodes?: readonly unknown[] } };
  readonly errors?: readonly GraphQLFormattedError[];
}

async function post(body: unknown, to = gateway): Promise<Answer> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(to.url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, ...((await response.json()) as object) };
}

async function get(parameters: Record<string, string>, to = gateway): Promise<Answer> {
  const headers = { 'apollo-require-preflight': 'yes', connection: 'close' };
  const response = await fetch(`${to.url}?${new URLSearchParams(parameters).toString()}`, { headers });
  return { status: response.status, ...((await response.json()) as object) };
}

const hashed = (sha256Hash: unknown) => ({ persistedQuery: { version: 1, sha256Hash } });
const json = (value: unknown) => JSON.stringify(value);

const COUNTED = { status: 200, data: { orders: { totalCount: 0 } } };
const UNKNOWN = {
  status: 400,
  errors: [
    {
      message: expect.stringMatching(/^only the operations of the manifest are answered/) as string,
      extensions: { code: 'PERSISTED_OPERATION_UNKNOWN' },
    },
  ],
};

describe('an operation of the manifest is answered', () => {
  test.each([
    ['by its id, as Apollo Client sends it', { extensions: hashed('count-1') }],
    ['by its id with its text beside it', { query: COUNT, extensions: hashed('count-1') }],
    ['by its id, whatever text is beside it', { query: '{ users { totalCount } }', extensions: hashed('count-1') }],
    ['by its id as the specification has it', { documentId: 'count-1' }],
    ['by the hash of its text', { documentId: sha(COUNT) }],
    ['by a hash that says how it was made', { documentId: `sha256:${sha(COUNT)}` }],
    ['by its text', { query: COUNT }],
    ['by its text, written otherwise', { query: '#one\nquery  Count\n{ orders, {\ttotalCount } }' }],
    [
      'by its text with the names of types, as caches add them',
      { query: 'query Count { orders { totalCount __typename } }' },
    ],
    ['by its name too', { query: COUNT, operationName: 'Count' }],
  ])('%s', async (_, body) => {
    expect(await post(body)).toMatchObject(COUNTED);
  });

  test.each([
    ['its id', { documentId: 'count-1' }],
    ['its hash', { extensions: json(hashed('count-1')) }],
    ['its text', { query: COUNT, operationName: 'Count' }],
  ])('by GET with %s', async (_, parameters) => {
    expect(await get(parameters)).toMatchObject(COUNTED);
  });

  test('with its variables, by POST and by GET', async () => {
    const order = await seed.order();
    const answer = { status: 200, data: { orders: { nodes: [{ id: order.id }] } } };
    expect(await post({ documentId: sha(ORDERS), variables: { first: 1 } })).toMatchObject(answer);
    expect(await get({ documentId: sha(ORDERS), variables: json({ first: 1 }) })).toMatchObject(answer);
    expect(await post({ documentId: sha(ORDERS), variables: { first: 5_000 } })).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'first' } }],
    });
  });

  test('as far as the method allows: a mutation by its id goes by POST only', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const variables = { id: ada.id };
    expect(await get({ documentId: sha(RENAME), variables: json(variables) })).toMatchObject({ status: 405 });
    expect(await post({ documentId: sha(RENAME), variables })).toMatchObject({
      data: { updateUser: { user: { username: 'Eve' } } },
    });
  });

  test('from the hashes of GraphQL Code Generator as well', async () => {
    await using other = await start(written({ [sha(COUNT, 'sha1')]: COUNT, [`sha256:${sha(ORDERS)}`]: ORDERS }));
    expect((await post({ documentId: sha(COUNT, 'sha1') }, other)).status).toBe(200);
    expect((await post({ extensions: hashed(sha(ORDERS)) }, other)).status).toBe(200);
    expect((await post({ documentId: `sha256:${sha(ORDERS)}` }, other)).status).toBe(200);
  });
});

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('anything else is refused, and no database is asked:', () => {
  test.each([
    ['another text', { query: '{ users { totalCount } }' }],
    ['a text that is nearly one', { query: 'query Count { orders(first: 1) { totalCount } }' }],
    ['one with another beside it', { query: `${COUNT} query More { users { totalCount } }` }],
    ['one with another name', { query: 'query Number { orders { totalCount } }' }],
    ['another with the name of one', { query: '{ users { totalCount } }', operationName: 'Count' }],
    [
      'another with its right hash',
      { query: '{ users { totalCount } }', extensions: hashed(sha('{ users { totalCount } }')) },
    ],
    ['a hash that nobody knows', { extensions: hashed('0'.repeat(64)) }],
    ['an id that nobody knows', { documentId: 'count-2' }],
    ['an id that every object has', { documentId: 'constructor' }],
    ['an id that is no text', { documentId: ['count-1'] }],
    ['introspection', { query: '{ __schema { queryType { name } } }' }],
    ['the smallest query there is', { query: '{ __typename }' }],
    ['what is no query', { query: '{{{{' }],
    ['what is not even made of words', { query: '\\u{' }],
    ['nothing', {}],
    ['a list that has one', [{ documentId: 'count-1' }, { query: '{ users { totalCount } }' }]],
  ])('%s', async (_, body) => {
    const { result, statements } = await recordStatements(() => post(body));
    expect(result).toEqual(UNKNOWN);
    expect(statements).toEqual([]);
  });

  test.each([
    ['another text', { query: '{ users { totalCount } }' }],
    ['nothing', {}],
    ['extensions that are no JSON', { extensions: '{' }],
    ['extensions that are nested', { extensions: `{"a":${nested(200)}}` }],
  ])('%s by GET', async (_, parameters) => {
    expect(await get(parameters)).toEqual(UNKNOWN);
  });

  test('but for extensions that nothing could go through, which are refused as that', async () => {
    const deep = await get({ documentId: 'count-1', extensions: `{"a":${nested(2_000)}}` });
    expect(deep).toMatchObject({
      status: 400,
      errors: [{ extensions: { code: 'OPERATION_TOO_LARGE', limit: 'depth' } }],
    });
    const odd = await post({ documentId: 'count-1', extensions: hashed({}) });
    expect(odd).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  test('in production too', async () => {
    await using production = await start(written(APOLLOS), true);
    expect(await post({ query: '{ users { totalCount } }' }, production)).toEqual(UNKNOWN);
    expect((await post({ query: COUNT }, production)).status).toBe(200);
  });

  test('nothing that was sent once is known from then on', async () => {
    const query = '{ users { totalCount } }';
    const extensions = hashed(sha(query));
    await post({ query, extensions });
    expect(await post({ extensions })).toEqual(UNKNOWN);
  });
});

describe('a manifest is refused at the start', () => {
  async function refusal(file: string): Promise<string> {
    const error: unknown = await start(file).then(
      async (started) => started[Symbol.asyncDispose](),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }

  test.each([
    ['that is no JSON', '{', /which is no JSON$/],
    ['that is a list', [COUNT], /takes a persisted-documents\.json .*is neither$/],
    ['that has something else than texts', { a: 1 }, /is neither$/],
    ["that is of another version of Apollo's", { ...APOLLOS, version: 2 }, /is neither$/],
    ['that has nothing', {}, /has no operation$/],
    ['that has no operation', { ...APOLLOS, operations: [] }, /has no operation$/],
    ['with what is no operation', { abc: 'query {' }, /the operation abc, which does not fit the graph: Syntax Error/],
    [
      'with an operation that does not fit the graph',
      { abc: 'query Old { ordrs { id } }' },
      /the operation Old, which does not fit the graph: Cannot query field "ordrs"/,
    ],
    [
      "with one of Apollo's that does not",
      { ...APOLLOS, operations: [{ id: '1', name: 'Older', type: 'query', body: 'query Older { x }' }] },
      /the operation Older, which/,
    ],
  ])('%s', async (_, content, reason) => {
    const message = await refusal(written(content));
    expect(message).toMatch(/^The configuration is not right:\n {2}PERSISTED_OPERATIONS /);
    expect(message).toMatch(reason);
  });

  test('that is not there', async () => {
    expect(await refusal(path.join(folder, 'nowhere.json'))).toMatch(/which cannot be read: ENOENT$/);
  });

  test('with each of its operations that does not fit', async () => {
    const message = await refusal(written({ a: 'query One { x }', b: COUNT, c: 'query Two { x }' }));
    expect(message.match(/the operation (One|Two)/g)).toHaveLength(2);
  });
});

describe('without a manifest', () => {
  test('a query is known by its hash once its text was sent, and is held to what every query is', async () => {
    await using hidden = await start(null, true);
    const wrong = { query: '{ ordrs }', extensions: hashed(sha('{ ordrs }')) };
    expect((await post(wrong, hidden)).errors).toMatchObject([
      { message: expect.stringMatching(/^The operation does not fit/) as string },
    ]);
    const unknown = [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }];
    expect((await post({ extensions: wrong.extensions }, hidden)).errors).toMatchObject(unknown);

    const extensions = hashed(sha(ORDERS));
    expect((await post({ extensions }, hidden)).errors).toMatchObject(unknown);
    await post({ query: ORDERS, extensions }, hidden);
    expect((await post({ extensions }, hidden)).errors).toBeUndefined();
    expect((await post({ extensions, variables: { first: 5_000 } }, hidden)).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', field: 'first' } },
    ]);
    const introspection = '{ __schema { queryType { name } } }';
    expect((await post({ query: introspection, extensions: hashed(sha(introspection)) }, hidden)).status).toBe(400);
    expect((await post({ extensions: hashed(sha(introspection)) }, hidden)).errors).toMatchObject(unknown);
  });

  test('a hash that is not that of the text is refused', async () => {
    await using open = await start(null);
    const { status } = await post({ query: COUNT, extensions: hashed(sha(ORDERS)) }, open);
    expect(status).toBe(400);
  });

  test('30 MB of queries are remembered: the oldest are forgotten for new ones', async () => {
    await using open = await start(null, false, { ...USUAL_LIMITS, body: 4_096 });
    const extensions = hashed(sha(COUNT));
    await post({ query: COUNT, extensions }, open);
    expect((await post({ extensions }, open)).errors).toBeUndefined();
    for (let at = 0; at < 16; at += 1) {
      const query = `${COUNT}#${at}${' '.repeat(2 ** 21)}`;
      expect((await post({ query, extensions: hashed(sha(query)) }, open)).status).toBe(200);
    }
    expect((await post({ extensions }, open)).errors).toMatchObject([
      { extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } },
    ]);
  });
});

test('a text of the manifest is compared as it would be printed, too', async () => {
  expect(await post({ query: print(parse(ORDERS)), variables: { first: 1 } })).toMatchObject({ status: 200 });
});
