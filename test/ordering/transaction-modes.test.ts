import { expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);
const ordering = () => createScope(databases.platform).ordering;

test('REQUIRED: both are there when the call returns', async () => {
  const ada = await seed.user();
  const created = await ordering().createOrder({ userId: ada.id, total: '12.5', transaction: 'REQUIRED' });
  expect(created).toMatchObject({
    kind: 'created',
    order: { total: '12.50', transactionState: 'RECORDED' },
    transaction: { amount: '12.50', userId: ada.id },
  });
  console.log(await databases.platform.postgres.query('SELECT * FROM graphile_worker._private_jobs'));
  console.log(await databases.platform.postgres.query('SELECT * FROM tandem_idempotency_keys'));
  if (created.kind !== 'created') throw new Error();
  const u = await ordering().updateOrder(created.order.id, { total: '20' });
  console.log(u, await databases.platform.mongo.run((db) => db.collection('transactions').find().toArray()));
  console.log(await ordering().deleteOrder(created.order.id));
  console.log(await databases.platform.mongo.run((db) => db.collection('transactions').find().toArray()));
  console.log(await databases.platform.postgres.query('SELECT * FROM graphile_worker._private_jobs'));
  const e = await ordering().createOrder({ userId: ada.id, total: '12.5', transaction: 'EVENTUAL', idempotencyKey: 'x' });
  const e2 = await ordering().createOrder({ userId: ada.id, total: '12.50', transaction: 'EVENTUAL', idempotencyKey: 'x' });
  console.log(e, e2);
  console.log(await databases.platform.postgres.query('SELECT * FROM graphile_worker._private_jobs'));
  console.log(await createScope(databases.platform).userRemoval.deleteUser(ada.id, { orders: 'REFUSE', erase: false }));
  console.log(await createScope(databases.platform).userRemoval.deleteUser(ada.id, { orders: 'KEEP', erase: true }));
  console.log(await ordering().createOrder({ userId: ada.id, total: '12.50' }));
});
