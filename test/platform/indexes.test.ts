import { expect, test } from 'vitest';
import { RELATIONS } from '../../src/domains/catalogue.js';
import { createIndexes, missingIndexes, neededIndexes } from '../../src/platform/mongo/indexes.js';
import { useDatabases } from '../support/databases.js';

const databases = useDatabases();
const needed = neededIndexes(RELATIONS);
const missing = () => missingIndexes(databases.platform.mongo, needed);

test('a relation to many needs an index by its reference, then in the order of its list', () => {
  expect(needed).toEqual([{ collection: 'transactions', key: { orderId: 1, createdAt: -1, _id: -1 } }]);
});

test('what is there under another name is not missing; what is missing is created once', async () => {
  const { mongo } = databases.platform;
  const key = needed[0]?.key ?? {};
  await mongo.run((db) => db.collection('transactions').drop());
  expect(await missing()).toEqual(needed);
  await mongo.run((db) => db.collection('transactions').createIndex({ ...key }, { name: 'mine' }, {}));
  expect(await missing()).toEqual([]);
  await mongo.run((db) => db.collection('transactions').dropIndex('mine'));
  await createIndexes(mongo, await missing());
  expect(await missing()).toEqual([]);
});
