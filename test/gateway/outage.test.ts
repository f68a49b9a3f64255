import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { orders } from '../../src/domains/order/order.source.js';
import type { EmbeddedServer } from '../../src/platform/embedded/embedded-server.js';
import { startEmbeddedMongo } from '../../src/platform/embedded/mongo.js';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.js';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { applyMigrations } from '../../src/platform/postgres/migrations.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { Seed } from '../support/seed.js';

// Servers of this file's own, on one port each for their whole life: they are stopped in the middle.
let directory: string;
let postgres: EmbeddedServer;
let mongo: EmbeddedServer;
let platform: Platform;
const databases = {
  get platform() {
    return platform;
  },
};
const execute = useGraph(databases);
const seed = new Seed(databases);

const startPostgres = () => startEmbeddedPostgres({ directory: join(directory, 'postgres'), durable: false });
const startMongo = () =>
  startEmbeddedMongo({
    directory: join(directory, 'mongo'),
    cacheDirectory: loadConfig({}, '/dev/null').cacheDirectory,
    durable: false,
  });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tandem-outage-'));
  [postgres, mongo] = await Promise.all([startPostgres(), startMongo()]);
  await applyMigrations(postgres.url);
  platform = await openPlatform({ databaseUrl: postgres.url, mongodbUri: mongo.url, logger: createLogger('silent') });
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await Promise.all([postgres.stop(), mongo.stop()]);
  await rm(directory, { recursive: true, force: true });
});

const ORDERS = gql(`query OrdersWithBoth { orders { nodes { id user { id } transactions { nodes { id } } } } }`);
const CREATE_ORDER = gql(`mutation CreateOrderForOne($userId: ID!) {
  createOrder(input: { userId: $userId, total: 1 }) { order { id } }
}`);
const CREATE_USER = gql(`mutation CreateUserByName($username: String!) {
  createUser(input: { username: $username }) { user { id } }
}`);
const createOrder = (userId: string) => execute(CREATE_ORDER, { userId });

test('without MongoDB orders are served, their users and transactions are null with a code, and nothing is written', async () => {
  const ada = await seed.user();
  for (let at = 0; at < 3; at += 1) await seed.order({ user: ada });
  const { url } = mongo;
  await mongo.stop();
  const startedAt = performance.now();
  const answer = await execute(ORDERS);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  expect(answer.data.orders?.nodes).toHaveLength(3);
  for (const node of answer.data.orders?.nodes ?? []) expect([node?.user, node?.transactions]).toEqual([null, null]);
  expect(answer.errors).toHaveLength(6);
  for (const { extensions, message } of answer.errors) {
    expect(extensions).toEqual({ code: 'MONGO_UNAVAILABLE', retryable: true });
    expect(message).not.toMatch(/127\.0\.0\.1|\d{5}|ECONN/);
  }
  expect((await createOrder(ada.id)).errors).toMatchObject([{ extensions: { code: 'USER_UNVERIFIABLE' } }]);
  const created = await execute(CREATE_USER, { username: 'Eve' });
  expect(created.errors).toMatchObject([{ extensions: { code: 'MONGO_UNAVAILABLE' } }]);
  expect(await platform.readers.postgres.count(orders, null)).toBe(3);

  mongo = await startMongo();
  expect(mongo.url).toBe(url);
  await expect.poll(async () => (await execute(ORDERS)).errors, { timeout: 10_000 }).toEqual([]);
  expect((await createOrder(ada.id)).errors).toEqual([]);
});

test('without PostgreSQL users are served, orders are null with a code', async () => {
  const ada = await seed.user({ username: 'Ada' });
  const { url } = postgres;
  await postgres.stop();
  const answer = await execute(
    gql(`query UserAndOrders($id: ID!) { user(id: $id) { username } orders { nodes { id } } }`),
    { id: ada.id },
  );
  expect(answer.data).toEqual({ user: { username: 'Ada' }, orders: null });
  expect(answer.errors).toMatchObject([{ path: ['orders'], extensions: { code: 'POSTGRES_UNAVAILABLE' } }]);
  for (const refused of [
    await createOrder(ada.id),
    await execute(gql(`mutation DeleteUserOnly($id: ID!) { deleteUser(id: $id) { user { id } } }`), { id: ada.id }),
  ]) {
    expect(refused.errors).toMatchObject([{ extensions: { code: 'POSTGRES_UNAVAILABLE' } }]);
  }
  const users = await execute(
    gql(`query UserWithOrders($id: ID!) { user(id: $id) { username orders { nodes { id } } } }`),
    { id: ada.id },
  );
  expect(users.data).toEqual({ user: { username: 'Ada', orders: null } });
  expect(users.errors).toMatchObject([{ path: ['user', 'orders'], extensions: { code: 'POSTGRES_UNAVAILABLE' } }]);

  postgres = await startPostgres();
  expect(postgres.url).toBe(url);
  await expect.poll(async () => (await execute(ORDERS)).errors, { timeout: 10_000 }).toEqual([]);
});

test('a user that is written while MongoDB is frozen is OUTCOME_UNKNOWN: it is there afterwards', async () => {
  await seed.user();
  process.kill(mongo.pid, 'SIGSTOP');
  const written = execute(CREATE_USER, { username: 'Frozen' });
  const { errors } = await written.finally(() => process.kill(mongo.pid, 'SIGCONT'));
  expect(errors).toMatchObject([{ extensions: { code: 'OUTCOME_UNKNOWN' } }]);
  const frozen = () =>
    execute(gql(`query FrozenUsers { users(where: { username: { equals: "Frozen" } }) { totalCount } }`));
  await expect.poll(async () => (await frozen()).data, { timeout: 10_000 }).toEqual({ users: { totalCount: 1 } });
});
