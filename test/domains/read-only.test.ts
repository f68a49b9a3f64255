import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { startStandaloneMongod, withClient, type StandaloneMongod } from '../support/mongod.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const role = () => `${new URL(databases.databaseUrl).pathname.slice(1)}_reader`;
const ID = '0123456789abcdef01234567';
const ORDER = '00000000-0000-4000-8000-000000000001';

let mongod: StandaloneMongod;
let platform: Platform;
const execute = useGraph({
  get platform() {
    return platform;
  },
});

beforeAll(async () => {
  await new Seed(databases).order({ id: ORDER, userId: ID, orderNumber: 'N1' });
  const { databaseUrl } = databases;
  await sql(
    databaseUrl,
    `CREATE ROLE ${role()} LOGIN PASSWORD 'reads'`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role()}`,
  );
  mongod = await startStandaloneMongod(['--auth']);
  await withClient(`mongodb://${mongod.address}/`, async (client) => {
    const roles = [{ role: 'root', db: 'admin' }];
    await client.db('admin').command({ createUser: 'owner', pwd: 'owns', roles });
  });
  await withClient(`mongodb://owner:owns@${mongod.address}/`, async (client) => {
    const { ObjectId } = await import('mongoose').then(({ default: { mongo } }) => mongo.BSON);
    await client
      .db('shop')
      .collection('users')
      .insertOne({ _id: new ObjectId(ID), username: 'Ada' });
    await client.db('shop').command({ createUser: 'reader', pwd: 'reads', roles: ['read'] });
  });
});
afterAll(async () => {
  await sql(databases.databaseUrl, `DROP OWNED BY ${role()}`, `DROP ROLE ${role()}`);
  await mongod.stop();
});

async function open(databaseUrl: string): Promise<Platform> {
  const mongodbUri = `mongodb://reader:reads@${mongod.address}/shop`;
  return openPlatform({ databaseUrl, mongodbUri, logger: createLogger('silent') });
}

function asReader(): string {
  return Object.assign(new URL(databases.databaseUrl), { username: role(), password: 'reads' }).href;
}

function readingOnly(): string {
  const url = new URL(databases.databaseUrl);
  url.searchParams.set('options', '-c default_transaction_read_only=on');
  return url.href;
}

describe.each([
  ['users who may only read', asReader],
  ['a PostgreSQL that takes no writes', readingOnly],
])('with %s', (_, url) => {
  beforeAll(async () => {
    platform = await open(url());
  });
  afterAll(async () => platform[Symbol.asyncDispose]());

  test('the graph is read, across both databases', async () => {
    const { data, errors } = await execute(
      gql(`query ReadByReader {
        orders {
          totalCount
          nodes { orderNumber user { username orders { nodes { id } } } transactions { nodes { id } } }
        }
      }`),
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      orders: {
        totalCount: 1,
        nodes: [
          {
            orderNumber: 'N1',
            user: { username: 'Ada', orders: { nodes: [{ id: ORDER }] } },
            transactions: { nodes: [] },
          },
        ],
      },
    });
  });

  test.each([
    `createOrder(input: { userId: "${ID}", total: 1 }) { order { id } }`,
    `updateOrder(id: "${ORDER}", input: { total: 2 }) { order { id } }`,
    `deleteOrder(id: "${ORDER}") { order { id } }`,
    `createUser(input: { username: "Eve" }) { user { id } }`,
    `updateUser(id: "${ID}", input: { power: 1 }) { user { id } }`,
    `deleteUser(id: "${ID}", orders: KEEP) { user { id } }`,
    `deleteUser(id: "${ID}", orders: KEEP, erase: true) { user { id } }`,
  ])('%s is READ_ONLY, and changes nothing', async (mutation) => {
    const { errors } = await execute.text(`mutation { ${mutation} }`);
    expect(errors).toMatchObject([{ extensions: { code: 'READ_ONLY' } }]);
    expect(errors[0]?.message).toMatch(/may only read.*nothing was written$/);
    expect(errors[0]?.message).not.toMatch(/permission|authorized|shop|orders"/);
    const left = await execute(
      gql(`query WhatIsLeft { orders { nodes { total } } users { nodes { username power } } }`),
    );
    expect(left.data).toEqual({
      orders: { nodes: [{ total: '10.00' }] },
      users: { nodes: [{ username: 'Ada', power: null }] },
    });
  });
});
