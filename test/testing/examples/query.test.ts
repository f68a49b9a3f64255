import { FakeDatabases, rows } from 'tandem/testing';
import { expect, test } from 'vitest';
import { orders } from '../../../src/domains/order/order.source.js';
import { users } from '../../../src/domains/user/user.source.js';

const ada = { id: 'a'.repeat(24), username: 'Ada' };
const nobody = 'f'.repeat(24);
const ORDERS = '{ orders(orderBy: [{ total: asc }]) { nodes { total user { username } } } }';

test('orders have their users, from one look-up for all of them', async () => {
  const databases = new FakeDatabases(
    rows(users, [ada]),
    rows(orders, [
      { userId: ada.id, total: '12.50' },
      { userId: ada.id.toUpperCase(), total: '9.00' },
      { userId: nobody, total: '10.00' },
    ]),
  );
  const answer = await databases.execute(ORDERS);
  expect(answer.data).toEqual({
    orders: {
      nodes: [
        { total: '9.00', user: { username: 'Ada' } },
        { total: '10.00', user: null },
        { total: '12.50', user: { username: 'Ada' } },
      ],
    },
  });
  expect(answer).toHaveCost({ postgres: 1, mongo: 1 });

  databases.stop('mongo');
  const without = await databases.execute(ORDERS);
  expect(without.data).toMatchObject({ orders: { nodes: [{ user: null }, { user: null }, { user: null }] } });
  expect(without.errors[0]).toMatchObject({ extensions: { code: 'MONGO_UNAVAILABLE' } });
});
