import type { ResultOf } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0 });
});
afterAll(async () => gateway[Symbol.asyncDispose]());

const JSON_TYPE = { 'content-type': 'application/json' };

function post(body: unknown, headers: Record<string, string> = JSON_TYPE): Promise<Response> {
  return fetch(gateway.url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

describe('POST /graphql', () => {
  test('answers a query over both databases', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const order = await seed.order({ user: ada });
    const response = await post({
      query: print(gql(`query NameOfUserOfOrder($id: ID!) { order(id: $id) { user { username } } }`)),
      variables: { id: order.id },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: { order: { user: { username: 'Ada' } } } });
  });

  test('two requests never share a loader: the second sees what changed in between', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const order = await seed.order({ user: ada });
    const query = gql(`query UsernameOfOrder($id: ID!) { order(id: $id) { user { username } } }`);
    const ask = async () => {
      const response = await post({ query: print(query), variables: { id: order.id } });
      return ((await response.json()) as { data: ResultOf<typeof query> }).data.order?.user?.username;
    };
    expect(await ask()).toBe('Ada');
    await databases.platform.mongo.run((db) =>
      db.collection('users').updateMany({ username: 'Ada' }, { $set: { username: 'Grace' } }),
    );
    expect(await ask()).toBe('Grace');
  });

  test.each([
    ['a body that is no JSON', '{', 400],
    ['no query', {}, 400],
    ['a query that does not parse', { query: '{' }, 400],
    ['a field that is not there', { query: '{ nothing }' }, 400],
    ['a value of a wrong type', { query: '{ orders(first: "many") { nodes { id } } }' }, 400],
  ])('%s is a client error without a stack', async (_, body, status) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toMatch(/node_modules|\.js:\d|\bat .*\(/);
  });

  test('a form, which a foreign page could send, is refused', async () => {
    const response = await post('query={orders{nodes{id}}}', { 'content-type': 'text/plain' });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });

  test('300 requests at once are all answered', async () => {
    const query = print(gql(`query FiveOrders { orders(first: 5) { nodes { id user { id } } } }`));
    const answers = await Promise.all(Array.from({ length: 300 }, async () => (await post({ query })).json()));
    for (const answer of answers) expect(answer).not.toHaveProperty('errors');
  });
});

test.each([
  ['a body that is no JSON', '{', { 'content-type': 'application/json' }, '/graphql', 400],
  ['a body of an unknown kind', '<x/>', { 'content-type': 'application/xml' }, '/graphql', 415],
  [
    'a body of 2 MB',
    JSON.stringify({ query: ' '.repeat(2e6) }),
    { 'content-type': 'application/json' },
    '/graphql',
    413,
  ],
  ['a path where nothing is', '{}', { 'content-type': 'application/json' }, '/nothing', 404],
] as const)('%s is refused in the form of a GraphQL error', async (_, body, headers, path, status) => {
  const response = await fetch(new URL(path, gateway.url), { method: 'POST', headers, body });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
});

describe('GET', () => {
  test('/ leads to the graph, and /health says ok', async () => {
    const root = await fetch(new URL('/', gateway.url), { redirect: 'manual' });
    expect(root.headers.get('location')).toBe('/graphql');
    expect(await (await fetch(new URL('/health', gateway.url))).json()).toEqual({ status: 'ok' });
  });

  test('a mutation by GET is refused', async () => {
    const url = new URL(gateway.url);
    url.searchParams.set('query', 'mutation { createOrder(input: { userId: "x", total: 1 }) { order { id } } }');
    const response = await fetch(url, { headers: { 'apollo-require-preflight': 'yes' } });
    expect(response.status).toBe(405);
  });
});
