import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

const CREATE_TEXT = `mutation CreateUser($input: CreateUserInput!) {
  createUser(input: $input) { user { id } }
}`;
const CREATE = gql(`mutation CreateUser($input: CreateUserInput!) {
  createUser(input: $input) { user { id username email locCode power createdAt updatedAt } }
}`);
const UPDATE = gql(`mutation UpdateUser($id: ID!, $input: UpdateUserInput!) {
  updateUser(id: $id, input: $input) { user { username email locCode power } }
}`);
const USER = gql(`query NameAndPower($id: ID!) { user(id: $id) { username power } }`);

const stored = (id: string) =>
  databases.platform.mongo.run((db) => db.collection('users').findOne({ _id: seed.objectId({ id }) }));

describe('createUser', () => {
  test('the payload carries the user as it is stored, and MongoDB has it', async () => {
    const input = { username: 'Ada', email: 'ada@example.com', locCode: 'LOC6', power: 0 };
    const { data, errors, statements } = await execute(CREATE, { input });
    expect(errors).toEqual([]);
    const { id } = data.createUser.user;
    expect(data.createUser.user).toMatchObject({ ...input, createdAt: expect.stringMatching(/Z$/) as string });
    expect(await stored(id)).toMatchObject(input);
    expect({ statements }).toHaveCost({ mongo: 1 });
    expect((await execute(USER, { id })).data).toEqual({ user: { username: 'Ada', power: 0 } });
  });

  test('what is left out or null is not stored', async () => {
    const { data } = await execute(CREATE, { input: { username: 'Eve', email: null } });
    const document = await stored(data.createUser.user.id);
    expect(Object.keys(document ?? {}).sort()).toEqual(['_id', 'createdAt', 'updatedAt', 'username']);
  });

  test.each([
    [{ username: '' }, 'input.username'],
    [{ username: 'x'.repeat(201) }, 'input.username'],
    [{ username: 'a\0b' }, 'input.username'],
    [{ username: 'a\ud800' }, 'input.username'],
    [{ username: ' Ada' }, 'input.username'],
    [{ username: 'Ada', email: 'nobody' }, 'input.email'],
    [{ username: 'Ada', email: `${'x'.repeat(250)}@x.io` }, 'input.email'],
    [{ username: 'Ada', locCode: '' }, 'input.locCode'],
    [{ username: 'Ada', power: 1.5 }, 'input.power'],
    [{ username: 'Ada', power: 2 ** 31 }, 'input.power'],
    [{ username: { $ne: null } }, 'input.username'],
  ])('%j is BAD_USER_INPUT at %s, and nothing is written', async (input, field) => {
    const answer = await execute.text(CREATE_TEXT, { input });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }]);
    expect(answer).toHaveCost({});
  });

  test('rules that the collection has of its own are said by code', async () => {
    await databases.platform.mongo.run((db) =>
      db.collection('users').createIndex({ locCode: 1 }, { unique: true, sparse: true }, {}),
    );
    await execute(CREATE, { input: { username: 'Ada', locCode: 'ONCE' } });
    const taken = await execute(CREATE, { input: { username: 'Eve', locCode: 'ONCE' } });
    expect(taken.errors).toMatchObject([{ extensions: { code: 'VALUE_TAKEN', field: 'input.locCode' } }]);
    // Somebody's address could be such a value: what is logged of it names the index alone.
    const logged = await createScope(databases.platform)
      .users.create({ username: 'Eve', locCode: 'ONCE' })
      .catch((error: unknown) => inspect(error, { depth: 9 }));
    expect(logged).toMatch(/unique index on locCode/);
    expect(logged).not.toContain('ONCE');
    await databases.platform.mongo.run((db) => db.collection('users').dropIndex('locCode_1'));

    await databases.platform.mongo.run((db) =>
      db.command({ collMod: 'users', validator: { password: { $exists: true } } }),
    );
    const refused = await execute(CREATE, { input: { username: 'Eve' } });
    expect(refused.errors).toMatchObject([{ extensions: { code: 'WRITE_REFUSED' } }]);
    expect(refused.errors[0]?.message).not.toMatch(/password|validation/i);
    await databases.platform.mongo.run((db) => db.command({ collMod: 'users', validator: {} }));
  });
});

test.each([-(2 ** 31), 2 ** 31 - 1, 0])('a power of %d is kept, shown and found', async (power) => {
  const { data } = await execute(CREATE, { input: { username: 'Ada', power } });
  const { id } = data.createUser.user;
  const found = await execute(
    gql(`query UsersWithPower($power: Int!, $id: ID!) {
      users(where: { power: { equals: $power }, id: { equals: $id } }) { nodes { power } }
    }`),
    { power, id },
  );
  expect(found.data).toEqual({ users: { nodes: [{ power }] } });
});

describe('updateUser', () => {
  test('a field that is absent stays, null empties it, and no other document field is touched', async () => {
    const ada = await seed.user({ username: 'Ada', email: 'a@b.c', locCode: 'LOC1', power: 3, password: 'hash' });
    const answer = await execute(UPDATE, { id: ada.id.toUpperCase(), input: { locCode: 'LOC2', email: null } });
    expect(answer.errors).toEqual([]);
    expect(answer.data).toEqual({ updateUser: { user: { username: 'Ada', email: null, locCode: 'LOC2', power: 3 } } });
    const document = await stored(ada.id);
    expect(document).toMatchObject({ password: 'hash', power: 3 });
    expect(document).not.toHaveProperty('email');
  });

  test('an empty input changes nothing and gives the user', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const answer = await execute(UPDATE, { id: ada.id, input: {} });
    expect(answer.data).toMatchObject({ updateUser: { user: { username: 'Ada' } } });
    expect(await stored(ada.id)).not.toHaveProperty('updatedAt');
  });

  test('nobody under the id is NOT_FOUND, what is no id BAD_USER_INPUT, a name of null too', async () => {
    const refusals = [
      ['f'.repeat(24), {}, { code: 'NOT_FOUND', field: 'id' }],
      ['nonsense', {}, { code: 'BAD_USER_INPUT', field: 'id' }],
      ['f'.repeat(24), { username: null }, { code: 'BAD_USER_INPUT', field: 'input.username' }],
    ] as const;
    for (const [id, input, extensions] of refusals) {
      expect((await execute(UPDATE, { id, input })).errors).toMatchObject([{ extensions }]);
    }
  });

  test('a later field of the same operation sees the change', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const order = await seed.order({ user: ada });
    const answer = await execute(
      gql(`mutation RenameInTheMiddle($order: ID!, $user: ID!) {
        a: updateOrder(id: $order, input: {}) { order { user { username } } }
        b: updateUser(id: $user, input: { username: "Augusta" }) { user { username } }
        c: updateOrder(id: $order, input: {}) { order { user { username } } }
      }`),
      { order: order.id, user: ada.id },
    );
    expect(answer.data).toEqual({
      a: { order: { user: { username: 'Ada' } } },
      b: { user: { username: 'Augusta' } },
      c: { order: { user: { username: 'Augusta' } } },
    });
  });
});

test('Users without GraphQL: nobody is a value', async () => {
  const { users } = createScope(databases.platform);
  expect(await users.update('f'.repeat(24), { username: 'x' })).toBeNull();
  expect(await users.delete('f'.repeat(24))).toBeNull();
});
