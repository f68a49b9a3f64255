import mongoose from 'mongoose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { batchOf } from '../../src/copies/copy-batch.js';
import { writeInParts } from '../../src/copies/copy-in-parts.js';
import { conflicting, copyStatements, type CopyOptions } from '../../src/copies/copy-statements.js';
import { copyTable } from '../../src/copies/copy-table.js';
import { UserCopyRepository } from '../../src/copies/user-copy.repository.js';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import type { UserId } from '../../src/domains/user/user.source.js';
import { useDatabases } from '../support/databases.js';
import { Seed, type Seeded } from '../support/seed.js';
import { sql } from '../support/rows.js';
import { QUICK_SYNC, useTimings } from '../support/timings.js';
import { backfilled, clear, inStep, startSync, usersIn } from './user-sync-support.js';

useTimings({ userSync: { ...QUICK_SYNC.userSync, conflicts: 500 } });
const databases = useDatabases();
const seed = new Seed(databases);
const { ObjectId } = mongoose.mongo.BSON;

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);

// As a table of people's own has it; the copy asks once what its table is like.
beforeAll(() => run('ALTER TABLE users ADD UNIQUE ("email")'));
beforeEach(() => clear(databases));

const rowOf = async ({ id }: Seeded) => (await run(`SELECT * FROM users WHERE "mongoId" = '${id}'`))[0];
const change = ({ id }: Seeded, fields: Record<string, unknown>) =>
  usersIn(databases.platform).updateOne({ _id: new ObjectId(id) }, { $set: fields });

/** Writes users as they are now, as whoever keeps the copies does. */
async function write(users: readonly Seeded[], more: Partial<CopyOptions> = {}): Promise<void> {
  const { mongo, postgres } = databases.platform;
  const table = await copyTable(postgres);
  const snapshot = await new UserSnapshots(mongo).ofIds(users.map(({ id }) => id as UserId));
  const options = { table, schema: postgres.schema, follows: true, buries: true, ...more };
  await writeInParts(
    batchOf(snapshot, table.lengths),
    (part) => postgres.transaction('copying users', copyStatements(part, options)),
    (_, error) => {
      throw error;
    },
  );
}

/** Waits until the copy of a user has these values. */
async function copied(user: Seeded, values: Record<string, unknown>, timeout = 15_000): Promise<void> {
  await expect.poll(() => rowOf(user), { timeout, interval: 50 }).toMatchObject(values);
}

describe('a row that was there before', () => {
  test('belongs to the user of the same e-mail address from then on, and keeps its id', async () => {
    await run(
      `INSERT INTO users ("id", "username", "email") VALUES
         ('row 1', 'a former name', 'ada@example.com'), ('row 2', 'somebody', 'nobody@example.com'),
         ('row 3', 'x', '')`,
    );
    const ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
    const nameless = await seed.user({ username: 'none', email: '' });
    startSync(databases);
    await backfilled(databases);
    expect(await rowOf(ada)).toMatchObject({
      id: 'row 1',
      username: 'Ada',
      email: 'ada@example.com',
      syncProblem: null,
    });
    // No address is nobody's address.
    expect(await rowOf(nameless)).toMatchObject({ id: nameless.id, email: null, emailConflict: true });
    expect(await run(`SELECT "id", "username" FROM users WHERE "mongoId" IS NULL ORDER BY "id"`)).toEqual([
      { id: 'row 2', username: 'somebody' },
      { id: 'row 3', username: 'x' },
    ]);
  });

  test('belongs to the user whose id it has, though another one has its e-mail address and comes first', async () => {
    const id = new ObjectId();
    await run(`INSERT INTO users ("id", "email") VALUES ('${id.toHexString()}', 'other@example.com')`);
    const other = await seed.user({ email: 'other@example.com' });
    await write([other]);
    expect(await rowOf(other)).toMatchObject({ id: other.id, email: null, emailConflict: true });
    await seed.document('users', { _id: id, username: 'own', email: 'own@example.com' });
    await write([{ id: id.toHexString() }]);
    await write([other], { isAgain: true });
    expect(await rowOf({ id: id.toHexString() })).toMatchObject({ id: id.toHexString(), email: 'own@example.com' });
    expect(await rowOf(other)).toMatchObject({ email: 'other@example.com', emailConflict: false });
  });

  test('belongs to the user whose id it has, rather than to the one of the same e-mail address', async () => {
    const id = new ObjectId();
    await run(`INSERT INTO users ("id", "email") VALUES ('${id.toHexString()}', 'other@example.com')`);
    const other = await seed.user({ email: 'other@example.com' });
    const own = await seed.user({ _id: id, email: 'own@example.com' });
    startSync(databases);
    await backfilled(databases);
    expect(await rowOf({ id: id.toHexString() })).toMatchObject({ id: id.toHexString(), email: 'own@example.com' });
    expect(await rowOf(other)).toMatchObject({ id: other.id, email: 'other@example.com', emailConflict: false });
    expect(own.id).not.toBe(other.id);
  });
});

describe('an e-mail address that the table takes once only', () => {
  test('is that of the first of two users, and of the other once the first has another one', async () => {
    startSync(databases);
    await backfilled(databases);
    const first = await seed.user({ username: 'first', email: 'one@example.com' });
    await copied(first, { email: 'one@example.com', emailConflict: false });
    const second = await seed.user({ username: 'second', email: 'one@example.com' });
    await copied(second, { username: 'second', email: null, emailConflict: true, syncProblem: null });
    await change(first, { email: 'another@example.com' });
    await copied(first, { email: 'another@example.com' });
    // Users without their address are looked at again after a while.
    await copied(second, { email: 'one@example.com', emailConflict: false }, 50_000);
    await inStep(databases);
  });

  test('is free when the user is deleted, and taken when the other one is written again', async () => {
    startSync(databases);
    await backfilled(databases);
    const first = await seed.user({ email: 'one@example.com' });
    await copied(first, { email: 'one@example.com' });
    const second = await seed.user({ email: 'one@example.com' });
    await copied(second, { emailConflict: true });
    await usersIn(databases.platform).deleteOne({ _id: new ObjectId(first.id) });
    await change(second, { power: 3 });
    await copied(second, { email: 'one@example.com', emailConflict: false, power: 3 });
  });

  test('can be swapped by two users', async () => {
    startSync(databases);
    await backfilled(databases);
    const ada = await seed.user({ email: 'ada@example.com' });
    const bob = await seed.user({ email: 'bob@example.com' });
    await inStep(databases);
    const { platform } = databases;
    await platform.mongo.connection.getClient().withSession((session) =>
      session.withTransaction(async () => {
        const users = usersIn(platform);
        await users.updateOne({ _id: new ObjectId(ada.id) }, { $set: { email: 'bob@example.com' } }, { session });
        await users.updateOne({ _id: new ObjectId(bob.id) }, { $set: { email: 'ada@example.com' } }, { session });
      }),
    );
    await inStep(databases);
    expect(await rowOf(ada)).toMatchObject({ email: 'bob@example.com', emailConflict: false });
  });

  test('is that of the user who takes it over from one who is deleted in the same batch', async () => {
    // In the order of their ids, in which rows are written.
    const bob = await seed.user({ email: 'bob@example.com' });
    const ada = await seed.user({ email: 'ada@example.com' });
    await write([ada, bob]);
    await usersIn(databases.platform).deleteOne({ _id: new ObjectId(ada.id) });
    await change(bob, { email: 'ada@example.com' });
    await write([ada, bob]);
    expect(await rowOf(bob)).toMatchObject({ email: 'ada@example.com', emailConflict: false });
    expect(await rowOf(ada)).toMatchObject({ email: null, deletedAt: expect.any(Date) as Date });
  });

  test('stays with the copy of a user who is deleted for as long as nobody else has it', async () => {
    const [ada, bob] = [await seed.user({ email: 'ada@example.com' }), await seed.user({ email: 'bob@example.com' })];
    await write([ada, bob]);
    await usersIn(databases.platform).deleteOne({ _id: new ObjectId(ada.id) });
    await write([ada, bob]);
    expect(await rowOf(ada)).toMatchObject({ email: 'ada@example.com', deletedAt: expect.any(Date) as Date });
  });

  test('is copied to whoever lacks it, though nothing has happened in MongoDB since', async () => {
    const { mongo, postgres, logger } = databases.platform;
    const copies = new UserCopyRepository(postgres, { follows: true, logger });
    await run(`INSERT INTO users ("id", "mongoId", "email") VALUES ('row', 'somebody', 'ada@example.com')`);
    const ada = await seed.user({ email: 'ada@example.com' });
    const snapshot = await new UserSnapshots(mongo).ofIds([ada.id as UserId]);
    await copies.write(snapshot);
    expect(await rowOf(ada)).toMatchObject({ email: null, emailConflict: true });
    await run(`UPDATE users SET "email" = NULL WHERE "id" = 'row'`);
    await copies.write(snapshot);
    expect(await rowOf(ada)).toMatchObject({ email: 'ada@example.com', emailConflict: false });
  });
});

describe('the copies on the orders of a user', () => {
  const jobs = () => run('SELECT "key", "run_at" FROM graphile_worker.jobs');
  beforeEach(() => run('DELETE FROM graphile_worker._private_jobs'));
  afterAll(() => run('DELETE FROM graphile_worker._private_jobs'));

  /** A user who has an order, and whose address another row has. */
  async function conflictingUser(): Promise<Seeded> {
    await run(`INSERT INTO users ("id", "mongoId", "email") VALUES ('row', 'somebody', 'ada@example.com')`);
    const ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
    await seed.order({ user: ada, copiedAt: new Date() });
    await write([ada]);
    await run('DELETE FROM graphile_worker._private_jobs');
    return ada;
  }

  test('follow when it was written to, whatever its own copy lacks', async () => {
    const ada = await conflictingUser();
    await write([ada]);
    expect(await jobs()).toHaveLength(1);
  });

  test('have nothing to follow when the user is looked at again and still lacks the address', async () => {
    const ada = await conflictingUser();
    // Time goes on in MongoDB.
    await seed.user({ email: 'eve@example.com' });
    const before = await rowOf(ada);
    await write([ada], { isAgain: true });
    const after = await rowOf(ada);
    expect(after).toMatchObject({ email: null, emailConflict: true, namedVersion: before?.['namedVersion'] });
    expect(after?.['syncedAt']).not.toEqual(before?.['syncedAt']);
    expect(await jobs()).toEqual([]);
  });

  test('follow when the user is looked at again and gets the address', async () => {
    const ada = await conflictingUser();
    await run(`UPDATE users SET "email" = NULL WHERE "id" = 'row'`);
    await write([ada], { isAgain: true });
    expect(await rowOf(ada)).toMatchObject({ email: 'ada@example.com', emailConflict: false });
    expect(await jobs()).toHaveLength(1);
  });

  test('follow when the user has no address any more', async () => {
    const [ada, bob] = [await seed.user({ email: 'ada@example.com' }), await seed.user({ email: 'bob@example.com' })];
    await seed.order({ user: ada, copiedAt: new Date() });
    await write([ada, bob]);
    await run('DELETE FROM graphile_worker._private_jobs');
    await usersIn(databases.platform).updateOne({ _id: new ObjectId(ada.id) }, { $unset: { email: true } });
    await write([ada, bob]);
    expect(await rowOf(ada)).toMatchObject({ email: null });
    expect(await jobs()).toHaveLength(1);
  });
});

describe('who is looked at again', () => {
  const found = async (sql: string) => (await run(sql)).map(({ id }) => id);
  const given = (rows: string) =>
    run(
      `INSERT INTO users ("id", "mongoId", "emailConflict", "syncProblem", "syncedAt", "deletedAt", "erasedAt")
       ${rows}`,
    );

  test('is every user who lacks an address that another row has, who was not for the longest first', async () => {
    await given(
      `SELECT n, 'user ' || n, true, NULL, timestamptz '2026-01-01' - make_interval(mins => n), NULL, NULL
       FROM generate_series(1, 102) AS n`,
    );
    const ids = await found(conflicting(await copyTable(databases.platform.postgres)));
    expect(ids).toEqual(Array.from({ length: 100 }, (_, at) => `user ${102 - at}`));
  });

  test('is nobody who is gone or erased, nobody whom a rule of the table refuses, and no row of others', async () => {
    await given(
      `VALUES ('1', 'gone', true, NULL, now(), now(), NULL), ('2', 'erased', true, NULL, now(), NULL, now()),
         ('3', 'ruled', false, 'power: the table refuses it', now(), NULL, NULL),
         ('4', 'odd', false, 'email: the table refuses it', now(), NULL, NULL),
         ('5', 'named', false, 'power: cut; username: the table refuses it', now(), NULL, NULL),
         ('6', NULL, true, NULL, now(), NULL, NULL), ('7', 'sound', false, NULL, now(), NULL, NULL)`,
    );
    const table = await copyTable(databases.platform.postgres);
    expect(await found(conflicting(table))).toEqual([]);
    const uniqueColumns = [...table.uniqueColumns, { name: 'username', isFolded: false } as const];
    expect(await found(conflicting({ ...table, uniqueColumns }))).toEqual(['named']);
  });
});

describe('a value that a rule of the table refuses', () => {
  beforeAll(() =>
    run(
      `ALTER TABLE users ADD CONSTRAINT "weak" CHECK ("power" < 100)`,
      `ALTER TABLE users ADD CONSTRAINT "named" CHECK ("username" <> 'root')`,
      `ALTER TABLE users ADD CONSTRAINT "addressed" CHECK ("email" LIKE '%@%')`,
    ),
  );
  afterAll(() => run('ALTER TABLE users DROP CONSTRAINT "weak", DROP CONSTRAINT "named", DROP CONSTRAINT "addressed"'));

  test('is left out alone, and said; the others of its batch are copied whole', async () => {
    const sound = await Promise.all(
      [1, 2, 3].map((at) => seed.user({ username: 'sound', email: `${at}@example.com` })),
    );
    const strong = await seed.user({ username: 'strong', email: 'strong@example.com', power: 100 });
    const root = await seed.user({ username: 'root', email: 'root@example.com' });
    const odd = await seed.user({ username: 'odd', email: 'no address' });
    const both = await seed.user({ username: 'root', email: '1@example.com' });
    // The changes that are followed may begin with the last one, which would make its user the first.
    await seed.user({ username: 'last', email: 'last@example.com' });
    startSync(databases);
    await backfilled(databases);
    for (const user of sound) expect(await rowOf(user)).toMatchObject({ username: 'sound', syncProblem: null });
    expect(await rowOf(strong)).toMatchObject({
      ...{ username: 'strong', email: 'strong@example.com', power: null },
      syncProblem: 'power: the table refuses it',
    });
    expect(await rowOf(root)).toMatchObject({
      ...{ username: null, email: 'root@example.com', emailConflict: false },
      syncProblem: 'username: the table refuses it',
    });
    expect(await rowOf(odd)).toMatchObject({
      ...{ username: 'odd', email: null, emailConflict: false },
      syncProblem: 'email: the table refuses it',
    });
    expect(await rowOf(both)).toMatchObject({
      ...{ username: null, email: null, emailConflict: true },
      syncProblem: 'username: the table refuses it',
    });
    await change(strong, { power: 99 });
    await copied(strong, { power: 99, syncProblem: null });
  });
});

test('a user whom two copy at once, for the first time, is copied whole', async () => {
  const users: Seeded[] = [];
  for (let at = 0; at < 200; at += 1) users.push(await seed.user({ email: `${at}@example.com` }));
  for (const user of users) await Promise.all([write([user]), write([user]), write([user])]);
  expect(await run('SELECT FROM users WHERE "email" IS NULL OR "emailConflict" OR "syncProblem" IS NOT NULL')).toEqual(
    [],
  );
});

test('an address that was refused here, and is taken away in MongoDB, is taken from the orders, too', async () => {
  const [ada, bob] = [await seed.user({ email: 'one@example.com' }), await seed.user({ email: 'one@example.com' })];
  await write([ada]);
  await write([bob]);
  expect(await rowOf(bob)).toMatchObject({ email: null, emailConflict: true });
  await seed.order({ userId: bob.id, userName: 'Bob', userEmail: 'one@example.com', copiedAt: new Date() });
  await usersIn(databases.platform).updateOne({ _id: new ObjectId(bob.id) }, { $unset: { email: 1 } });
  const { namedVersion } = (await rowOf(bob)) ?? {};
  await write([bob]);
  expect(await rowOf(bob)).toMatchObject({ email: null, emailConflict: false });
  expect((await rowOf(bob))?.['namedVersion']).not.toBe(namedVersion);
});
