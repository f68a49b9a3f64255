import type { VariablesOf } from '@graphql-typed-document-node/core';
import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

const DELETE = gql(`mutation DeleteUser($id: ID!, $orders: OrdersOfDeletedUser, $erase: Boolean) {
  deleteUser(id: $id, orders: $orders, erase: $erase) { user { id username } }
}`);
const USER = gql(`query UserId($id: ID!) { user(id: $id) { id } }`);
const ORDER = gql(`query CopiesOfOrder($id: ID!) { order(id: $id) { userId userName userEmail user { id } } }`);

const remove = (id: string, how: Omit<VariablesOf<typeof DELETE>, 'id'> = {}) => execute(DELETE, { id, ...how });
const orderOf = async (id: string) => (await execute(ORDER, { id })).data.order;

describe('deleteUser', () => {
  test('gives the user that was there; the second time it is NOT_FOUND', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const answer = await remove(ada.id.toUpperCase());
    expect(answer.data).toEqual({ deleteUser: { user: { id: ada.id, username: 'Ada' } } });
    expect((await execute(USER, { id: ada.id })).data).toEqual({ user: null });
    expect((await remove(ada.id)).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND', field: 'id' } }]);
  });

  test('a user with orders is refused, in whatever case they hold the id, and is still there', async () => {
    const ada = await seed.user();
    await seed.order({ userId: ada.id.toUpperCase() });
    for (const how of [{}, { orders: 'REFUSE' }, { orders: null, erase: null }, { erase: true }] as const) {
      expect((await remove(ada.id, how)).errors).toMatchObject([
        { extensions: { code: 'USER_HAS_ORDERS', field: 'orders' } },
      ]);
    }
    expect((await execute(USER, { id: ada.id })).data).toEqual({ user: { id: ada.id } });
  });

  test.each([
    ['in quotes', (id: string) => `"${id}"`],
    ['in ObjectId(...)', (id: string) => `ObjectId("${id.toUpperCase()}")`],
    ['in {"$oid": ...}', (id: string) => `{"$oid":"${id}"}`],
    ['with a line end', (id: string) => `${id}\n`],
    ['in quotes that are escaped', (id: string) => `%22${id}%22`],
  ])('a user whose order holds the id %s is refused, and one of whom no order knows is not', async (_, wrapped) => {
    const [ada, eve] = [await seed.user(), await seed.user()];
    await seed.order({ userId: wrapped(ada.id) });
    const { errors } = await remove(ada.id);
    expect(errors).toMatchObject([{ extensions: { code: 'USER_HAS_ORDERS', field: 'orders' } }]);
    expect((await execute(USER, { id: ada.id })).data).toEqual({ user: { id: ada.id } });
    expect((await remove(eve.id)).errors).toEqual([]);
  });

  test('KEEP leaves the orders, with their copies, and nobody as their user', async () => {
    const ada = await seed.user();
    const order = await seed.order({ user: ada, userName: 'Ada', userEmail: 'ada@example.com' });
    expect((await remove(ada.id, { orders: 'KEEP' })).errors).toEqual([]);
    expect(await orderOf(order.id)).toEqual({
      userId: ada.id,
      userName: 'Ada',
      userEmail: 'ada@example.com',
      user: null,
    });
  });

  test('with erase the copies go too, and those of others stay', async () => {
    const [ada, eve] = [await seed.user(), await seed.user()];
    const [order, other] = [
      await seed.order({ userId: ada.id.toUpperCase(), userName: 'Ada', userEmail: 'ada@example.com' }),
      await seed.order({ user: eve, userName: 'Eve' }),
    ];
    expect((await remove(ada.id, { orders: 'KEEP', erase: true })).errors).toEqual([]);
    expect(await orderOf(order.id)).toEqual({ userId: ada.id, userName: null, userEmail: null, user: null });
    expect(await orderOf(other.id)).toMatchObject({ userName: 'Eve' });
  });

  test('what is no id is BAD_USER_INPUT, and no database is asked', async () => {
    const answer = await remove('nonsense');
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'id' } }]);
    expect(answer).toHaveCost({});
  });
});
