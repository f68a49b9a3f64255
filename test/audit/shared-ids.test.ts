import mongoose from 'mongoose';
import { beforeEach, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { Diagnosis } from '../cli/doctor-support.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { collection, copiedOnce, nothingIn } from './consistency-support.js';

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const seed = new Seed(databases);
const { Long, ObjectId, UUID } = mongoose.mongo.BSON;
const id = (number: number) => `abcdefabcdef0123456789a${number}`;
const mixed = (number: number) => `abcDEFabcdef0123456789a${number}`;
const ID = id(0);
const UUID_TEXT = '{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAA==","subType":"04"}}';

beforeEach(() => nothingIn(databases));

/** Documents that have one id, of every kind: what they are, the id, and the `_id`s. */
const SHARED: readonly (readonly [what: string, id: string, keys: readonly unknown[]])[] = [
  ['an ObjectId and a text', id(1), [new ObjectId(id(1)), id(1)]],
  ['texts in upper and in lower case', id(2), [id(2).toUpperCase(), id(2)]],
  ['an ObjectId and a text in mixed case', id(3), [new ObjectId(id(3)), mixed(3)]],
  ['texts in mixed case', id(4), [mixed(4), `ABC${id(4).slice(3)}`]],
  ['an ObjectId and two texts', id(5), [new ObjectId(id(5)), id(5), id(5).toUpperCase()]],
  ['a number and a text', '7', [7, '7']],
  ['a 64-bit number and a text', '9007199254740993', [Long.fromString('9007199254740993'), '9007199254740993']],
  ['a UUID and a text', UUID_TEXT, [new UUID('00'.repeat(16)), UUID_TEXT]],
  ['true and a text', 'true', [true, 'true']],
];

test.each([2, 100])('each id of several documents is found once, %d users at a time', async (size) => {
  const planted = SHARED.flatMap(([, , keys]) => keys);
  for (const _id of planted) await seed.document('users', { _id, username: 'Ada' });
  for (let at = 0; at < 5; at += 1) await seed.document('users', { _id: `text ${at}`, username: 'Eve' });
  await seed.user();
  await copiedOnce(databases);
  const audit = await createScope(databases.platform).audit.audit({ size });
  expect(audit.users).toBe(planted.length + 6);
  expect(audit.conflictingCopies).toMatchObject({ count: SHARED.length, reasons: { ID_SHARED: SHARED.length } });
  const found = audit.conflictingCopies.examples.map((example) => [
    example.id,
    /(\d+) users/.exec(example.problem)?.[1],
  ]);
  expect(new Map(found as [string, string][])).toEqual(
    new Map(SHARED.map(([, shared, keys]) => [shared, `${keys.length}`])),
  );
  expect(audit.isSound).toBe(false);
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
