import { beforeEach, expect, test } from 'vitest';
import { RELATIONS, SOURCES } from '../../src/domains/catalogue.js';
import { createIndexes, describeIndex, missingIndexes, neededIndexes } from '../../src/platform/mongo/indexes.js';
import { useDatabases } from '../support/databases.js';

const databases = useDatabases();
const needed = neededIndexes(SOURCES, RELATIONS);
const missing = async () => (await missingIndexes(databases.platform.mongo, needed)).map(describeIndex);

type Options = Record<string, unknown>;
const create = (collection: string, key: Record<string, 1 | -1>, options: Options = {}) =>
  databases.platform.mongo.run((db) => db.collection(collection).createIndex(key, { name: 'mine', ...options }, {}));

const BY_ORDER = 'db.transactions.createIndex({"orderId":1,"createdAt":-1,"_id":-1})';
const BY_USER = 'db.transactions.createIndex({"userId":1,"createdAt":-1,"_id":-1})';
const USERS = 'db.users.createIndex({"createdAt":-1,"_id":-1})';
const TRANSACTIONS = 'db.transactions.createIndex({"createdAt":-1,"_id":-1})';

beforeEach(() => databases.platform.mongo.run((db) => db.dropDatabase()));

test('lists need an index by their reference, then in their order; lists of a whole source one in their order', () => {
  expect(needed.map(describeIndex)).toEqual([BY_ORDER, BY_USER, USERS, TRANSACTIONS]);
});

test('what is missing is created once', async () => {
  const { mongo } = databases.platform;
  expect(await missing()).toEqual([BY_ORDER, BY_USER, USERS, TRANSACTIONS]);
  await createIndexes(mongo, await missingIndexes(mongo, needed));
  expect(await missing()).toEqual([]);
  await createIndexes(mongo, needed);
});

test.each([
  ['under another name', { createdAt: -1, _id: -1 }],
  ['in the reverse order', { createdAt: 1, _id: 1 }],
  ['with more fields behind', { createdAt: 1, _id: 1, email: 1 }],
] as const)('an index %s is not missing', async (_, key) => {
  await create('users', key);
  expect(await missing()).not.toContain(USERS);
});

test.each([
  { userId: 1, createdAt: 1, _id: 1 },
  { userId: -1, createdAt: -1, _id: -1 },
] as const)('rows of one parent may be read from %j either way', async (key) => {
  await create('transactions', key);
  expect(await missing()).toEqual([BY_ORDER, USERS, TRANSACTIONS]);
});

test.each([
  ['half reversed', { createdAt: -1, _id: 1 }, {}],
  ['by fewer fields', { createdAt: -1 }, {}],
  ['sparse', { createdAt: -1, _id: -1 }, { sparse: true }],
  ['partial', { createdAt: -1, _id: -1 }, { partialFilterExpression: { email: { $exists: true } } }],
  ['hidden', { createdAt: 1, _id: 1 }, { hidden: true }],
  ['collated', { createdAt: -1, _id: -1 }, { collation: { locale: 'de' } }],
] as const)('an index that is %s does not serve, and the needed one can stand beside it', async (_, key, options) => {
  await create('users', key, { ...options, name: Object.entries(key).flat().join('_') });
  expect(await missing()).toContain(USERS);
  const { mongo } = databases.platform;
  await createIndexes(mongo, await missingIndexes(mongo, needed));
  expect(await missing()).toEqual([]);
});

test('a collection with a collation of its own gets an index that compares byte by byte', async () => {
  const { mongo } = databases.platform;
  await mongo.run((db) => db.createCollection('users', { collation: { locale: 'de' } }));
  await mongo.run((db) => db.collection('users').createIndex({ createdAt: -1, _id: -1 }, {}, {}));
  expect(await missing()).toContain(USERS);
  await createIndexes(mongo, await missingIndexes(mongo, needed));
  expect(await missing()).toEqual([]);
});
