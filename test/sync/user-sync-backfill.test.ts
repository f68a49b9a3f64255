import mongoose from 'mongoose';
import { beforeEach, expect, test } from 'vitest';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import { SyncStateRepository } from '../../src/copies/sync-state.repository.js';
import type { ClusterTime } from '../../src/platform/mongo/cluster-time.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { QUICK_SYNC, useTimings } from '../support/timings.js';
import { Churn } from './user-sync-churn.js';
import { backfilled, clear, copiesOf, inStep, startSync, stateOf, usersIn } from './user-sync-support.js';

useTimings(QUICK_SYNC);
const databases = useDatabases();
const { ObjectId } = mongoose.mongo.BSON;

const USERS = 5_000;

beforeEach(() => clear(databases));

async function insertUsers(count: number): Promise<void> {
  const documents = Array.from({ length: count }, (_, at) => ({ _id: new ObjectId(), username: `user ${at}` }));
  await usersIn(databases.platform).insertMany(documents);
}

/** Waits until a backfill is in its middle. */
async function halfWay(): Promise<void> {
  await expect
    .poll(async () => (await stateOf(databases))?.after ?? null, { timeout: 20_000, interval: 2 })
    .not.toBeNull();
}

/** Makes each statement that copies users slow, so that a backfill can be met in its middle. */
const slow = () =>
  sql(
    databases.databaseUrl,
    `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$`,
    'CREATE TRIGGER slow AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION slow()',
  );
const fast = () => sql(databases.databaseUrl, 'DROP FUNCTION slow CASCADE');

test('a backfill that is interrupted is taken up where it was', async () => {
  await insertUsers(USERS);
  await slow();
  const first = startSync(databases);
  await halfWay();
  await first[Symbol.asyncDispose]();
  const left = await stateOf(databases);
  expect(left).toMatchObject({ phase: 'users', after: expect.any(String) as string, backfillTotal: USERS });
  expect(left?.backfillDone).toBeLessThan(USERS);
  await fast();
  startSync(databases);
  await backfilled(databases);
  // Begun once, and each user read once.
  const { backfillStartedAt, backfillDone } = (await stateOf(databases)) ?? {};
  expect({ backfillStartedAt, backfillDone }).toEqual({
    backfillStartedAt: left?.backfillStartedAt,
    backfillDone: USERS,
  });
  await inStep(databases);
});

test('users who are written and deleted during a backfill are as they are in the end', async () => {
  await insertUsers(USERS);
  await slow();
  startSync(databases);
  await halfWay();
  const users = usersIn(databases.platform);
  await new Churn(databases.platform).runAndLook({ seed: 3, writes: 400 }, databases);
  const some = await users.find({}, { limit: 2_000, sort: { username: 1 } }).toArray();
  const ids = some.map(({ _id }) => _id);
  await users.deleteMany({ _id: { $in: ids.slice(0, 1_000) } });
  await users.updateMany({ _id: { $in: ids.slice(1_000) } }, { $set: { email: 'changed@example.com' } });
  expect((await stateOf(databases))?.phase).not.toBeNull();
  await fast();
  await backfilled(databases);
  await inStep(databases);
});

test('users who were deleted and written while nobody looked are found by the stream that goes on', async () => {
  await insertUsers(100);
  const first = startSync(databases);
  await backfilled(databases);
  await first[Symbol.asyncDispose]();
  const before = await stateOf(databases);
  const users = usersIn(databases.platform);
  await users.deleteMany({ username: /[0-4]$/ });
  await users.updateMany({}, { $set: { locCode: 'LOC1' } });
  startSync(databases);
  await inStep(databases);
  expect((await stateOf(databases))?.backfilledAt).toEqual(before?.backfilledAt);
});

test('rows that were lost, and users who are there no more, are found by a backfill that is asked for', async () => {
  await insertUsers(50);
  startSync(databases);
  await backfilled(databases);
  await sql(
    databases.databaseUrl,
    `DELETE FROM users WHERE username LIKE '%7'`,
    `UPDATE users SET username = 'spoilt' WHERE username LIKE '%8'`,
    `INSERT INTO users ("id", "mongoId", "username", "sourceVersion") VALUES
       ('old', '${new ObjectId().toHexString()}', 'a former one', '0000000000000001'),
       ('odd', 'no ObjectId', 'a former one', NULL)`,
  );
  const since = (await stateOf(databases))?.backfilledAt ?? new Date();
  await new SyncStateRepository(databases.platform.postgres).requestBackfill();
  await backfilled(databases, new Date(since.getTime() + 1));
  await inStep(databases);
  expect(await stateOf(databases)).toMatchObject({ requestedAt: null, problem: null });
  expect(await copiesOf(databases)).toHaveLength(50);
});

test('what a server tells that is older than where the stream begins is read again', async () => {
  await insertUsers(20);
  class Behind extends UserSnapshots {
    reads = 0;

    override async after(...args: Parameters<UserSnapshots['after']>): ReturnType<UserSnapshots['after']> {
      this.reads += 1;
      const snapshot = await super.after(...args);
      return this.reads > 3 ? snapshot : { ...snapshot, at: '0000000100000001' as ClusterTime, users: [] };
    }
  }
  const snapshots = new Behind(databases.platform.mongo);
  startSync(databases, { snapshots });
  await backfilled(databases);
  await inStep(databases);
  expect(snapshots.reads).toBeGreaterThan(3);
});

test('more users than one answer of 16 MB holds are read in several', async () => {
  const text = 'x'.repeat(2 ** 20);
  const users = usersIn(databases.platform);
  await users.insertMany(Array.from({ length: 20 }, () => ({ username: text })));
  startSync(databases);
  await backfilled(databases);
  await inStep(databases);
  await users.updateMany({}, { $set: { locCode: text } });
  await inStep(databases);
  const state = await stateOf(databases);
  expect(state).toMatchObject({ problem: null, backfillDone: 20 });
});
