import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import { MongoDatabase } from '../../src/platform/mongo/mongo.js';
import { useDatabases } from '../support/databases.js';
import { startStandaloneMongod, withClient } from '../support/mongod.js';
import { sql } from '../support/rows.js';
import { useTimings } from '../support/timings.js';
import { listen } from '../support/log.js';
import { backfilled, clear, startSync, stateOf } from './user-sync-support.js';

useTimings({ userSync: { wait: 100, checkpoint: 100, freshness: 100, firstRest: 100 } });
const databases = useDatabases();

beforeEach(() => clear(databases));

/** A mongod of the test's own, gone with it. */
async function startMongod(...more: string[]) {
  const { address, restart, stop } = await startStandaloneMongod(more, 'directConnection=true');
  onTestFinished(stop);
  return { url: `mongodb://${address}/shop?directConnection=true`, restart };
}

/** The same as the only member of a replica set. */
async function startMember(...more: string[]) {
  const mongod = await startMongod('--replSet', 'rs0', ...more);
  await withClient(mongod.url, async (client) => {
    const members = [{ _id: 0, host: new URL(mongod.url).host }];
    const admin = client.db('admin');
    await admin.command({ replSetInitiate: { _id: 'rs0', members } });
    const hello = () => admin.command({ hello: 1 });
    await expect.poll(hello, { timeout: 30_000 }).toMatchObject({ isWritablePrimary: true });
  });
  return mongod;
}

async function openMongo(url: string): Promise<MongoDatabase> {
  const mongo = await MongoDatabase.open({ url });
  onTestFinished(() => mongo[Symbol.asyncDispose]());
  return mongo;
}

/** A sync of another MongoDB than the test file's. */
function startSyncOf(mongo: MongoDatabase) {
  const { logger, lines } = listen();
  return { lines, sync: startSync(databases, { mongo, snapshots: new UserSnapshots(mongo), logger }) };
}

const count = async () =>
  (await sql(databases.databaseUrl, 'SELECT count(*)::int AS "count" FROM users WHERE "deletedAt" IS NULL'))[0]?.[
    'count'
  ];

/** How often the state was written. */
const versions = async () => (await sql(databases.databaseUrl, 'SELECT xmin::text FROM tandem_sync'))[0]?.['xmin'];

test('a single server without a replica set is named as the problem, once, and waited for in peace', async () => {
  const mongo = await openMongo((await startMongod()).url);
  const { lines } = startSyncOf(mongo);
  await expect.poll(async () => (await stateOf(databases))?.problem).toMatch(/single server without a replica set/);
  const seen = new Set<unknown>();
  const until = performance.now() + 1_600;
  while (performance.now() < until) {
    seen.add(await versions());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // It rests for twice as long each time: 0.1 s, 0.2 s, 0.4 s, 0.8 s.
  expect(seen.size).toBeLessThan(8);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.msg).toMatch(/start mongod with --replSet/);
  await expect(new UserSnapshots(mongo).ofIds(['abc' as UserId])).rejects.toMatchObject({ code: 'SYNC_UNAVAILABLE' });
  await expect(new UserSnapshots(mongo).after(undefined, 10)).rejects.toMatchObject({ code: 'SYNC_UNAVAILABLE' });
});

test('an oplog that has gone on without the copy is answered with one backfill', { timeout: 240_000 }, async () => {
  const { url } = await startMember('--oplogSize', '8', '--syncdelay', '1');
  await withClient(url, async (client) => {
    const users = client.db('shop').collection<{ _id: string; username: string }>('users');
    await users.insertMany(Array.from({ length: 100 }, (_, at) => ({ _id: `user ${at}`, username: 'there' })));

    const mongo = await openMongo(url);
    const first = startSyncOf(mongo);
    await backfilled(databases);
    expect(await count()).toBe(100);
    await first.sync[Symbol.asyncDispose]();
    const { backfilledAt } = (await stateOf(databases)) ?? {};

    await users.deleteMany({ _id: /5$/ });
    const oplog = client.db('local').collection('oplog.rs');
    const oldest = async () =>
      (await oplog.find().sort({ $natural: 1 }).limit(1).next())?.['ts'] as { t: number; i: number };
    const before = await oldest();
    const others = client.db('shop').collection('others');
    let megabytes = 0;
    // As much as it takes: the server cuts its oplog off when it likes.
    const isCut = async () => {
      await others.insertMany(Array.from({ length: 4 }, () => ({ text: 'x'.repeat(2 ** 20) })));
      megabytes += 4;
      return (await oplog.countDocuments({ ns: 'shop.users', op: 'd' })) === 0;
    };
    await expect.poll(isCut, { timeout: 150_000, interval: 200 }).toBe(true);
    process.stdout.write(`the oplog of 8 MB was cut off after ${megabytes} MB\n`);
    expect(await oldest()).not.toEqual(before);

    const { lines } = startSyncOf(mongo);
    await backfilled(databases, new Date((backfilledAt ?? new Date(0)).getTime() + 1));
    expect(await count()).toBe(90);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.msg).toMatch(/^users are copied anew: .*(history|oplog)/i);
    await users.updateMany({}, { $set: { username: 'changed' } });
    const changed = `SELECT count(*)::int AS "count" FROM users WHERE username = 'changed'`;
    await expect.poll(() => sql(databases.databaseUrl, changed)).toEqual([{ count: 90 }]);
  });
});

describe('a MongoDB that is started anew', { timeout: 240_000 }, () => {
  interface Row {
    _id: string;
    username: string;
  }

  async function followed(count: number) {
    const { url, restart } = await startMember();
    const mongo = await openMongo(url);
    const users = mongo.connection.getClient().db('shop').collection<Row>('users');
    await users.insertMany(Array.from({ length: count }, (_, at) => ({ _id: `user ${at}`, username: 'there' })));
    const { lines, sync } = startSyncOf(mongo);
    await backfilled(databases);
    const again = { stop: () => sync[Symbol.asyncDispose](), start: () => startSyncOf(mongo).sync };
    /** Waits until the copies are the users. */
    const equal = async () => {
      const names = (await users.find().sort({ _id: 1 }).toArray()).map(({ _id, username }) => [_id, username]);
      await expect.poll(copies, { timeout: 60_000 }).toEqual(names);
    };
    await equal();
    return { users, restart, lines, equal, again, before: await stateOf(databases) };
  }

  async function newFolder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'tandem-back-up-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  const copies = async () => {
    const rows = await sql(
      databases.databaseUrl,
      'SELECT "mongoId", "username" FROM users WHERE "deletedAt" IS NULL ORDER BY "mongoId" COLLATE "C"',
    );
    return rows.map(({ mongoId, username }) => [mongoId, username]);
  };

  test('from files of an earlier time is noticed by the change that they lack, and is healed by a backfill', async () => {
    const { users, restart, lines, equal, before } = await followed(30);
    await users.updateOne({ _id: 'user 1' }, { $set: { username: 'before' } });
    await equal();
    const backUp = await newFolder();
    await restart((directory) => cp(directory, backUp, { recursive: true }));
    await users.deleteMany({ _id: /5$/ });
    await users.updateMany({ _id: /6$/ }, { $set: { username: 'after' } });
    await users.insertOne({ _id: 'user 99', username: 'after' });
    await equal();
    // It was started anew with what it had: nothing has to be looked for.
    expect(await stateOf(databases)).toMatchObject({ backfilledAt: before?.backfilledAt });
    await restart(async (directory) => {
      await rm(directory, { recursive: true });
      await cp(backUp, directory, { recursive: true });
    });
    const isAnew = () => lines.filter(({ msg }) => msg.startsWith('users are copied anew: ')).length;
    await expect.poll(isAnew, { timeout: 60_000 }).toBe(1);
    await equal();
    expect(await copies()).toHaveLength(30);
    await users.updateOne({ _id: 'user 2' }, { $set: { username: 'later' } });
    await equal();
    expect(isAnew()).toBe(1);
  });

  test('from files of an earlier time that others have written to is followed from the last change that it shares', async () => {
    const { users, restart, lines, equal, before, again } = await followed(30);
    await users.updateOne({ _id: 'user 1' }, { $set: { username: 'before' } });
    await equal();
    const [backUp, clone] = [await newFolder(), await newFolder()];
    const put = (from: string) => async (directory: string) => {
      await rm(directory, { recursive: true });
      await cp(from, directory, { recursive: true });
    };
    await again.stop();
    await restart((directory) => cp(directory, backUp, { recursive: true }));
    await users.updateOne({ _id: 'user 7' }, { $set: { username: 'in the clone' } });
    await users.deleteOne({ _id: 'user 8' });
    await restart(async (directory) => {
      await cp(directory, clone, { recursive: true });
      await put(backUp)(directory);
    });
    const cloned = (await stateOf(databases))?.freshAt ?? new Date();
    const follower = again.start();
    // What it follows now is later than what was written to the other.
    const isLater = async () => ((await stateOf(databases))?.freshAt ?? cloned) > cloned;
    await expect.poll(isLater, { timeout: 30_000 }).toBe(true);
    await equal();
    await follower[Symbol.asyncDispose]();
    await restart(put(clone));
    again.start();
    await equal();
    expect(await copies()).toContainEqual(['user 7', 'in the clone']);
    expect(await stateOf(databases)).toMatchObject({ backfilledAt: before?.backfilledAt });
    expect(lines.filter(({ msg }) => msg.startsWith('users are copied anew: '))).toEqual([]);
  });

  test('before anything has changed is looked through once more, without a warning', async () => {
    const { restart, lines, before } = await followed(30);
    await restart(() => Promise.resolve());
    await backfilled(databases, new Date((before?.backfilledAt ?? new Date(0)).getTime() + 1));
    expect(await copies()).toHaveLength(30);
    expect(lines.filter(({ msg }) => msg.startsWith('users are copied anew: '))).toEqual([]);
  });
});
