import mongoose from 'mongoose';
import { expect, onTestFinished } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import { SyncStateRepository } from '../../src/copies/sync-state.repository.js';
import type { Platform } from '../../src/platform/platform.js';
import { createLogger } from '../../src/platform/logger.js';
import { startUserSync, type UserSync, type UserSyncOptions } from '../../src/sync/user-sync.js';
import type { TestDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';

const { ObjectId } = mongoose.mongo.BSON;

/** One that copies users until the test ends, or it is disposed of. */
export function startSync(databases: TestDatabases, more: Partial<UserSyncOptions> = {}): UserSync {
  const { platform, databaseUrl } = databases;
  const sync = startUserSync({
    url: databaseUrl,
    postgres: platform.postgres,
    mongo: platform.mongo,
    snapshots: new UserSnapshots(platform.mongo),
    follows: true,
    name: 'test',
    logger: createLogger('silent'),
    ...more,
  });
  onTestFinished(() => sync[Symbol.asyncDispose]());
  return sync;
}

/** Leaves neither users, nor copies, nor a word about them: before each test, for what ran in one ends after its hooks. */
export async function clear({ platform, databaseUrl }: TestDatabases): Promise<void> {
  await usersIn(platform).deleteMany({});
  await sql(databaseUrl, 'TRUNCATE users, tandem_sync, tandem_user_deletions, orders');
}

/** Collection `users` of the test file. */
export function usersIn({ mongo }: Platform): mongoose.mongo.Collection {
  return mongo.connection.collection('users');
}

/** All live users of MongoDB, as their copies should be. */
export async function usersOf(platform: Platform): Promise<unknown[]> {
  const documents = await usersIn(platform)
    .find<Record<string, unknown>>({}, { readConcern: { level: 'majority' } })
    .toArray();
  return documents
    .map(({ _id, username = null, email = null, locCode = null, power = null }) => ({
      mongoId: _id instanceof ObjectId ? _id.toHexString() : String(_id),
      username,
      email,
      locCode,
      power,
    }))
    .sort((a, b) => (a.mongoId < b.mongoId ? -1 : 1));
}

/** The copies of users who are there. */
export function copiesOf({ databaseUrl }: TestDatabases): Promise<unknown[]> {
  return sql(
    databaseUrl,
    `SELECT "mongoId", "username", "email", "locCode", "power" FROM "users"
     WHERE "deletedAt" IS NULL AND "mongoId" IS NOT NULL ORDER BY "mongoId" COLLATE "C"`,
  );
}

export function stateOf({ platform }: TestDatabases) {
  return new SyncStateRepository(platform.postgres).read();
}

/** Waits until a backfill has ended that began after now, or has never been. */
export async function backfilled(databases: TestDatabases, since = new Date(0)): Promise<void> {
  await expect
    .poll(
      async () => {
        const state = await stateOf(databases);
        return state?.phase === null && state.backfilledAt !== null && state.backfilledAt >= since;
      },
      { timeout: 30_000, interval: 50 },
    )
    .toBe(true);
}

/** Waits until the copies are what MongoDB has. */
export async function inStep(databases: TestDatabases, timeout = 15_000): Promise<void> {
  const users = await usersOf(databases.platform);
  await expect.poll(() => copiesOf(databases), { timeout, interval: 50 }).toEqual(users);
}

export function newUserId(): UserId {
  return new ObjectId().toHexString() as UserId;
}
