import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { UserRepository } from '../../src/domains/user/user.repository.js';
import type { UserId } from '../../src/domains/user/user.source.js';
import type { MongoDatabase } from '../../src/platform/mongo/mongo.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const { ObjectId } = mongoose.mongo.BSON;
const ID = 'abcdefabcdef0123456789ab';
const ERASE = { orders: 'KEEP', erase: true } as const;

const users = () => databases.platform.mongo.connection.collection('users');
const stored = () => users().find({}).toArray();
const scope = () => createScope(databases.platform);
const copyOf = async (id: string) =>
  (await sql(databases.databaseUrl, `SELECT * FROM "users" WHERE "mongoId" = '${id}'`))[0];

const UPDATE = gql(
  `mutation RenameByKey($id: ID!) { updateUser(id: $id, input: { username: "Augusta", power: null }) { user { id username } } }`,
);
const DELETE = gql(`mutation DeleteByKey($id: ID!) { deleteUser(id: $id) { user { id } } }`);
const USER = gql(`query NameByKey($id: ID!) { user(id: $id) { username } }`);

beforeEach(async () => {
  await users().deleteMany({});
  await sql(databases.databaseUrl, 'TRUNCATE "orders", "users", tandem_user_deletions');
});

describe.each([
  ['an ObjectId', new ObjectId(ID)],
  ['a text', ID],
  ['a text in upper case', ID.toUpperCase()],
] as const)('a user whose _id is %s', (_how, _id) => {
  beforeEach(() =>
    seed.document('users', { _id, username: 'Ada', email: 'ada@example.com', power: 3, password: 'hash' }),
  );

  test('is changed, and keeps its _id and its other fields', async () => {
    const answer = await execute(UPDATE, { id: ID.toUpperCase() });
    expect(answer.errors).toEqual([]);
    expect(answer.data).toEqual({ updateUser: { user: { id: ID, username: 'Augusta' } } });
    const now = {
      username: 'Augusta',
      email: 'ada@example.com',
      password: 'hash',
      updatedAt: expect.any(Date) as Date,
    };
    expect(await stored()).toEqual([{ _id, ...now }]);
  });

  test('is copied, has orders, and is gone from both databases once it is erased', async () => {
    expect(await scope().userSync.syncUser(ID)).toMatchObject({ kind: 'synced', user: { id: ID } });
    await scope().ordering.createOrder({ userId: ID, total: '1', transaction: 'REQUIRED' });
    expect((await execute(DELETE, { id: ID })).errors).toMatchObject([{ extensions: { code: 'USER_HAS_ORDERS' } }]);
    expect(await scope().userRemoval.deleteUser(ID, ERASE)).toMatchObject({ kind: 'deleted', user: { id: ID } });
    expect(await stored()).toEqual([]);
    expect(await copyOf(ID)).toMatchObject({ username: null, email: null, erasedAt: expect.any(Date) as Date });
    expect(await sql(databases.databaseUrl, 'SELECT "userName" FROM "orders"')).toEqual([{ userName: null }]);
    expect(await scope().userSync.getUser(ID)).toBeNull();
    expect(await scope().userRemoval.deleteUser(ID, ERASE)).toEqual({ kind: 'userNotFound', userId: ID });
  });

  test('is deleted by the job of a call that died', async () => {
    const dying = { ...databases.platform, onStep: () => Promise.reject(new Error('the process dies')) };
    await expect(createScope(dying).userRemoval.deleteUser(ID, ERASE)).rejects.toThrow('the process dies');
    expect(await stored()).toHaveLength(1);
    await scope().userRemoval.settle(ID as UserId, performance.now() + 5_000);
    expect(await stored()).toEqual([]);
  });
});

describe.each([
  ['an ObjectId and a text', [new ObjectId(ID), ID], 0],
  ['an ObjectId and a text in upper case', [ID.toUpperCase(), new ObjectId(ID)], 1],
  ['two texts', [ID.toUpperCase(), ID], 1],
] as const)('users who share an id as %s', (_how, keys, read) => {
  beforeEach(async () => {
    for (const [at, _id] of keys.entries()) await seed.document('users', { _id, username: `user ${at}` });
  });

  test('are not written to, neither of them', async () => {
    const before = await stored();
    for (const { errors } of [await execute(UPDATE, { id: ID }), await execute(DELETE, { id: ID })])
      expect(errors).toMatchObject([{ extensions: { code: 'NOT_UNIQUE', field: 'id' } }]);
    await expect(scope().userRemoval.deleteUser(ID, ERASE)).rejects.toMatchObject({ code: 'NOT_UNIQUE' });
    expect(await stored()).toEqual(before);
    // The deletion was given up.
    expect(await scope().ordering.createOrder({ userId: ID, total: '1' })).toMatchObject({ kind: 'created' });
  });

  test('are read as the same one in the graph and in the copy', async () => {
    const username = `user ${read}`;
    expect((await execute(USER, { id: ID })).data).toEqual({ user: { username } });
    await scope().userSync.syncUser(ID);
    expect(await copyOf(ID)).toMatchObject({ username });
  });
});

describe('a user who is another document by the time it is deleted', () => {
  const deleteWhile = (change: () => Promise<unknown>) => {
    const onStep = async (step: string) => {
      if (step === 'userHeld') await change();
    };
    return createScope({ ...databases.platform, onStep }).userRemoval.deleteUser(ID, ERASE);
  };

  test('is deleted in the form that it has then', async () => {
    await seed.document('users', { _id: new ObjectId(ID), username: 'Ada' });
    const outcome = await deleteWhile(async () => {
      await users().deleteMany({});
      await seed.document('users', { _id: ID, username: 'Ada' });
    });
    expect(outcome).toMatchObject({ kind: 'deleted' });
    expect(await stored()).toEqual([]);
  });

  test('was deleted where nobody is there any more', async () => {
    await seed.document('users', { _id: ID, username: 'Ada' });
    expect(await deleteWhile(() => users().deleteMany({}))).toMatchObject({ kind: 'deleted' });
  });
});

describe('a user whom another program replaces between the look and the delete', () => {
  /** Deletes the user; before each delete the other program acts. */
  const deleteAfter = (change: (time: number) => Promise<unknown>) => {
    const { mongo } = databases.platform;
    let time = 0;
    const write: typeof mongo.write = async (...about) => {
      await change((time += 1));
      return mongo.write(...about);
    };
    const { connection } = mongo;
    const racing = { connection, write, run: mongo.run.bind(mongo), nameOf: mongo.nameOf.bind(mongo) };
    return new UserRepository(racing as unknown as MongoDatabase).delete(ID as UserId);
  };
  const replacedBy = async (_id: unknown) => {
    await users().deleteMany({});
    await seed.document('users', { _id, username: 'Ada' });
  };
  beforeEach(() => replacedBy(new ObjectId(ID)));

  test('is looked for again, and deleted', async () => {
    const deleted = await deleteAfter((time) => (time === 1 ? replacedBy(ID) : Promise.resolve()));
    expect(deleted).toMatchObject({ id: ID, username: 'Ada' });
    expect(await stored()).toEqual([]);
  });

  test('is nobody where it was deleted', async () => {
    expect(await deleteAfter(() => users().deleteMany({}))).toBeNull();
  });

  test('is refused where that happens each time', async () => {
    const deleted = deleteAfter((time) => replacedBy([ID, ID.toUpperCase(), new ObjectId(ID)][(time - 1) % 3]));
    await expect(deleted).rejects.toMatchObject({ code: 'WRITE_REFUSED' });
    expect(await stored()).toHaveLength(1);
  });
});
