import { expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform } from '../../src/platform/platform.js';

const SECRET = 'hunter2-Hunter2';
const TOKEN = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.${SECRET}`;

/** What is written of one call of the logger; it must be a line of JSON still. */
function logged(...[fields, message]: [object, string?]): string {
  const lines: string[] = [];
  createLogger('info', { write: (line) => void lines.push(line) }).warn(fields, message);
  const [line = ''] = lines;
  expect(() => JSON.parse(line) as unknown).not.toThrow();
  return line;
}

const failing = (message: string) => new Error(message, { cause: new Error(`again: ${message}`) });

test.each([
  ['a header of a request', { req: { headers: { authorization: `Bearer ${TOKEN}`, accept: 'text/html' } } }],
  ['a header by another case', { headers: { Authorization: `Basic ${SECRET}` } }],
  ['a cookie', { req: { headers: { cookie: `session=${SECRET}` } } }],
  ['cookies that are set', { res: { headers: { 'set-cookie': [`a=${SECRET}; Path=/`, `b=${SECRET}`] } } }],
  ['headers as a list', { rawHeaders: ['authorization', `Bearer ${TOKEN}`] }],
  ['a password', { password: SECRET }],
  ['a password with a quote in it', { options: { deep: { deeper: { password: `"${SECRET}"` } } } }],
  ["a driver's settings", { err: Object.assign(new Error('no'), { config: { user: 'ada', pgPassword: SECRET } }) }],
  ['the address of PostgreSQL', { url: `postgresql://ada:${SECRET}@db.internal:5432/shop` }],
  ['an address with a password that is not encoded', { url: `postgresql://ada:p@/${SECRET}@db.internal:5432/shop` }],
  ['an address with a token for its password', { url: `postgresql://ada:${'x'.repeat(2_000)}${SECRET}@db:5432/shop` }],
  ['the addresses of MongoDB', { err: failing(`connect mongodb://ada:${SECRET}@a:1,b:2/shop?replicaSet=rs0 failed`) }],
  [
    'a password behind an address',
    { err: failing(`postgresql://db/shop?user=ada&password=${SECRET}&sslmode=require`) },
  ],
  ['a connection string with spaces', { err: failing(`host=db user=ada password=${SECRET} dbname=shop`) }],
  ['the password of a certificate', { err: failing(`mongodb://db/?tlsCertificateKeyFilePassword=${SECRET}`) }],
  ['a password in JSON in a text', { err: failing(JSON.stringify({ user: 'ada', password: `a"\\${SECRET}` })) }],
  ['a password in JSON that was made for people', { text: JSON.stringify({ pgPassword: SECRET }, null, 2) }],
  ['a token that is none of ours', { body: { access_token: SECRET, refreshToken: SECRET } }],
  ['a token in a text', { err: failing(`the token ${TOKEN} is too old`) }],
])('%s is not in the log', (_, fields) => {
  expect(logged(fields, 'it failed')).not.toContain('unter2');
});

test.each(['a://b:', 'a://', '"password":"', '\\"password\\":\\"', 'password=', 'eyJ.', 'Bearer '])(
  'a long line of %j is gone through in a time that goes by its length',
  (text) => {
    const started = performance.now();
    logged({}, text.repeat(10_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  },
);

test('a message has none either', () => {
  expect(logged({}, `cannot open postgresql://ada:${SECRET}@db/shop`)).toContain('postgresql://ada:***@db/shop');
});

test('what is no secret is written as it is', () => {
  const fields = {
    path: ['orders', 0, 'user'],
    url: 'http://127.0.0.1:4000/graphql',
    query: '{ orders(where: { total: { gt: "1" } }) { nodes { id } } }',
    at: '2025-01-31T09:30:00.000Z',
    email: 'ada@example.com',
  };
  expect(JSON.parse(logged(fields, 'a resolver failed'))).toMatchObject({ ...fields, msg: 'a resolver failed' });
});

test('a database that does not answer is logged without its password', async () => {
  const lines: string[] = [];
  const opening = openPlatform({
    databaseUrl: `postgresql://ada:${SECRET}@127.0.0.1:1/shop`,
    mongodbUri: `mongodb://ada:${SECRET}@127.0.0.1:1/shop?serverSelectionTimeoutMS=200`,
    logger: createLogger('trace', { write: (line) => void lines.push(line) }),
  });
  const error: unknown = await opening.then(
    async (platform) => platform[Symbol.asyncDispose](),
    (reason: unknown) => reason,
  );
  createLogger('trace', { write: (line) => void lines.push(line) }).error({ err: error }, 'the start failed');
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join('')).not.toContain('unter2');
});
