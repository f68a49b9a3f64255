import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { sql } from '../support/rows.js';
import { QUICK_SYNC, useTimings } from '../support/timings.js';
import { listen } from '../support/log.js';
import { backfilled, clear, copiesOf, inStep, startSync, stateOf, usersIn } from './user-sync-support.js';

useTimings(QUICK_SYNC);
const databases = useDatabases();
const seed = new Seed(databases);
const { ObjectId, EJSON } = mongoose.mongo.BSON;

beforeEach(() => clear(databases));

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const lost = expect.stringMatching(/^users are copied anew: /) as string;

/** A later backfill than that of now. */
async function anew(work: () => Promise<unknown>): Promise<void> {
  const { backfilledAt } = (await stateOf(databases)) ?? {};
  await work();
  await backfilled(databases, new Date((backfilledAt ?? new Date(0)).getTime() + 1));
  await inStep(databases);
}

/** A position in the collection `others`. */
async function positionElsewhere(): Promise<string> {
  const others = databases.platform.mongo.connection.collection('others');
  const stream = others.watch([]);
  try {
    const next = stream.next();
    const writing = setInterval(() => void others.insertOne({ _id: new ObjectId() }), 100);
    const { _id } = await next.finally(() => {
      clearInterval(writing);
    });
    return EJSON.stringify({ value: _id }, { relaxed: false });
  } finally {
    await stream.close();
  }
}

describe('a position that is', () => {
  const positions: Record<string, () => Promise<string> | string> = {
    garbage: () => '"garbage"',
    null: () => 'null',
    'an empty object': () => '{}',
    'of no data': () => '{"value": {"_data": "no token"}}',
    'cut off': async () => ((await stateOf(databases))?.token ?? '').replace(/[0-9A-F]{20}"/, '"'),
    'of another collection': positionElsewhere,
    'of the time before the oplog': () => '{"value": {"_data": "820000000100000001296E04"}}',
  };

  test.each(Object.keys(positions))('%s is healed by one backfill, which finds who was deleted', async (name) => {
    const [ada] = await seed.users(20);
    const first = startSync(databases);
    await backfilled(databases);
    await first[Symbol.asyncDispose]();
    const token = (await positions[name]?.()) ?? '';
    await run(`UPDATE tandem_sync SET token = '${token}'`);
    await usersIn(databases.platform).deleteOne({ _id: new ObjectId(ada?.id) });
    const { logger, lines } = listen();
    await anew(() => Promise.resolve(startSync(databases, { logger })));
    expect(lines).toEqual([expect.objectContaining({ msg: lost })]);
    expect(await copiesOf(databases)).toHaveLength(19);
    const { epoch, backfilledAt } = (await stateOf(databases)) ?? {};
    await seed.user();
    await inStep(databases);
    expect(await stateOf(databases)).toMatchObject({ epoch, backfilledAt });
    expect(lines).toHaveLength(1);
  });
});

describe('the copy follows a collection that is', () => {
  test('dropped, and comes again', async () => {
    await seed.users(20);
    startSync(databases);
    await backfilled(databases);
    await anew(() => usersIn(databases.platform).drop());
    expect(await copiesOf(databases)).toEqual([]);
    await seed.users(10);
    await inStep(databases);
    expect(await copiesOf(databases)).toHaveLength(10);
  });

  test('replaced by another one under its name', async () => {
    const { mongo } = databases.platform;
    await seed.users(20);
    startSync(databases);
    await backfilled(databases);
    await mongo.run((db) => db.collection('people').insertOne({ _id: new ObjectId(), username: 'another' }));
    await anew(() =>
      mongo.run(async (db) => {
        await db.renameCollection('users', 'former_users');
        await db.renameCollection('people', 'users');
      }),
    );
    expect(await copiesOf(databases)).toMatchObject([{ username: 'another' }]);
    await mongo.run((db) => db.collection('people').insertMany([{ username: 'a third' }, { username: 'a fourth' }]));
    await anew(() => mongo.run((db) => db.renameCollection('people', 'users', { dropTarget: true })));
    expect(await copiesOf(databases)).toHaveLength(2);
  });

  test('replaced while nobody looked', async () => {
    const { mongo } = databases.platform;
    await seed.users(20);
    const first = startSync(databases);
    await backfilled(databases);
    await first[Symbol.asyncDispose]();
    await usersIn(databases.platform).drop();
    await mongo.run((db) => db.collection('users').insertOne({ _id: new ObjectId(), username: 'another' }));
    const { logger, lines } = listen();
    await anew(() => Promise.resolve(startSync(databases, { logger })));
    expect(lines).toEqual([expect.objectContaining({ msg: lost })]);
  });

  test('made after the copy was begun', async () => {
    await usersIn(databases.platform)
      .drop()
      .catch(() => undefined);
    const { logger, lines } = listen();
    const first = startSync(databases, { logger });
    await backfilled(databases);
    const { backfilledAt } = (await stateOf(databases)) ?? {};
    await seed.users(10);
    await inStep(databases);
    await first[Symbol.asyncDispose]();
    await seed.users(10);
    const second = startSync(databases, { logger });
    await inStep(databases);
    await second[Symbol.asyncDispose]();
    expect(await copiesOf(databases)).toHaveLength(20);
    expect(await stateOf(databases)).toMatchObject({ backfilledAt });
    expect(lines).toEqual([]);
  });

  test('gone with its database', async () => {
    await seed.users(20);
    startSync(databases);
    await backfilled(databases);
    await anew(() => databases.platform.mongo.run((db) => db.dropDatabase()));
    expect(await copiesOf(databases)).toEqual([]);
    await seed.user();
    await inStep(databases);
    expect(await copiesOf(databases)).toHaveLength(1);
  });
});

test('a MongoDB that was set back to an earlier time is copied as it is now, later versions or not', async () => {
  await seed.users(20);
  const first = startSync(databases);
  await backfilled(databases);
  await first[Symbol.asyncDispose]();
  const future = 'f000000000000001';
  // As if the users had been copied later, and some had come later, than what the back-up has.
  await run(
    `UPDATE tandem_sync SET "coveredTo" = '${future}'`,
    `UPDATE users SET "sourceVersion" = '${future}', "namedVersion" = '${future}', username = 'later'`,
    `INSERT INTO users ("id", "mongoId", "username", "sourceVersion")
     SELECT "id", "id", 'later', '${future}' FROM (SELECT '${new ObjectId().toHexString()}' AS "id") AS "new"`,
  );
  const { logger, lines } = listen();
  await anew(() => Promise.resolve(startSync(databases, { logger })));
  expect(lines).toEqual([expect.objectContaining({ msg: lost })]);
  const [later] = await run(
    `SELECT count(*)::int AS "count" FROM users WHERE '${future}' IN ("sourceVersion", "namedVersion")`,
  );
  expect(later).toEqual({ count: 0 });
  expect(await copiesOf(databases)).toHaveLength(20);
});

test('a state that is lost with its row is made again', async () => {
  await seed.users(20);
  startSync(databases);
  await backfilled(databases);
  await run('DELETE FROM tandem_sync', 'DELETE FROM users');
  await backfilled(databases);
  await inStep(databases);
  expect(await copiesOf(databases)).toHaveLength(20);
});
