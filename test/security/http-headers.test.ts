import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { USUAL_SECURITY } from '../../src/security/settings.js';
import { useDatabases } from '../support/databases.js';

const databases = useDatabases();
let gateway: Gateway;
let production: Gateway;

beforeAll(async () => {
  const { platform } = databases;
  gateway = await startGateway({ platform, host: '127.0.0.1', port: 0 });
  production = await startGateway({ platform, host: '127.0.0.1', port: 0, production: true });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await production[Symbol.asyncDispose]();
});

const SAFE = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

const JSON_TYPE = { 'content-type': 'application/json' };
const QUERY = JSON.stringify({ query: '{ __typename }' });

const ask = (path: string, init: RequestInit = {}, to = gateway) =>
  fetch(new URL(path, to.url), { redirect: 'manual', ...init });

describe('the safe headers are on', () => {
  test.each([
    ['an answer of the graph', '/graphql', { method: 'POST', headers: JSON_TYPE, body: QUERY }, 200],
    ['an error of the graph', '/graphql', { method: 'POST', headers: JSON_TYPE, body: '{"query":"{"}' }, 400],
    ['what is no JSON', '/graphql', { method: 'POST', headers: JSON_TYPE, body: '{' }, 400],
    ['what another page could send', '/graphql?query=%7B__typename%7D', {}, 400],
    ['a method that there is not', '/graphql', { method: 'DELETE' }, 404],
    ['/health', '/health', {}, 200],
    ['/', '/', {}, 302],
    ['a path where nothing is', '/nothing', {}, 404],
    ['an address that cannot be read', '/%E0%A4%A', {}, 400],
  ] satisfies [string, string, RequestInit, number][])('%s', async (_, path, init, status) => {
    const { headers, status: given } = await ask(path, init);
    expect(given).toBe(status);
    expect(Object.fromEntries(headers)).toMatchObject({ ...SAFE, 'cache-control': 'no-store' });
    for (const name of ['x-powered-by', 'server', 'via', 'strict-transport-security'])
      expect(headers.has(name), name).toBe(false);
  });

  test.each([
    ['bytes that are no HTTP', 'hello\r\n\r\n', 400],
    ['a head of 32 KB', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(32_768)}\r\n\r\n`, 431],
  ])('what is answered to %s', async (_, bytes, status) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write(bytes);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    for (const [name, value] of Object.entries(SAFE)) expect(head).toContain(`\r\n${name}: ${value}`);
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });
});

test('what is refused before the graph has the type that a client reads errors from', async () => {
  const accept = 'application/graphql-response+json, application/json;q=0.9';
  const graph = await ask('/graphql', { method: 'POST', headers: { ...JSON_TYPE, accept }, body: '{' });
  expect(graph.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
  const plain = await ask('/graphql', { method: 'POST', headers: JSON_TYPE, body: '{' });
  expect(plain.headers.get('content-type')).toBe('application/json; charset=utf-8');
});

describe('browsers are told to come by https only', () => {
  const over = async (scheme: string, to: Gateway) => {
    const { headers } = await ask('/health', { headers: { 'x-forwarded-proto': scheme } }, to);
    return headers.get('strict-transport-security');
  };

  test('in production, behind a proxy that speaks https', async () => {
    expect(await over('https', production)).toMatch(/^max-age=\d{7,}$/);
    expect(await over('https, http', production)).not.toBeNull();
  });

  test('not over http, and not where something is developed', async () => {
    expect(await over('http', production)).toBeNull();
    expect((await ask('/health', {}, production)).headers.has('strict-transport-security')).toBe(false);
    expect(await over('https', gateway)).toBeNull();
  });
});

describe('what a page can make a browser send unasked is refused', () => {
  const form = 'query=%7Borders%7BtotalCount%7D%7D';
  const multipart =
    '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query":"{__typename}"}\r\n--x--\r\n';
  test.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, form, 415],
    ['a form with files', { 'content-type': 'multipart/form-data; boundary=x' }, multipart, 415],
    ['JSON as text', { 'content-type': 'text/plain' }, QUERY, 400],
    ['JSON as text with a charset', { 'content-type': 'text/plain;charset=UTF-8' }, QUERY, 400],
    ['JSON as text that says it is JSON', { 'content-type': 'text/plain; application/json' }, QUERY, 400],
  ])('%s', async (_, headers, body, status) => {
    const response = await ask('/graphql', { method: 'POST', headers, body });
    expect(response.status).toBe(status);
    expect(await response.json()).not.toHaveProperty('data');
  });

  test('JSON of no type', async () => {
    const body = new Blob([QUERY]);
    const response = await ask('/graphql', { method: 'POST', body });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(await response.json()).not.toHaveProperty('data');
  });

  test('a GET without a header that needs to be asked for', async () => {
    const path = `/graphql?query=${encodeURIComponent('{ orders { totalCount } }')}`;
    expect((await ask(path)).status).toBe(400);
    expect((await ask(path, { headers: { 'apollo-require-preflight': '' } })).status).toBe(400);
    expect((await ask(path, { headers: { 'apollo-require-preflight': 'yes' } })).status).toBe(200);
  });

  test('a mutation by GET, in the address and by its hash, and the answer says that POST is', async () => {
    const headers = { 'apollo-require-preflight': 'yes' };
    for (const query of [
      'mutation { deleteOrder(id: "x") { order { id } } }',
      'query A { __typename } mutation B { __typename }',
    ]) {
      const path = `/graphql?operationName=${query.startsWith('query') ? 'B' : ''}&query=${encodeURIComponent(query)}`;
      const response = await ask(query.startsWith('query') ? path : path.replace('operationName=&', ''), { headers });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });
});

describe('where anybody on this machine may ask, asked as', () => {
  /** `fetch` does not let its host be chosen. */
  function askAs(host: string, path = '/graphql', to = gateway): Promise<{ status: number | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      const { port } = new URL(to.url);
      const headers = { host, connection: 'close', ...JSON_TYPE };
      const method = path === '/graphql' ? 'POST' : 'GET';
      request({ host: '127.0.0.1', port, path, method, headers }, (message) => {
        text(message).then((body) => {
          resolve({ status: message.statusCode, body });
        }, reject);
      })
        .once('error', reject)
        .end(method === 'POST' ? QUERY : undefined);
    });
  }

  test.each(['localhost', 'localhost:4000', 'LOCALHOST:80', '127.0.0.1', '127.0.0.1:65535', '[::1]', '[::1]:4000'])(
    '%s it is served',
    async (host) => {
      expect(await askAs(host)).toMatchObject({ status: 200 });
    },
  );

  test.each([
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    'evil.example:localhost',
    '127.0.0.1.evil.example:4000',
    '127.0.0.1.nip.io',
    'localhost:4000:80',
    '10.0.0.7:4000',
    '0.0.0.0:4000',
    '[::2]:4000',
    'localhost@evil.example',
  ])('%s it is not, whatever is asked for, and is told what would change that', async (host) => {
    for (const path of ['/graphql', '/health', '/', '/nothing']) {
      const { status, body } = await askAs(host, path);
      expect(status).toBe(421);
      expect(JSON.parse(body)).toMatchObject({
        errors: [
          {
            message: expect.stringMatching(/AUTH_JWKS_URL.*AUTH=none/) as string,
            extensions: { code: 'HOST_REFUSED' },
          },
        ],
      });
    }
  });

  test.each([
    { 'x-forwarded-for': '203.0.113.7' },
    { 'x-forwarded-for': '127.0.0.1, 203.0.113.7' },
    { 'x-forwarded-host': 'shop.example.com' },
    { 'x-forwarded-for': 'unknown' },
  ])('localhost by a proxy that asks for somebody elsewhere, it is not: %j', async (headers) => {
    const response = await fetch(new URL('/health', gateway.url), { headers });
    expect(response.status).toBe(421);
  });

  test.each([
    { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'localhost:3000' },
    { 'x-forwarded-for': '::ffff:127.0.0.1', 'x-forwarded-host': '[::1]:3000' },
    { 'x-forwarded-for': '::1, 127.0.0.1' },
  ])(
    'localhost by a proxy that asks for this machine, as those of front ends do, it is served: %j',
    async (headers) => {
      expect((await fetch(new URL('/health', gateway.url), { headers })).status).toBe(200);
    },
  );

  test('any name where AUTH=none has decided that anybody may ask', async () => {
    const security = { ...USUAL_SECURITY, identity: 'none' } as const;
    await using open = await startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0, security });
    expect(await askAs('api.example.com', '/health', open)).toMatchObject({ status: 200 });
  });

  test('any name in production, where who may ask has been decided', async () => {
    expect(await askAs('api.example.com', '/health', production)).toMatchObject({ status: 200 });
  });
});
