import { fakeScope, rows } from 'tandem/testing';
import { expect, test } from 'vitest';
import { users } from '../../../src/domains/user/user.source.js';
import { OrderingResolver } from '../../../src/ordering/ordering.resolver.js';

test('an order for nobody is refused', async () => {
  const scope = fakeScope(rows(users, [{ username: 'Ada' }]));
  const created = new OrderingResolver().createOrder({ userId: 'f'.repeat(24), total: '12.50' }, scope);
  await expect(created).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
});
