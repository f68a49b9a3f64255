import mongoose from 'mongoose';
import { beforeEach, expect, test } from 'vitest';
import {
  canBeWritten,
  deleteExactly,
  findWhole,
  insertWhole,
  replaceExactly,
} from '../../src/platform/mongo/whole-documents.js';
import { useDatabases } from '../support/databases.js';

const { Decimal128, Double, Int32 } = mongoose.mongo;

const databases = useDatabases();
const things = () => databases.platform.mongo.connection.collection('things');
const whole = () => findWhole(databases.platform.mongo, 'things', {});

beforeEach(() => things().deleteMany({}));

test('a document that has changed since it was read is not deleted, and not replaced', async () => {
  await things().insertMany([{ name: 'a' }, { name: 'b' }]);
  const read = await whole();
  await things().updateOne({ name: 'b' }, { $set: { name: 'c' } });
  expect(await deleteExactly(databases.platform.mongo, 'things', read)).toBe(1);
  expect((await things().find().toArray()).map(({ name }) => String(name))).toEqual(['c']);
  const [old] = read.slice(1);
  if (old === undefined) throw new Error('two documents were read');
  expect(await replaceExactly(databases.platform.mongo, 'things', old, old)).toBe(false);
  expect(await things().countDocuments({ name: 'c' })).toBe(1);
});

test.each([
  ['another type of the same number', { value: new Int32(1) }, { value: new Double(1) }],
  ['another order of its fields', { value: 1, other: 2 }, { other: 2, value: 1 }],
  ['one more field', { value: 1 }, { value: 1, other: null }],
])('%s is a change', async (_what, before, after) => {
  await things().insertOne({ ...before, _id: 'one' as never });
  const read = await whole();
  await things().replaceOne({ _id: 'one' as never }, after);
  expect(await deleteExactly(databases.platform.mongo, 'things', read)).toBe(0);
  expect(await things().countDocuments()).toBe(1);
});

test('what is not a number, and what no comparison tells from another value, is deleted and comes back', async () => {
  await things().insertOne({ nan: Number.NaN, zero: -0, exact: Decimal128.fromString('1.00'), list: [[], {}] });
  const [read] = await whole();
  if (read === undefined) throw new Error('a document was read');
  expect(canBeWritten(read)).toBe(true);
  expect(await deleteExactly(databases.platform.mongo, 'things', [read])).toBe(1);
  expect(await insertWhole(databases.platform.mongo, 'things', read)).toBeNull();
  expect(await insertWhole(databases.platform.mongo, 'things', read)).toBe('_id');
  const [back] = await whole();
  expect(Buffer.from(back?.bytes ?? []).equals(Buffer.from(read.bytes))).toBe(true);
});
