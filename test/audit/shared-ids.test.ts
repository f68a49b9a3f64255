import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { Diagnosis } from '../cli/doctor-support.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { collection, copiedOnce, nothingIn } from './consistency-support.js';

const databases = useDatabases();
const seed = new Seed(databases);
const { Long, ObjectId, UUID } = mongoose.mongo.BSON;
const ID = 'abcdefabcdef0123456789ab';
const MIXED = 'ABCdefabcdef0123456789ab';
const OTHER_MIXED = 'abcDEFabcdef0123456789ab';
const UUID_TEXT = '{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAA==","subType":"04"}}';

beforeEach(() => nothingIn(databases));

describe.each([
  ['an ObjectId and a text', ID, [new ObjectId(ID), ID]],
  ['texts in upper and in lower case', ID, [ID.toUpperCase(), ID]],
  ['an ObjectId and a text in mixed case', ID, [new ObjectId(ID), MIXED]],
  ['texts in mixed case', ID, [MIXED, OTHER_MIXED]],
  ['an ObjectId and two texts', ID, [new ObjectId(ID), ID, ID.toUpperCase()]],
  ['a number and a text', '7', [7, '7']],
  ['a 64-bit number and a text', '9007199254740993', [Long.fromString('9007199254740993'), '9007199254740993']],
  ['a UUID and a text', UUID_TEXT, [new UUID('00'.repeat(16)), UUID_TEXT]],
  ['true and a text', 'true', [true, 'true']],
])('%s that are one id', (_how, id, keys) => {
  test.each([2, 100])('are found once, with their number, %d users at a time', async (size) => {
    for (const _id of keys) await seed.document('users', { _id, username: 'Ada' });
    for (let at = 0; at < 5; at += 1) await seed.document('users', { _id: `text ${at}`, username: 'Eve' });
    await seed.user();
    await copiedOnce(databases);
    const audit = await createScope(databases.platform).audit.audit({ size });
    expect(audit.users).toBe(keys.length + 6);
    expect(audit.conflictingCopies).toMatchObject({ count: 1, reasons: { ID_SHARED: 1 } });
    expect(audit.conflictingCopies.examples).toMatchObject([
      { id, problem: expect.stringContaining(`${keys.length} users have this id`) as string },
    ]);
    expect(audit.isSound).toBe(false);
  });
});

test('numbers that differ by their last digit, and ids that differ, are no finding', async () => {
  for (const _id of [Long.fromString('9007199254740992'), Long.fromString('9007199254740993'), 'a', 'A', 7, '07'])
    await seed.document('users', { _id, username: 'Ada' });
  await copiedOnce(databases);
  expect(await createScope(databases.platform).audit.audit()).toMatchObject({
    isSound: true,
    users: 6,
    copies: 6,
  });
});

test('a shared id is left as it is by a repair', async () => {
  for (const _id of [new ObjectId(ID), ID]) await seed.document('users', { _id, username: 'Ada' });
  await copiedOnce(databases);
  const run = await createScope(databases.platform).repair.run({ isDry: false, conflictingCopies: 'RELINK' });
  expect(run.acts).toMatchObject([
    { id: ID, outcome: 'left', because: expect.stringContaining('another _id') as string },
  ]);
  expect(await collection(databases.platform, 'users').countDocuments()).toBe(2);
});

test('the doctor names shared ids of users and of transactions, with their number and types', async () => {
  for (const _id of [new ObjectId(ID), ID, 7, '7']) await seed.document('users', { _id });
  for (const _id of [new ObjectId(ID), ID.toUpperCase()]) await seed.document('transactions', { _id });
  const diagnosis = await Diagnosis.of(databases);
  expect(diagnosis.of('mongo.ids')).toMatchObject([
    {
      status: 'warning',
      message: expect.stringContaining('users: 2 ids of several documents') as string,
      data: {
        ...{ collection: 'users', count: 2, isExact: true },
        examples: [
          { id: '7', types: ['int', 'string'] },
          { id: ID, types: ['objectId', 'string'] },
        ],
      },
    },
    { status: 'warning', data: { collection: 'transactions', count: 1 } },
  ]);
});

test('the doctor looks through a view as well', async () => {
  for (const _id of [new ObjectId(ID), ID]) await seed.document('users', { _id });
  await databases.platform.mongo.run((db) => db.createCollection('seen', { viewOn: 'users', pipeline: [] }));
  const diagnosis = await Diagnosis.of({ ...addresses(), collections: { users: 'seen' } });
  expect(diagnosis.of('mongo.ids')).toMatchObject([{ data: { collection: 'seen', count: 1 } }]);
  await databases.platform.mongo.run((db) => db.dropCollection('seen'));
});

function addresses() {
  const { databaseUrl, mongodbUri } = databases;
  return { databaseUrl, mongodbUri };
}
