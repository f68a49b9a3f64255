import { auditServer } from 'graphql-http';
import { expect, test } from 'vitest';
import { startGateway } from '../../src/gateway/server.js';
import { useDatabases } from '../support/databases.js';

const databases = useDatabases();

/**
 * A query that is wrong is answered with 400 to whoever accepts `application/json` too, as to everybody else. The
 * specification recommends 200 there, for clients of old that take anything else for a broken network.
 */
const WRONG_IS_400 = { '572B': 'warn', FDE2: 'warn', '7B9B': 'warn' };

/** These ask for `__type`, which nobody is told in production. */
const NEED_INTROSPECTION = { BF61: 'error', '28B9': 'error', '2EA1': 'warn', D6D5: 'notice', '6A70': 'notice' };

/** A GET without a header like this one is refused: any page could make a browser send it. */
const SAME_PAGE = { 'apollo-require-preflight': 'yes' };

interface Init extends RequestInit {
  readonly headers?: Record<string, string>;
}

/** `fetch`, with these headers on what goes by GET. */
const fetching =
  (headersOfGet: Record<string, string>) =>
  (url: string, init: Init = {}): Promise<Response> => {
    const added = init.method === 'POST' ? {} : headersOfGet;
    return fetch(url, { ...init, headers: { connection: 'close', ...init.headers, ...added } });
  };

test.each([
  ['development', false, WRONG_IS_400],
  ['production', true, { ...WRONG_IS_400, ...NEED_INTROSPECTION }],
])('in %s all of the 61 audits of GraphQL over HTTP pass, but for what is meant', async (_, production, meant) => {
  await using gateway = await startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0, production });
  const results = await auditServer({ url: gateway.url, fetchFn: fetching(SAME_PAGE) });
  expect(results).toHaveLength(61);
  const others = results.filter(({ status }) => status !== 'ok');
  expect(Object.fromEntries(others.map(({ id, status }) => [id, status]))).toEqual(meant);
});

test('without the header none of the audits that a page could send by GET is answered, and nothing else fails', async () => {
  await using gateway = await startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0 });
  const results = await auditServer({ url: gateway.url, fetchFn: fetching({}) });
  expect(results.filter(({ status }) => status === 'error')).toEqual([]);
  expect(results.filter(({ status }) => status === 'notice').map(({ id }) => id)).toEqual(['5A70', 'D6D5', '6A70']);
});
