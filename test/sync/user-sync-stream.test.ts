import mongoose from 'mongoose';
import { beforeEach, expect, test } from 'vitest';
import { UserCopyRepository } from '../../src/copies/user-copy.repository.js';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import type { UserId } from '../../src/domains/user/user.source.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { sql } from '../support/rows.js';
import { rounds } from '../support/long.js';
import { QUICK_SYNC, useTimings } from '../support/timings.js';
import { Churn } from './user-sync-churn.js';
import { listen } from '../support/log.js';
import { backfilled, clear, copiesOf, inStep, startSync, stateOf, usersIn } from './user-sync-support.js';

useTimings(QUICK_SYNC);
const databases = useDatabases();
const seed = new Seed(databases);
const { ObjectId } = mongoose.mongo.BSON;

const BURST = rounds(1_000, 5_000);
const SEED = 20_260;

beforeEach(() => clear(databases));

const copy = async (id: string) => {
  const [row] = await sql(databases.databaseUrl, `SELECT * FROM users WHERE "mongoId" = '${id}'`);
  return row;
};

test('users who were there are copied, and then those who come, change and go', async () => {
  await usersIn(databases.platform).insertMany(Array.from({ length: 2_500 }, (_, at) => ({ username: `user ${at}` })));
  startSync(databases);
  await backfilled(databases);
  await inStep(databases);
  const users = usersIn(databases.platform);
  const ada = await seed.user({ username: 'Ada', email: 'ada@example.com', locCode: 'LOC6', power: 7 });
  await inStep(databases);
  const change = { $set: { email: 'lovelace@example.com' }, $unset: { power: 1 } };
  await users.updateOne({ _id: new ObjectId(ada.id) }, change);
  await inStep(databases);
  expect(await copy(ada.id)).toMatchObject({ id: ada.id, email: 'lovelace@example.com', power: null, deletedAt: null });
  await users.replaceOne({ _id: new ObjectId(ada.id) }, { username: 'Augusta' });
  await inStep(databases);
  await users.deleteOne({ _id: new ObjectId(ada.id) });
  await inStep(databases);
  expect(await copy(ada.id)).toMatchObject({ id: ada.id, deletedAt: expect.any(Date) as Date });
});

test('a user who comes, changes and goes within one transaction is gone, and one who comes and changes is there', async () => {
  startSync(databases);
  await backfilled(databases);
  const users = usersIn(databases.platform);
  const [brief, lasting] = [new ObjectId(), new ObjectId()];
  await databases.platform.mongo.connection.getClient().withSession((session) =>
    session.withTransaction(async () => {
      await users.insertMany([{ _id: brief }, { _id: lasting }], { session });
      await users.updateMany({}, { $set: { username: 'both' } }, { session });
      await users.deleteOne({ _id: brief }, { session });
    }),
  );
  await inStep(databases);
  expect(await copiesOf(databases)).toMatchObject([{ mongoId: lasting.toHexString(), username: 'both' }]);
});

test('of users who are changed and deleted at once nothing stays', async () => {
  startSync(databases);
  await backfilled(databases);
  const users = usersIn(databases.platform);
  const ids = (await seed.users(200)).map(({ id }) => new ObjectId(id));
  for (const _id of ids) {
    await users.updateOne({ _id }, { $set: { username: 'last' } });
    await users.deleteOne({ _id });
  }
  await inStep(databases);
  expect(await copiesOf(databases)).toEqual([]);
});

test(`${BURST} writes (seed ${SEED}) end with equal tables, and no look before finds the checkpoint ahead`, async () => {
  const { logger, lines } = listen();
  startSync(databases, { logger });
  await backfilled(databases);
  const churn = new Churn(databases.platform);
  await churn.runAndLook({ seed: SEED, writes: BURST }, databases);
  await inStep(databases, 60_000);
  await churn.look(databases);
  expect(lines).toEqual([]);
  expect((await copiesOf(databases)).length).toBeGreaterThan(BURST / 10);
});

test('what is older never replaces what is newer, neither a user nor a tombstone', async () => {
  const { platform } = databases;
  const [snapshots, users] = [new UserSnapshots(platform.mongo), usersIn(platform)];
  const copies = new UserCopyRepository(platform.postgres, { follows: true, logger: platform.logger });
  const id = (await seed.user({ username: 'first' })).id as UserId;
  const first = await snapshots.ofIds([id]);
  await users.updateOne({ _id: new ObjectId(id) }, { $set: { username: 'second' } });
  const second = await snapshots.ofIds([id]);
  await users.deleteOne({ _id: new ObjectId(id) });
  const tombstone = await snapshots.ofIds([id]);
  await users.insertOne({ _id: new ObjectId(id), username: 'third' });
  const third = await snapshots.ofIds([id]);
  await copies.write(second);
  await copies.write(first);
  expect(await copy(id)).toMatchObject({ username: 'second', sourceVersion: second.at });
  await copies.write(tombstone);
  await copies.write(second);
  expect(await copy(id)).toMatchObject({ deletedAt: expect.any(Date) as Date, sourceVersion: tombstone.at });
  await copies.write(third);
  for (const older of [tombstone, second, first]) await copies.write(older);
  expect(await copy(id)).toMatchObject({ username: 'third', deletedAt: null, sourceVersion: third.at });
});

test('an idle stream says every second or so that the copy is fresh', async () => {
  startSync(databases);
  await backfilled(databases);
  const freshAt = async () => (await stateOf(databases))?.freshAt?.getTime() ?? 0;
  const before = await freshAt();
  await expect.poll(freshAt).toBeGreaterThan(before + 1_000);
});
