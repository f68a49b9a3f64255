import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SOURCES } from '../../src/domains/catalogue.js';
import { examineCollections } from '../../src/platform/mongo/collection-fitness.js';
import { shardedByOthers } from '../../src/platform/mongo/doubling.js';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { useGraph } from '../support/graph.js';
import { remainsOf } from '../support/remains.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
let platform: Platform;
const opened = {
  get platform() {
    return platform;
  },
};
const execute = useGraph(opened);
const seed = new Seed(databases);

const NEW = `mutation($input: CreateOrderInput!) { createOrder(input: $input) { order { id transactionState } } }`;
const CHANGE = `mutation($id: ID!, $input: UpdateOrderInput!) { updateOrder(id: $id, input: $input) { order { total } } }`;

const reopen = async () => {
  const { databaseUrl, mongodbUri } = databases;
  const applicationName = new URL(databaseUrl).pathname.slice(1);
  platform = await openPlatform({ databaseUrl, mongodbUri, logger: createLogger('silent'), applicationName });
};
const inMongo = <T>(work: (db: mongoose.mongo.Db) => Promise<T>) => databases.platform.mongo.run(work);
const created = (answer: { data: unknown }) =>
  (answer.data as { createOrder: { order: { id: string } } }).createOrder.order.id;

describe.each([
  ['without a metaField', { timeField: 'createdAt' }],
  ['whose metaField is orderId', { timeField: 'createdAt', metaField: 'orderId' }],
])('transactions in a time-series collection %s', (_, timeseries) => {
  beforeAll(async () => {
    await inMongo(async (db) => {
      await db.collection('transactions').drop();
      await db.createCollection('transactions', { timeseries });
    });
    await reopen();
  });
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
    await inMongo((db) => db.collection('transactions').drop());
  });

  test.each(['REQUIRED', 'EVENTUAL'])('an order with %s is refused before anything is written', async (transaction) => {
    const { id: userId } = await seed.user();
    const idempotencyKey = randomUUID();
    const before = await platform.postgres.query('SELECT count(*)::int AS "orders" FROM "orders"');
    const answer = await execute.text(NEW, { input: { userId, total: '1', transaction, idempotencyKey } });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'NOT_UNIQUE' } }]);
    expect(answer.errors[0]?.message).toContain('transactions is a time-series collection');
    expect(await platform.postgres.query('SELECT count(*)::int AS "orders" FROM "orders"')).toEqual(before);
    expect(await inMongo((db) => db.collection('transactions').countDocuments())).toBe(0);
  });

  test('an order without a transaction is created and changed', async () => {
    const { id: userId } = await seed.user();
    const answer = await execute.text(NEW, { input: { userId, total: '1' } });
    const changed = await execute.text(CHANGE, { id: created(answer), input: { total: '2' } });
    expect(changed.data).toEqual({ updateOrder: { order: { total: '2.00' } } });
  });

  test('the total of an order that has a transaction is not changed, and the number is', async () => {
    const order = await seed.order({ transactionState: 'RECORDED', total: '1.00' });
    const refused = await execute.text(CHANGE, { id: order.id, input: { total: '2' } });
    expect(refused.errors).toMatchObject([{ extensions: { code: 'NOT_UNIQUE' } }]);
    const renumbered = await execute.text(CHANGE, { id: order.id, input: { orderNumber: randomUUID() } });
    expect(renumbered.data).toEqual({ updateOrder: { order: { total: '1.00' } } });
  });

  test('a doubled "_id" is counted before the first write', async () => {
    const twice = { _id: new mongoose.Types.ObjectId(), orderId: randomUUID(), createdAt: new Date() };
    await inMongo((db) =>
      db.collection('transactions').insertMany([twice, { ...twice }, { ...twice, _id: new mongoose.Types.ObjectId() }]),
    );
    const findings = await examineCollections(platform.mongo, SOURCES);
    expect(findings.map(({ about, severity, problem }) => `${severity} ${about}: ${problem}`)).toEqual([
      expect.stringMatching(
        /^warning transactions: transactions is a time-series collection, .*"_id" is not unique/,
      ) as string,
      'warning transactions._id: 1 "_id" of transactions is held by several documents, and 1 "orderId"',
    ]);
  });
});

describe('a collection that became one of time series after the gateway has started', () => {
  beforeAll(async () => {
    await reopen();
    await inMongo((db) => db.createCollection('transactions', { timeseries: { timeField: 'createdAt' } }));
  });
  afterAll(async () => platform[Symbol.asyncDispose]());

  test('takes no transaction twice: REQUIRED is taken back, EVENTUAL says why', async () => {
    const { id: userId } = await seed.user();
    const required = await execute.text(NEW, { input: { userId, total: '1', transaction: 'REQUIRED' } });
    expect(required.errors).toMatchObject([{ extensions: { code: 'TRANSACTION_FAILED', compensated: true } }]);
    expect(required.errors[0]?.message).toContain('NOT_UNIQUE');
    const eventual = created(await execute.text(NEW, { input: { userId, total: '1', transaction: 'EVENTUAL' } }));
    const { settlement } = createScope(platform);
    await expect(settlement.settle(eventual as never, performance.now() + 1_000)).rejects.toMatchObject({
      code: 'NOT_UNIQUE',
    });
    const remains = await remainsOf(platform, eventual);
    expect(remains).toMatchObject({ row: { transactionState: 'PENDING' }, transactions: [], tombstones: [] });
  });
});

describe('two documents that the graph knows by one id', () => {
  test('are left by repair, which deletes neither', async () => {
    await inMongo((db) => db.collection('transactions').drop());
    await seed.order({ user: await seed.user() });
    const _id = new mongoose.Types.ObjectId();
    const orphan = { orderId: randomUUID(), createdAt: new Date() };
    await seed.document('transactions', { _id, ...orphan });
    await seed.document('transactions', { _id: _id.toHexString(), ...orphan });
    const { repair } = createScope(databases.platform);
    const { acts } = await repair.run({ isDry: false, orphanTransactions: 'DELETE' });
    const because = expect.stringContaining('NOT_UNIQUE') as string;
    expect(acts.filter(({ outcome }) => outcome === 'left').map((act) => act.because)).toEqual([because, because]);
    expect(await inMongo((db) => db.collection('transactions').countDocuments())).toBe(2);
  });
});

describe('a sharded collection', () => {
  const config = () =>
    databases.platform.mongo.connection.getClient().db('config').collection<{ _id: string }>('collections');
  const name = () => databases.platform.mongo.connection.name;
  const keys = {
    byUser: { userId: 1 },
    byId: { _id: 1 },
    hashed: { _id: 'hashed' },
    compound: { _id: 1, createdAt: 1 },
  };
  afterAll(() => config().deleteMany({}));

  test('keeps "_id" unique only where that alone is its key', async () => {
    await config().insertMany(
      Object.entries(keys).map(([collection, key]) => ({
        _id: `${name()}.${collection}`,
        key,
        dropped: false,
      })),
    );
    await config().insertOne({ _id: `${name()}x.byUser`, key: { userId: 1 } } as never);
    const found = await inMongo(shardedByOthers);
    expect(found.map(([collection]) => collection).toSorted()).toEqual(['byUser', 'compound']);
    expect(found.find(([collection]) => collection === 'byUser')?.[1]).toBe(
      'sharded by {"userId":1}: only each shard keeps "_id" unique',
    );
  });
});
