import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { working } from '../cli/commands-support.js';
import { backfilled, inStep, newUserId, startSync } from '../sync/user-sync-support.js';
import { collection, consistencyOf, copiedOnce, countsIn, nothingIn, onlyFinds } from './consistency-support.js';
import { ordered, payment } from './transactions-support.js';

const { Decimal128, ObjectId } = mongoose.mongo.BSON;

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const seed = new Seed(databases);
const rows = (statement: string) => sql(databases.databaseUrl, statement);
const users = () => collection(databases.platform, 'users');
const idOf = ({ id }: Seeded) => new ObjectId(id);
let ada: Seeded;

beforeEach(async () => {
  await nothingIn(databases);
  ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
});

test('what was written through the service is consistent, before and after it was copied', async () => {
  for (const mode of ['NONE', 'REQUIRED', 'EVENTUAL'] as const) await ordered(databases.platform, ada, mode);
  expect(await onlyFinds(databases.platform, {})).toMatchObject({ orders: 3, transactions: 1, users: 1, copies: 0 });
  await copiedOnce(databases);
  expect(await onlyFinds(databases.platform, {})).toMatchObject({ copies: 1, isComplete: true, isSound: true });
});

describe('an order dangles', () => {
  test.each([
    ['whose user was never there', () => newUserId(), 'NOBODY'],
    ['whose user is named by what is no id', () => 'somebody', 'MALFORMED'],
    ['whose user is named by nothing', () => '', 'MALFORMED'],
  ])('%s', async (_, userId, reason) => {
    await seed.order({ userId: ada.id.toUpperCase() });
    const { id } = await seed.order({ userId: userId() });
    await onlyFinds(databases.platform, { danglingOrders: [`${reason} ${id}`] });
  });

  test('whose user was deleted, which the copy remembers', async () => {
    const { id } = await seed.order({ user: ada });
    await copiedOnce(databases);
    await users().deleteOne({ _id: idOf(ada) });
    await createScope(databases.platform).userSync.syncUser(ada.id);
    await onlyFinds(databases.platform, { danglingOrders: [`DELETED ${id}`] });
  });

  test('but not while it is hidden', async () => {
    await seed.order({ unfinished: 'CREATE' });
    await onlyFinds(databases.platform, {});
  });
});

describe('a transaction', () => {
  test('that names an order that is not there, or what is no id, is an orphan; one that names none is not', async () => {
    const gone = await seed.transaction({ id: randomUUID() });
    const malformed = await seed.transaction({ id: 'ORD-1' });
    await seed.transaction({ id: '' }, { orderId: undefined });
    await onlyFinds(databases.platform, {
      orphanTransactions: [`NO_ORDER ${gone.id}`, `MALFORMED ${malformed.id}`],
    });
  });

  test.each([
    ['another number', Decimal128.fromString('9.99')],
    ['no number', 'ten'],
  ])("of people's own has the wrong amount with %s", async (_, amount) => {
    const { id } = await seed.transaction(await seed.order({ user: ada }), { amount });
    await onlyFinds(databases.platform, { wrongAmounts: [`OTHER_AMOUNT ${id}`] });
  });

  test('that Tandem has recorded has the wrong amount', async () => {
    const order = await ordered(databases.platform, ada, 'REQUIRED');
    await collection(databases.platform, 'transactions').updateOne({ _id: payment(order) }, { $set: { amount: 1 } });
    await onlyFinds(databases.platform, { wrongAmounts: [`OTHER_AMOUNT ${payment(order).toHexString()}`] });
  });

  test('is one of several that have the total together', async () => {
    const order = await seed.order({ user: ada, total: '10.00' });
    for (const amount of ['2.50', '7.50']) await seed.transaction(order, { amount });
    await seed.transaction(await seed.order({ user: ada, total: '10.00' }), { amount: 10 });
    await onlyFinds(databases.platform, {});
  });
});

describe('a copy', () => {
  test.each([
    ['is missing', `DELETE FROM users`, 'MISSING'],
    ['has another name', `UPDATE users SET username = 'Eda'`, 'STALE'],
    ['has another number', `UPDATE users SET power = 7`, 'STALE'],
    ['is marked as deleted', `UPDATE users SET "deletedAt" = now()`, 'STALE'],
  ])('%s', async (_, damage, reason) => {
    await copiedOnce(databases);
    await rows(damage);
    await onlyFinds(databases.platform, { staleCopies: [`${reason} ${ada.id}`] });
  });

  test('is old: the user was changed while nobody copied users', async () => {
    await copiedOnce(databases);
    await users().updateOne({ _id: idOf(ada) }, { $set: { locCode: 'LOC7' } });
    await onlyFinds(databases.platform, { staleCopies: [`STALE ${ada.id}`] });
  });

  test('stays although the user is gone', async () => {
    await copiedOnce(databases);
    await users().deleteOne({ _id: idOf(ada) });
    await onlyFinds(databases.platform, { staleCopies: [`NOT_DELETED ${ada.id}`] });
  });

  test('says itself that it lacks something', async () => {
    const odd = await seed.user({ username: 'nul\0', email: 'odd@example.com' });
    await copiedOnce(databases);
    await rows(`UPDATE users SET email = NULL, "emailConflict" = true WHERE "mongoId" = '${ada.id}'`);
    await onlyFinds(databases.platform, { conflictingCopies: [`NOT_STORABLE ${odd.id}`, `EMAIL_TAKEN ${ada.id}`] });
  });

  test('that is newer than what was read of the user is not stale', async () => {
    await copiedOnce(databases);
    await rows(`UPDATE users SET username = 'of tomorrow', "sourceVersion" = 'ffffffff00000000'`);
    await onlyFinds(databases.platform, {});
  });

  test('of nobody is missing where users were never all copied', async () => {
    await seed.users(3);
    await createScope(databases.platform).userSync.syncUser(ada.id);
    expect(await onlyFinds(databases.platform, {})).toMatchObject({ users: 4, copies: 1 });
  });

  test('of one of two documents with the same id is right, and the id is found', async () => {
    await seed.document('users', { _id: ada.id, username: 'the odd one' });
    await copiedOnce(databases);
    await onlyFinds(databases.platform, { conflictingCopies: [`ID_SHARED ${ada.id}`] });
  });
});

describe('the copies on an order', () => {
  const damage = (id: string) => rows(`UPDATE orders SET "userName" = 'Eda' WHERE id = '${id}'`);

  test('that follow are found where they are not what the user has', async () => {
    const id = await ordered(databases.platform, ada, 'NONE');
    await ordered(databases.platform, ada, 'NONE');
    await copiedOnce(databases);
    await damage(id);
    await onlyFinds(databases.platform, { staleOrderCopies: [`STALE ${id}`] });
  });

  test('are none of ours on orders that were there before, and where they are frozen', async () => {
    await seed.order({ user: ada, userName: 'Eda' });
    await onlyFinds(databases.platform, {});
    await damage(await ordered(databases.platform, ada, 'NONE'));
    await onlyFinds({ ...databases.platform, orderCopies: 'frozen' }, {});
  });

  test('are not wrong while a job is about to bring them up to date, and are where it is parked', async () => {
    const id = await ordered(databases.platform, ada, 'NONE');
    await copiedOnce(databases);
    await users().updateOne({ _id: idOf(ada) }, { $set: { username: 'Ada Lovelace' } });
    await createScope(databases.platform).userSync.syncUser(ada.id);
    expect(await onlyFinds(databases.platform, {})).toMatchObject({ waitingJobs: 1, isSound: true });
    await rows('UPDATE graphile_worker._private_jobs SET attempts = max_attempts');
    const audit = await onlyFinds(databases.platform, { staleOrderCopies: [`STALE ${id}`] });
    expect(audit).toMatchObject({ waitingJobs: 0, parkedJobs: 1, isSound: false });
  });

  test('say nothing of who is being forgotten', async () => {
    const id = await ordered(databases.platform, ada, 'NONE');
    await rows(`INSERT INTO tandem_user_deletions ("userId", "erases") VALUES ('${ada.id}', true)`);
    await rows(`UPDATE orders SET "userName" = NULL, "userEmail" = NULL WHERE id = '${id}'`);
    await onlyFinds(databases.platform, {});
  });
});

test('how far the stream and the jobs are behind', async () => {
  expect(await consistencyOf(databases.platform)).toMatchObject({ streamLagSeconds: null, queueLagSeconds: 0 });
  await copiedOnce(databases);
  await rows(`UPDATE tandem_sync SET "freshAt" = now() - interval '1 hour'`);
  await ordered(databases.platform, ada, 'EVENTUAL');
  await rows(`UPDATE graphile_worker._private_jobs SET created_at = now() - interval '1 minute'`);
  const { streamLagSeconds, queueLagSeconds } = await consistencyOf(databases.platform);
  expect(streamLagSeconds).toBeGreaterThan(3_599);
  expect(streamLagSeconds).toBeLessThan(3_660);
  expect(queueLagSeconds).toBeGreaterThan(59);
  expect(queueLagSeconds).toBeLessThan(120);
});

test('every row of many stretches is looked at once, and everything is found', async () => {
  const people = await seed.users(25);
  const gone = await Promise.all(Array.from({ length: 12 }, () => seed.order()));
  await Promise.all(people.map((user) => seed.order({ user })));
  const lone = await Promise.all(Array.from({ length: 7 }, () => seed.transaction({ id: randomUUID() })));
  await copiedOnce(databases);
  await rows(`UPDATE users SET power = 1 WHERE "mongoId" IN ('${people[3]?.id ?? ''}', '${people[20]?.id ?? ''}')`);
  const { audit } = createScope(databases.platform);
  for (const size of [4, 37]) {
    const found = await audit.audit({ size, batch: 3 });
    expect(found).toMatchObject({ orders: 37, transactions: 7, users: 26, copies: 26, isComplete: true });
    expect(countsIn(found)).toMatchObject({ danglingOrders: 12, orphanTransactions: 7, staleCopies: 2 });
    expect(found.danglingOrders.examples.map(({ id }) => id)).toEqual(gone.map(({ id }) => id).sort());
    expect(found.orphanTransactions.examples.map(({ id }) => id)).toEqual(lone.map(({ id }) => id).sort());
  }
});

test('nothing is found while users and orders are written, and users are copied', async () => {
  const { platform } = databases;
  const people = await seed.users(20);
  startSync(databases);
  await backfilled(databases);
  await working(databases, async () => {
    const until = performance.now() + 3_000;
    const someone = () => people[Math.floor(Math.random() * people.length)] ?? ada;
    const writing = (async () => {
      for (let turn = 0; performance.now() < until; turn += 1) {
        await users().updateOne({ _id: idOf(someone()) }, { $set: { username: `name ${turn}`, power: turn } });
        const id = await ordered(platform, someone(), turn % 2 === 0 ? 'REQUIRED' : 'EVENTUAL');
        const { ordering } = createScope(platform);
        if (turn % 3 === 0) await ordering.updateOrder(id, { total: String(turn) });
        if (turn % 5 === 0) await ordering.deleteOrder(id);
        const brief = await seed.user({ username: 'brief' });
        if (turn % 2 === 0) await users().deleteOne({ _id: idOf(brief) });
      }
    })();
    let audits = 0;
    while (performance.now() < until) {
      const audit = await createScope(platform).audit.audit({ size: 10 });
      expect(countsIn(audit)).toEqual(countsIn({}));
      audits += 1;
    }
    await writing;
    expect(audits).toBeGreaterThan(1);
    await inStep(databases);
  });
});
