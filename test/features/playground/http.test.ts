import { readdirSync, readFileSync } from 'node:fs';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SAMPLE_QUERY } from '../../../src/cli/sample-query.js';
import { feature } from '../../../src/features/playground/feature.js';
import { startGateway, type Gateway, type GatewayOptions } from '../../../src/gateway/server.js';
import { useDatabases } from '../../support/databases.js';

const ASSET = new URL('../../../playground/asset/', import.meta.url);
const FILES = readdirSync(ASSET).map((file) => file.replace(/\.br$/, ''));
/** As Firefox and Chromium send it. */
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

const databases = useDatabases();
let gateway: Gateway;
let plain: Gateway;

beforeAll(async () => {
  gateway = await start({ features: [feature] });
  plain = await start({ features: [] });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
});

function start(options: Partial<GatewayOptions>): Promise<Gateway> {
  return startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0, ...options });
}

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Asks for a path as it stands: `fetch` would mend it, and decompress the answer. */
async function ask(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET', body = '', to = gateway) {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    request(to.url, { path, method, headers: { connection: 'close', ...headers } }, resolve)
      .once('error', reject)
      .end(body);
  });
  const { statusCode: status, headers: received } = message;
  return { status, headers: received, body: await buffer(message) } satisfies Reply;
}

/** The path under which the page finds its files. */
async function folder(): Promise<string> {
  const { body } = await ask('/graphql', BROWSER);
  const [, path] = /href="\.(\/graphql\/playground-[0-9a-f]+\/)ruru\.css"/.exec(body.toString()) ?? [];
  if (path === undefined) throw new Error('the page names no files');
  return path;
}

describe('a browser at /graphql', () => {
  test.each(['/graphql', '/graphql?query=%7Busers%7Bnodes%7Bid%7D%7D%7D'])('gets the IDE: GET %s', async (path) => {
    const { status, headers, body } = await ask(path, BROWSER);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(headers).toMatchObject({ vary: 'accept', 'cache-control': 'no-store' });
    expect(body.toString()).toContain(SAMPLE_QUERY);
    expect(body.toString()).not.toMatch(/https?:|["'(]\/\//);
  });

  test('gets a policy under which only the script of this answer runs and no other host can be asked', async () => {
    const { headers, body } = await ask('/graphql', BROWSER);
    const directives = String(headers['content-security-policy']).split('; ');
    expect(directives).toContain("default-src 'none'");
    expect(directives).toContain("connect-src 'self'");
    expect(directives).toContain("frame-ancestors 'none'");
    const scripts = directives.find((directive) => directive.startsWith('script-src')) ?? '';
    const [, nonce = ''] = /^script-src 'self' 'nonce-([\w+/]{24})'$/.exec(scripts) ?? [];
    expect(body.toString()).toContain(`<script type="module" nonce="${nonce}">`);
    expect(String((await ask('/graphql', BROWSER)).headers['content-security-policy'])).not.toContain(nonce);
    expect(directives.join(' ')).not.toMatch(/unsafe-eval|https?:|\*/);
  });
});

test.each([
  ['a query', 'POST', '/graphql', { 'content-type': 'application/json' }, '{"query":"{ __typename }"}'],
  ['a wrong query', 'POST', '/graphql', { 'content-type': 'application/json' }, '{"query":"{"}'],
  ['a query from a browser', 'POST', '/graphql', { 'content-type': 'application/json', ...BROWSER }, '{"query":"{a}"}'],
  ['a form', 'POST', '/graphql', { 'content-type': 'application/x-www-form-urlencoded', ...BROWSER }, 'query={a}'],
  ['a query in the address', 'GET', '/graphql?query=%7B__typename%7D', { 'apollo-require-preflight': 'yes' }, ''],
  ['a client that takes anything', 'GET', '/graphql', { accept: '*/*' }, ''],
  ['a client that takes JSON first', 'GET', '/graphql', { accept: 'application/json, text/html;q=0.5' }, ''],
  [
    'a client of the specification',
    'GET',
    '/graphql?query=%7B__typename%7D',
    { accept: 'application/graphql-response+json', 'apollo-require-preflight': 'yes' },
    '',
  ],
  ['a browser elsewhere', 'GET', '/nowhere', BROWSER, ''],
  ['a browser at /health', 'GET', '/health', BROWSER, ''],
])('%s is answered as without the feature', async (_, method, path, headers, body) => {
  const withFeature = await ask(path, headers, method, body);
  const without = await ask(path, headers, method, body, plain);
  const received = (reply: Reply) => ({
    ...reply,
    body: reply.body.toString(),
    headers: { ...reply.headers, date: '' },
  });
  expect(received(withFeature)).toEqual(received(without));
});

describe('a file of the IDE', () => {
  test.each(FILES)('%s is the same for who takes Brotli, gzip or neither', async (name) => {
    const path = (await folder()) + name;
    const content = brotliDecompressSync(readFileSync(new URL(`${name}.br`, ASSET)));
    const forms = [
      await ask(path, { 'accept-encoding': 'gzip, deflate, br, zstd' }),
      await ask(path, { 'accept-encoding': 'gzip, deflate' }),
      await ask(path, { 'accept-encoding': 'br;q=0, gzip;q=0.0' }),
      await ask(path),
    ];
    expect(forms.map(({ headers }) => headers['content-encoding'])).toEqual(['br', 'gzip', undefined, undefined]);
    const decoders = [brotliDecompressSync, gunzipSync, (body: Buffer) => body, (body: Buffer) => body];
    expect(forms.every(({ body }, at) => decoders[at]?.(body).equals(content) ?? false)).toBe(true);
    expect(new Set(forms.map(({ headers }) => headers.etag)).size).toBe(3);
  });

  test('has its type, and may be kept for ever under its address', async () => {
    const base = await folder();
    const types = { 'ruru.js': 'text/javascript; charset=utf-8', 'ruru.css': 'text/css; charset=utf-8' };
    for (const [name, type] of Object.entries(types)) {
      const { status, headers } = await ask(base + name);
      expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type });
      expect(headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding',
      });
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
      expect(headers['content-security-policy']).toContain("script-src 'self';");
    }
    const font = FILES.find((name) => name.endsWith('.ttf')) ?? '';
    expect((await ask(base + font)).headers['content-type']).toBe('font/ttf');
  });

  test('that a client has already is not sent again', async () => {
    const path = `${await folder()}ruru.css`;
    const { headers } = await ask(path);
    const again = await ask(path, { 'if-none-match': String(headers.etag) });
    expect({ status: again.status, length: again.body.length }).toEqual({ status: 304, length: 0 });
  });

  test.each([
    '',
    'nothing.js',
    'ruru.js.br',
    'asset',
    '__proto__',
    '../build.mjs',
    '../../package.json',
    '..%2fbuild.mjs',
    '..%2f..%2fpackage.json',
    '%2e%2e%2f%2e%2e%2fpackage.json',
    '..\\..\\package.json',
    'ruru.js%00.txt',
  ])('that is none is nowhere, in the form of the gateway: "%s"', async (name) => {
    const { status, headers, body } = await ask((await folder()) + name);
    expect({ status, type: headers['content-type'] }).toEqual({ status: 404, type: 'application/json; charset=utf-8' });
    expect(JSON.parse(body.toString())).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  test('of another version is nowhere', async () => {
    expect((await ask('/graphql/playground-000000000000/ruru.js')).status).toBe(404);
  });
});

describe('in production', () => {
  const introspection = JSON.stringify({ query: '{ __schema { queryType { name } } }' });
  const introspect = (to: Gateway) =>
    ask('/graphql', { 'content-type': 'application/json' }, 'POST', introspection, to);

  test('without the IDE the schema is not told, and a browser gets no page', async () => {
    await using closed = await start({ production: true, features: [] });
    const { status, body } = await introspect(closed);
    expect({ status, body: body.toString() }).toMatchObject({
      status: 400,
      body: expect.stringMatching(/introspection/i) as string,
    });
    expect((await ask('/graphql', BROWSER, 'GET', '', closed)).headers['content-type']).toContain('json');
  });

  test('the IDE, where it is switched on, is told the schema', async () => {
    await using open = await start({ production: true, features: [feature] });
    const { status, body } = await introspect(open);
    expect({ status, body: JSON.parse(body.toString()) as unknown }).toEqual({
      status: 200,
      body: { data: { __schema: { queryType: { name: 'Query' } } } },
    });
  });
});
