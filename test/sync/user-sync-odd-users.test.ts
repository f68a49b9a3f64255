import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { SyncStateRepository } from '../../src/copies/sync-state.repository.js';
import { COPIED } from '../../src/copies/user-copy.source.js';
import { useDatabases } from '../support/databases.js';
import { insertRaw } from './user-sync-raw.js';
import { sql } from '../support/rows.js';
import { QUICK_SYNC, useTimings } from '../support/timings.js';
import { listen } from '../support/log.js';
import { backfilled, clear, startSync, stateOf, usersIn } from './user-sync-support.js';

useTimings(QUICK_SYNC);
const databases = useDatabases();
const { Binary, Decimal128, Double, Long, ObjectId, UUID } = mongoose.mongo.BSON;

beforeEach(() => clear(databases));

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const users = () => usersIn(databases.platform);
const rowOf = async (id: unknown) =>
  (await run(`SELECT * FROM users WHERE "mongoId" = '${String(id).replaceAll("'", "''")}'`))[0];

/** Any BSON type may be a key. */
type AnyKey = mongoose.mongo.ObjectId;
const insert = (_id: unknown, fields: Record<string, unknown>) =>
  users().insertOne({ _id: _id as AnyKey, ...fields }, { forceServerObjectId: true });

async function copied(id: unknown, values: Record<string, unknown>): Promise<void> {
  await expect.poll(() => rowOf(id), { timeout: 15_000, interval: 50 }).toMatchObject(values);
}

/** Asks for a backfill, and waits for its end. */
async function backfill(): Promise<void> {
  const { backfilledAt } = (await stateOf(databases)) ?? {};
  await new SyncStateRepository(databases.platform.postgres).requestBackfill();
  await backfilled(databases, new Date((backfilledAt ?? new Date(0)).getTime() + 1));
}

const KEYS: readonly (readonly [string, unknown, string])[] = [
  ['a text', 'abc', 'abc'],
  ['a text of an ObjectId in upper case', 'ABCDEFABCDEF0123456789AB', 'abcdefabcdef0123456789ab'],
  ['a number of more digits than a double has', Long.fromString('9007199254740993'), '9007199254740993'],
  ['a text that looks like JSON', '{"$regex":".*"}', '{"$regex":".*"}'],
  ['an empty text', '', ''],
  ['a number', 5, '5'],
  ['a fraction', new Double(1.5), '1.5'],
  ['a 64-bit number', Long.fromString('5000000000'), '5000000000'],
  ['a decimal', Decimal128.fromString('1.50'), '{"$numberDecimal":"1.50"}'],
  ['a UUID', new UUID('00'.repeat(16)), '{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAA==","subType":"04"}}'],
  ['bytes', new Binary(Buffer.from('abc')), '{"$binary":{"base64":"YWJj","subType":"00"}}'],
  ['a boolean', true, 'true'],
  ['null', null, 'null'],
  ['a document', { a: 1, b: 'x' }, '{"a":1,"b":"x"}'],
  ['a date', new Date(0), '{"$date":"1970-01-01T00:00:00Z"}'],
];

describe('a user whose _id is', () => {
  test.each(KEYS)('%s is copied, stays, changes and goes', async (_name, key, id) => {
    startSync(databases);
    await backfilled(databases);
    await insert(key, { username: 'first' });
    await copied(id, { username: 'first', deletedAt: null });
    await users().updateOne({ _id: { $eq: key as AnyKey } }, { $set: { username: 'second' } });
    await copied(id, { username: 'second' });
    // As if the backfill had not come by: it looks for the user by the id of its copy.
    await run(`UPDATE users SET "sourceVersion" = NULL, "username" = 'spoilt'`);
    await backfill();
    expect(await rowOf(id)).toMatchObject({ username: 'second', deletedAt: null });
    expect(await run('SELECT count(*)::int AS "count" FROM users')).toEqual([{ count: 1 }]);
    await users().deleteOne({ _id: { $eq: key as AnyKey } });
    await copied(id, { deletedAt: expect.any(Date) as Date });
  });
});

test('of two documents with one id the copy is that of the usual key, while it is there', async () => {
  const key = new ObjectId();
  await insert(key.toHexString(), { username: 'a text' });
  await insert(key, { username: 'an ObjectId' });
  startSync(databases);
  await backfilled(databases);
  await copied(key, { username: 'an ObjectId' });
  await users().updateOne({ _id: { $eq: key.toHexString() as unknown as AnyKey } }, { $set: { power: 1 } });
  await insert('after', {});
  await copied('after', {});
  expect(await rowOf(key)).toMatchObject({ username: 'an ObjectId', power: null });
  await users().deleteOne({ _id: key });
  await copied(key, { username: 'a text', power: 1, deletedAt: null });
});

test('two numbers that are one as doubles are two users', async () => {
  await insert(Long.fromString('9007199254740992'), { username: 'even' });
  await insert(Long.fromString('9007199254740993'), { username: 'odd' });
  startSync(databases);
  await backfilled(databases);
  expect(await rowOf('9007199254740992')).toMatchObject({ username: 'even' });
  expect(await rowOf('9007199254740993')).toMatchObject({ username: 'odd' });
});

test('a backfill goes through keys of all types, whatever stretch they are in', async () => {
  const numbers = Array.from({ length: 1_500 }, (_, at) => ({ _id: at as unknown as AnyKey }));
  const texts = numbers.map((_, at) => ({ _id: `text ${at}` as unknown as AnyKey }));
  const objectIds = numbers.map(() => ({ _id: new ObjectId() }));
  await users().insertMany([...objectIds, ...texts, ...numbers]);
  startSync(databases);
  await backfilled(databases);
  expect(await run('SELECT count(*)::int AS "count" FROM users WHERE "deletedAt" IS NULL')).toEqual([{ count: 4_500 }]);
  expect(await stateOf(databases)).toMatchObject({ backfillDone: 4_500 });
});

test('characters that PostgreSQL cannot hold are left out, and said; the user after is copied too', async () => {
  const { logger, lines } = listen();
  startSync(databases, { logger });
  await backfilled(databases);
  await insert('nul', { username: 'a\0b', email: 'a@example.com' });
  await insert('surrogate', { username: 'a\uD800b' });
  await insertRaw(databases, { _id: 'raw', username: 'a#b', email: 'a@example.com' }, '#', 0xff);
  await insert('a\0key', { username: 'no id for PostgreSQL' });
  await insert('after', { username: 'sound' });
  await copied('after', { username: 'sound', syncProblem: null });
  expect(await rowOf('nul')).toMatchObject({
    ...{ username: 'ab', email: 'a@example.com' },
    syncProblem: 'username: characters that PostgreSQL cannot hold are left out',
  });
  expect(await rowOf('surrogate')).toMatchObject({ username: 'a\uFFFDb' });
  expect(await rowOf('raw')).toMatchObject({ username: 'a\uFFFDb', email: 'a@example.com' });
  expect(lines.map(({ msg }) => msg)).toEqual(['the table users takes no copy of a user']);
});

test('values of odd types are copied as the graph shows them', async () => {
  startSync(databases);
  await backfilled(databases);
  await insert('a', { username: { first: 'Ada' }, email: 5, locCode: 6, power: '12' });
  await insert('b', { username: ['Ada'], email: null, locCode: Long.fromString('9007199254740993'), power: 1e20 });
  await insert('c', { username: true, locCode: Decimal128.fromString('6'), power: Long.fromNumber(7) });
  await insert('d', { power: 1.5 });
  await copied('d', { power: null });
  expect(await rowOf('a')).toMatchObject({ username: null, email: '5', locCode: '6', power: 12 });
  expect(await rowOf('b')).toMatchObject({ username: null, email: null, locCode: '9007199254740993', power: null });
  expect(await rowOf('c')).toMatchObject({ username: null, locCode: null, power: 7 });
});

test('a document of 15 MB that is changed, again and again, does not end the stream', async () => {
  const { logger, lines } = listen();
  startSync(databases, { logger });
  await backfilled(databases);
  const { backfilledAt } = (await stateOf(databases)) ?? {};
  await insert('large', { username: 'first', more: 'x'.repeat(15 * 2 ** 20) });
  await users().updateOne({ username: 'first' }, { $set: { username: 'second' } });
  await users().updateOne({ username: 'second' }, { $set: { more: 'y'.repeat(15 * 2 ** 20) } });
  await users().replaceOne({ username: 'second' }, { username: 'third', more: 'z'.repeat(15 * 2 ** 20) });
  await copied('large', { username: 'third' });
  expect(await stateOf(databases)).toMatchObject({ backfilledAt, problem: null });
  expect(lines).toEqual([]);
});

test('an e-mail address of 5 MB, which no index takes, is left out, and said', async () => {
  startSync(databases);
  await backfilled(databases);
  const letters = Array.from({ length: 2 ** 18 }, () => new ObjectId().toHexString().slice(-8));
  await insert('large', { username: 'Ada', email: letters.join('') });
  await copied('large', { username: 'Ada', email: null, syncProblem: 'email: the table refuses it' });
});

test('nothing is copied but what is listed, and no password is anywhere in PostgreSQL', async () => {
  expect(COPIED).toEqual(['username', 'email', 'locCode', 'power']);
  startSync(databases);
  await backfilled(databases);
  const secrets = { password: 'hunter2', Password: 'hunter2', salt: 'hunter2', more: { password: 'hunter2' } };
  await insert('ada', { username: 'Ada', ...secrets });
  await copied('ada', { username: 'Ada' });
  await users().updateOne({ username: 'Ada' }, { $set: { password: 'hunter22', username: 'Augusta' } });
  await copied('ada', { username: 'Augusta' });
  const tables = await run(
    `SELECT format('SELECT %L AS "table" FROM %I.%I AS "row" WHERE "row"::text ~ ''hunter2''', relname, nspname, relname)
       AS "query"
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'm') AND nspname !~ '^pg_' AND nspname <> 'information_schema'`,
  );
  expect(tables.length).toBeGreaterThan(4);
  for (const { query } of tables) expect(await run(String(query))).toEqual([]);
});
