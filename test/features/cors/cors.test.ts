import { print } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { feature } from '../../../src/features/cors/feature.js';
import { startGateway, type Gateway } from '../../../src/gateway/server.js';
import { useDatabases } from '../../support/databases.js';
import { gql } from '../../support/gql.js';

const LISTED = 'http://localhost:5173';
const OTHERS = ['http://localhost:5174', 'https://localhost:5173', 'http://localhost:5173.evil.example', 'null'];

const databases = useDatabases();
let gateway: Gateway;

beforeAll(async () => {
  const { platform } = databases;
  const features = [feature({ corsOrigins: [LISTED, 'https://shop.example.com'] })];
  gateway = await startGateway({ platform, host: '127.0.0.1', port: 0, production: true, features });
});
afterAll(async () => gateway[Symbol.asyncDispose]());

const COUNT = print(gql(`query CountAcrossOrigins { orders { totalCount } }`));

const ask = (origin: string | null, query = COUNT) =>
  fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(origin === null ? {} : { origin }) },
    body: JSON.stringify({ query }),
  });

const preflight = (origin: string) =>
  fetch(gateway.url, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  });

const corsHeaders = ({ headers }: Response) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe('a request', () => {
  test('of a listed origin is answered to that origin, without credentials', async () => {
    const response = await ask(LISTED);
    expect(await response.json()).toHaveProperty('data.orders.totalCount');
    expect(response.headers.get('access-control-allow-origin')).toBe(LISTED);
    expect(response.headers.get('vary')).toMatch(/\borigin\b/i);
    expect(corsHeaders(response)).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
    expect(response.headers.get('access-control-expose-headers')).toBe('retry-after, www-authenticate');
  });

  test.each([...OTHERS, null])('of %s has an answer that a browser keeps from the page', async (origin) => {
    const response = await ask(origin);
    expect(corsHeaders(response)).toEqual([]);
    expect(response.headers.get('vary')).toMatch(/\borigin\b/i);
  });

  test('that fails is answered to its origin as well, so that the page can show why', async () => {
    for (const query of ['{', '{ nothing }']) {
      const response = await ask(LISTED, query);
      expect(response.status).toBe(400);
      expect(response.headers.get('access-control-allow-origin')).toBe(LISTED);
    }
    const noJson = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: LISTED },
      body: '{',
    });
    expect([noJson.status, noJson.headers.get('access-control-allow-origin')]).toEqual([400, LISTED]);
  });

  test('outside of the graph is nothing for other pages', async () => {
    const response = await fetch(new URL('/health', gateway.url), { headers: { origin: LISTED } });
    expect(corsHeaders(response)).toEqual([]);
  });
});

describe('a preflight', () => {
  test('of a listed origin is told what it may send', async () => {
    const response = await preflight(LISTED);
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(LISTED);
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST');
    expect(response.headers.get('access-control-allow-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['content-type', 'authorization', 'apollo-require-preflight']),
    );
    expect(Number(response.headers.get('access-control-max-age'))).toBeGreaterThan(0);
    expect(response.headers.get('vary')).toMatch(/\borigin\b/i);
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each(OTHERS)('of %s is told nothing', async (origin) => {
    const response = await preflight(origin);
    expect(response.status).toBe(204);
    expect(corsHeaders(response)).toEqual([]);
  });
});
