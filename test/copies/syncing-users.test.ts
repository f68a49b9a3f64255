import { afterEach, describe, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { useLinks } from '../support/linked-platform.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const links = useLinks(databases);
const seed = new Seed(databases);

const SYNC = gql(`mutation SyncUser($id: ID!) {
  syncUser(id: $id) { user { id username email locCode power source syncedAt lagSeconds } consistencyToken }
}`);
const SYNCED = gql(`query SyncedUser($id: ID!) {
  syncedUser(id: $id) { id username email locCode power source syncedAt lagSeconds }
}`);

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const rows = () => run('SELECT * FROM "users" ORDER BY "id"');
const sync = (id: string) => execute(SYNC, { id });
const syncedUser = async (id: string) => (await execute(SYNCED, { id })).data.syncedUser;

afterEach(() => run('TRUNCATE "users", "tandem_sync"'));

const ADA = { username: 'Ada', email: 'ada@example.com', locCode: 'LOC6', power: 7 };

describe('syncUser', () => {
  test('makes a row with the id of MongoDB, and gives the user', async () => {
    const { id } = await seed.user({ ...ADA, password: 'secret' });
    const { data, errors } = await sync(id.toUpperCase());
    expect(errors).toEqual([]);
    expect(data.syncUser).toMatchObject({
      user: { id, ...ADA, source: 'MONGODB', lagSeconds: 0 },
      consistencyToken: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    });
    const [row] = await rows();
    expect(row).toMatchObject({ id, mongoId: id, ...ADA, emailConflict: false, deletedAt: null, erasedAt: null });
    expect(JSON.stringify(row)).not.toContain('secret');
  });

  test('adopts a row of the same e-mail address that belongs to nobody, and no other', async () => {
    await run(
      `INSERT INTO "users" ("id", "username", "email")
       VALUES ('1', 'old', 'ada@example.com'), ('2', 'old', 'eve@example.com')`,
      `INSERT INTO "users" ("id", "mongoId", "email") VALUES ('3', repeat('f', 24), 'bob@example.com')`,
    );
    const [ada, bob] = [await seed.user(ADA), await seed.user({ email: 'bob@example.com' })];
    await sync(ada.id);
    await sync(bob.id);
    expect(await rows()).toMatchObject([
      { id: '1', mongoId: ada.id, ...ADA },
      { id: '2', mongoId: null, username: 'old' },
      { id: '3', mongoId: 'f'.repeat(24) },
      { id: bob.id, mongoId: bob.id, email: 'bob@example.com' },
    ]);
  });

  test('nobody there is NOT_FOUND, and leaves no row; what is no id is BAD_USER_INPUT', async () => {
    expect((await sync('0'.repeat(24))).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND', field: 'id' } }]);
    expect((await sync('7')).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'id' } }]);
    expect(await rows()).toEqual([]);
  });

  test('of a user who is gone by now marks the copy as deleted', async () => {
    const { id } = await seed.user(ADA);
    await sync(id);
    await createScope(databases.platform).users.delete(id);
    expect((await sync(id)).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect(await rows()).toMatchObject([{ id, deletedAt: expect.any(Date) as Date }]);
    expect(await syncedUser(id)).toBeNull();
  });

  test('twenty at once leave one row', async () => {
    const { id } = await seed.user(ADA);
    const answers = await Promise.all(Array.from({ length: 20 }, () => sync(id)));
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    expect(await rows()).toMatchObject([{ id, ...ADA }]);
  });
});

describe('syncedUser', () => {
  test('answers from MongoDB the first time, and from PostgreSQL then', async () => {
    const { id } = await seed.user(ADA);
    expect(await syncedUser(id)).toMatchObject({ id, ...ADA, source: 'MONGODB', lagSeconds: 0 });
    const { data, statements } = await execute(SYNCED, { id });
    expect(data.syncedUser).toMatchObject({ id, ...ADA, source: 'POSTGRESQL', syncedAt: expect.any(String) as string });
    expect(data.syncedUser?.lagSeconds).toBeGreaterThanOrEqual(0);
    expect({ statements }).toHaveCost({ postgres: 2 });
  });

  test('is null where nobody is there', async () => {
    expect(await syncedUser('0'.repeat(24))).toBeNull();
    expect(await rows()).toEqual([]);
  });

  test('has what could not be copied from its source', async () => {
    const { id } = await seed.user({ username: 'A\0da' });
    await sync(id);
    expect(await rows()).toMatchObject([
      { username: 'Ada', syncProblem: expect.stringContaining('username') as string },
    ]);
    expect(await syncedUser(id)).toMatchObject({ username: 'A\0da', source: 'MONGODB' });
  });

  test('answers from the copy while MongoDB is away, and from MongoDB while PostgreSQL is', async () => {
    const { id } = await seed.user(ADA);
    await sync(id);
    const { userSync } = createScope(links.platform);
    links.mongo.refuse();
    links.mongo.cut();
    expect(await userSync.getUser(id)).toMatchObject({ ...ADA, source: 'POSTGRESQL' });
    await expect(userSync.getUser('0'.repeat(24))).rejects.toMatchObject({ code: 'MONGO_UNAVAILABLE' });
    links.mongo.heal();
    links.postgres.refuse();
    links.postgres.cut();
    await expect
      .poll(() => userSync.getUser(id).catch(() => null), { timeout: 5_000 })
      .toMatchObject({ ...ADA, source: 'MONGODB', syncedAt: null });
    links.postgres.heal();
  });
});
