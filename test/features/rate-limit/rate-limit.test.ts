import { afterAll, beforeAll, expect, test } from 'vitest';
import { feature } from '../../../src/features/rate-limit/feature.js';
import type { Feature } from '../../../src/gateway/feature.js';
import { startGateway, type Gateway } from '../../../src/gateway/server.js';
import { USUAL_SECURITY } from '../../../src/security/settings.js';
import { identityOf, rsaPair, tokenOf } from '../../security/identity-support.js';
import { useDatabases } from '../../support/databases.js';

const MAX = 5;

const databases = useDatabases();
let gateway: Gateway;

/** Stands for whoever checks identities. */
const identity: Feature = {
  extendHttp: (app) => {
    app.decorateRequest('actorKey', undefined);
    app.addHook('onRequest', (request, _reply, done) => {
      const actor = request.headers['x-actor'];
      if (actor !== undefined) Object.assign(request, { actorKey: actor });
      done();
    });
  },
};

beforeAll(async () => {
  const limited = feature({ security: { ...USUAL_SECURITY, rateLimit: MAX } });
  const { platform } = databases;
  gateway = await startGateway({ platform, host: '127.0.0.1', port: 0, features: [identity, limited] });
});
afterAll(() => gateway[Symbol.asyncDispose]());

function ask(actor?: string, accept = '*/*'): Promise<Response> {
  const url = new URL(gateway.url);
  url.searchParams.set('query', '{ __typename }');
  const who: Record<string, string> = actor === undefined ? {} : { 'x-actor': actor };
  return fetch(url, { headers: { 'apollo-require-preflight': 'yes', accept, ...who } });
}

async function statusesOf(times: number, actor?: string): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let at = 0; at < times; at += 1) statuses.push((await ask(actor)).status);
  return statuses;
}

test('an address is answered so often in a minute; more is 429, in the form of a GraphQL error', async () => {
  expect(await statusesOf(MAX + 2)).toEqual([...Array.from({ length: MAX }, () => 200), 429, 429]);
  const refused = await ask();
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
  expect(refused.headers.get('content-type')).toMatch(/^application\/json/);
  expect(await refused.json()).toEqual({
    errors: [
      {
        message: `one takes ${MAX} requests in a minute; come again in ${seconds} s`,
        extensions: { code: 'RATE_LIMITED', retryable: true },
      },
    ],
  });
});

test('who reads errors of any status by their type gets that type, and so the code', async () => {
  expect(await statusesOf(MAX + 1)).toContain(429);
  const type = 'application/graphql-response+json';
  const refused = await ask(undefined, `${type}, application/json;q=0.9`);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('content-type')).toContain(type);
  expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
});

test('tokens that are not taken count for the address, and are refused as what they are until then', async () => {
  const keys = rsaPair();
  const security = { ...USUAL_SECURITY, rateLimit: MAX, identity: identityOf(keys) };
  await using checking = await startGateway({
    platform: databases.platform,
    host: '127.0.0.1',
    port: 0,
    features: [feature({ security })],
    security,
  });
  const statuses: number[] = [];
  const authorization = `Bearer ${await tokenOf(rsaPair())}`;
  for (let at = 0; at < MAX + 2; at += 1) {
    const headers = { 'content-type': 'application/json', authorization };
    const response = await fetch(checking.url, { method: 'POST', headers, body: '{"query":"{ __typename }"}' });
    statuses.push(response.status);
  }
  expect(statuses).toEqual([...Array.from({ length: MAX }, () => 401), 429, 429]);
});

test('each identity counts for itself, wherever it comes from', async () => {
  const all = await Promise.all([statusesOf(MAX, 'ada'), statusesOf(MAX + 1, 'grace')]);
  expect(all).toEqual([Array.from({ length: MAX }, () => 200), [...Array.from({ length: MAX }, () => 200), 429]]);
  expect((await ask()).status).toBe(429);
});

test('nothing but the graph is counted', async () => {
  for (let at = 0; at < 2 * MAX; at += 1) expect((await fetch(new URL('/health', gateway.url))).status).toBe(200);
});
