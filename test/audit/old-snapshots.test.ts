import { setTimeout as rest } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import { startUserSyncOn } from '../../src/cli/user-sync.js';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import { useDatabases } from '../support/databases.js';
import { startSetWithArbiter, type SetWithArbiter } from '../support/replica-set.js';
import { sql } from '../support/rows.js';
import { consistencyOf, countsIn } from './consistency-support.js';

const databases = useDatabases();
const rows = (...statements: string[]) => sql(databases.databaseUrl, ...statements);

let set: SetWithArbiter;
let platform: Platform;

beforeAll(async () => {
  set = await startSetWithArbiter('shop');
  const { databaseUrl } = databases;
  platform = await openPlatform({ databaseUrl, mongodbUri: set.url, logger: createLogger('silent') });
}, 120_000);

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await set.stop();
});

const createUser = async (username: string) => (await createScope(platform).users.create({ username })).id;

async function isInSnapshot(snapshots: UserSnapshots, id: string): Promise<boolean> {
  const found = await snapshots.ofIds([id as UserId]).catch(() => null);
  return found?.users.length === 1;
}

/** An order of a user, by its id. */
async function orderOf(userId: string): Promise<string> {
  const outcome = await createScope(platform).ordering.createOrder({ userId, total: '5.00', transaction: 'NONE' });
  if (outcome.kind !== 'created') throw new Error(`the order was not created: ${outcome.kind}`);
  return outcome.order.id;
}

test(
  'a user whom only the primary has is there for the audit, repair, syncedUser and the sync',
  { timeout: 120_000 },
  async () => {
    const known = await createUser('Known');
    const snapshots = new UserSnapshots(platform.mongo);
    // A new collection is in no snapshot for a moment.
    await expect.poll(() => isInSnapshot(snapshots, known), { timeout: 30_000 }).toBe(true);
    let ada = '';
    await set.whileSecondaryIsDead(async () => {
      ada = await createUser('Ada');
      const order = await orderOf(ada);
      const nobody = await orderOf(known);
      await rows(`UPDATE orders SET "userId" = '${'0'.repeat(24)}' WHERE id = '${nobody}'`);

      expect(await snapshots.ofIds([ada, 'f'.repeat(24)] as UserId[])).toMatchObject({
        users: [],
        gone: ['f'.repeat(24)],
        unsure: [ada],
      });

      const audit = await consistencyOf(platform);
      expect(audit.danglingOrders.examples.map(({ id }) => id)).toEqual([nobody]);
      expect(audit).toMatchObject({ isComplete: false, isSound: false });
      expect(audit.unproved).toMatchObject([
        { about: 'users', problem: expect.stringContaining('the primary') as string },
      ]);

      const run = await createScope(platform).repair.run({
        isDry: false,
        danglingOrders: 'DELETE',
        staleCopies: 'RELINK',
      });
      const left = run.acts.filter(({ kind }) => kind === 'danglingOrders').map(({ id, outcome }) => [id, outcome]);
      expect(left.sort()).toEqual(
        [
          [order, 'left'],
          [nobody, 'left'],
        ].sort(),
      );
      expect(await rows('SELECT FROM orders')).toHaveLength(2);

      const { userSync, userFollowing } = createScope(platform);
      expect(await userSync.getUser(ada)).toMatchObject({ username: 'Ada', source: 'MONGODB' });
      await expect(userSync.syncUser(ada)).rejects.toMatchObject({ code: 'MONGO_UNAVAILABLE' });
      await expect(userFollowing.follow(ada as UserId)).rejects.toMatchObject({ code: 'MONGO_UNAVAILABLE' });

      await rows(`INSERT INTO users (id, "mongoId") VALUES ('${ada}', '${ada}')`);
      const again = await createScope(platform).repair.run({ isDry: false, staleCopies: 'RELINK' });
      expect(again.acts).toMatchObject([{ kind: 'staleCopies', id: ada, outcome: 'left' }]);
      await using sync = startUserSyncOn(platform, databases.databaseUrl);
      expect(sync).toBeDefined();
      const phase = async () => (await rows('SELECT phase FROM tandem_sync'))[0]?.['phase'];
      await expect.poll(phase, { timeout: 20_000 }).toBe('deletions');
      await rest(500);
      expect(await rows(`SELECT FROM users WHERE "deletedAt" IS NOT NULL`)).toEqual([]);
    });
    // Where no stream is known, none is waited for.
    await rows('TRUNCATE tandem_sync');
    const agreed = async () => countsIn(await consistencyOf(platform)).danglingOrders;
    await expect.poll(agreed, { timeout: 30_000 }).toBe(1);
    await expect.poll(async () => (await consistencyOf(platform)).unproved, { timeout: 30_000 }).toEqual([]);
    await createScope(platform).repair.run({ isDry: false, danglingOrders: 'DELETE' });
    expect((await rows('SELECT "userId" FROM orders')).map(({ userId }) => userId)).toEqual([ada]);
  },
);
