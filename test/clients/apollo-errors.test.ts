import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { startGateway } from '../../src/gateway/server.js';
import { startEmbeddedMongo } from '../../src/platform/embedded/mongo.js';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform } from '../../src/platform/platform.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { Seed } from '../support/seed.js';
import { createClient } from './front-end/client.js';
import { createOrder, deleteOrder } from './front-end/mutations.js';
import { ORDERS } from './front-end/orders.js';
import { problemsOf } from './front-end/problems.js';
import { useGateway } from './recorded-gateway.js';

const databases = useDatabases();
const seed = new Seed(databases);
const gateway = useGateway(databases);

const NOBODY = 'f'.repeat(24);

/** What the promise is rejected with. */
async function refusal(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was refused');
}

describe('a mutation that is refused', () => {
  test.each([
    ['a user who is not there', { userId: NOBODY, total: '1' }, 'USER_NOT_FOUND', 'input.userId'],
    ['a malformed id', { userId: 'nobody', total: '1' }, 'BAD_USER_INPUT', 'input.userId'],
    ['an amount that is none', { userId: NOBODY, total: '-1' }, 'BAD_USER_INPUT', 'input.total'],
  ])('with %s throws an error with code and field', async (_, input, code, field) => {
    const error = await refusal(createOrder(createClient(gateway.url), input));
    expect(problemsOf(error)).toMatchObject([{ code, field }]);
  });

  test('for an order that is gone throws NOT_FOUND', async () => {
    const error = await refusal(deleteOrder(createClient(gateway.url), '00000000-0000-4000-8000-000000000000'));
    expect(problemsOf(error)).toEqual([{ code: 'NOT_FOUND', field: 'id', path: 'deleteOrder' }]);
  });
});

test('a page size that is not allowed is BAD_USER_INPUT with its field, thrown or, by errorPolicy, returned', async () => {
  const client = createClient(gateway.url);
  const problem = { code: 'BAD_USER_INPUT', field: 'first', path: 'orders' };
  const variables = { first: 101 };
  expect(problemsOf(await refusal(client.query({ query: ORDERS, variables })))).toEqual([problem]);
  const { data, error } = await client.query({ query: ORDERS, variables, errorPolicy: 'all' });
  expect(data).toEqual({ orders: null });
  expect(problemsOf(error)).toEqual([problem]);
});

test('a list that could not be read is null, not empty, and is there once it was fetched again', async () => {
  const IDS = gql(`query OrderIds($first: Int!) { orders(first: $first) { edges { node { id } } } }`);
  await seed.order();
  const client = createClient(gateway.url);
  const policies = { errorPolicy: 'all', fetchPolicy: 'network-only' } as const;
  const ask = (first: number) => client.query({ query: IDS, variables: { first }, ...policies });
  expect((await ask(0)).data).toEqual({ orders: null });
  expect((await ask(1)).data?.orders?.edges).toHaveLength(1);
});

test('a server that is not there is UNREACHABLE', async () => {
  const error = await refusal(createClient('http://127.0.0.1:1/graphql').query({ query: ORDERS }));
  expect(problemsOf(error)).toMatchObject([{ code: 'UNREACHABLE' }]);
});

test('without MongoDB errorPolicy all gives the orders, and says for each user why it is null', async () => {
  const ada = await seed.user();
  const orders = [await seed.order({ user: ada }), await seed.order({ user: ada })];
  const variables = { where: { userId: { equals: ada.id } } };
  const client = createClient(await gatewayWithoutMongo());
  const { data, error } = await client.query({ query: ORDERS, variables, errorPolicy: 'all' });
  const edges = data?.orders?.edges ?? [];
  expect(edges.map(({ node }) => node?.id).sort()).toEqual(orders.map(({ id }) => id).sort());
  expect(edges.map(({ node }) => node?.user)).toEqual([null, null]);
  expect(problemsOf(error)).toEqual(
    [0, 1].map((at) => ({ code: 'MONGO_UNAVAILABLE', field: null, path: `orders.edges.${at}.node.user` })),
  );
});

/** A gateway on this file's PostgreSQL, whose MongoDB has gone since it started. */
async function gatewayWithoutMongo(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tandem-clients-'));
  const { cacheDirectory } = loadConfig({}, '/dev/null');
  const mongo = await startEmbeddedMongo({ directory, cacheDirectory, durable: false });
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const { databaseUrl } = databases;
  const platform = await openPlatform({ databaseUrl, mongodbUri: mongo.url, logger: createLogger('silent') });
  onTestFinished(() => platform[Symbol.asyncDispose]());
  const { url, ...running } = await startGateway({ platform, host: '127.0.0.1', port: 0 });
  onTestFinished(() => running[Symbol.asyncDispose]());
  await mongo.stop();
  return url;
}
