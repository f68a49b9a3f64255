import { afterAll, beforeAll, expect, test } from 'vitest';
import { feature } from '../../../src/features/back-pressure/feature.js';
import { startGateway, type Gateway } from '../../../src/gateway/server.js';
import { USUAL_SECURITY } from '../../../src/security/settings.js';
import { useDatabases } from '../../support/databases.js';

const databases = useDatabases();
let gateway: Gateway;

beforeAll(async () => {
  const shedding = feature({ security: { ...USUAL_SECURITY, eventLoopDelay: 60 } });
  const { platform } = databases;
  gateway = await startGateway({ platform, host: '127.0.0.1', port: 0, features: [shedding] });
});
afterAll(() => gateway[Symbol.asyncDispose]());

function ask(): Promise<Response> {
  const url = new URL(gateway.url);
  url.searchParams.set('query', '{ __typename }');
  return fetch(url, { headers: { 'apollo-require-preflight': 'yes' } });
}

/** Keeps the event loop from everything else for most of the time, until what it gives back is called. */
function burden(): () => void {
  const timer = setInterval(() => {
    const until = performance.now() + 150;
    while (performance.now() < until);
  }, 1);
  return () => {
    clearInterval(timer);
  };
}

test('while the event loop is behind, requests are 503 in the form of a GraphQL error, and /health answers', async () => {
  await expect.poll(async () => (await ask()).status, { timeout: 5_000 }).toBe(200);
  const relieve = burden();
  try {
    await expect.poll(async () => (await ask()).status, { timeout: 10_000 }).toBe(503);
    const refused = await ask();
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await refused.json()).toEqual({
      errors: [
        {
          message: 'the gateway is overloaded; come again in 2 s',
          extensions: { code: 'OVERLOADED', retryable: true },
        },
      ],
    });
    expect((await fetch(new URL('/health', gateway.url))).status).toBe(200);
  } finally {
    relieve();
  }
  await expect.poll(async () => (await ask()).status, { timeout: 10_000 }).toBe(200);
}, 30_000);
