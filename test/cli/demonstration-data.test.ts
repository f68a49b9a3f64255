import { expect, test } from 'vitest';
import { insertDemonstrationData, isEmpty } from '../../src/cli/demonstration-data.js';
import { orders } from '../../src/domains/order/order.source.js';
import { transactions } from '../../src/domains/transaction/transaction.source.js';
import { users } from '../../src/domains/user/user.source.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);

async function counts(): Promise<number[]> {
  const { postgres, mongo } = databases.platform.readers;
  return Promise.all([postgres.count(orders, null), mongo.count(users, null), mongo.count(transactions, null)]);
}

test('demonstration data that was cut short is made whole by the next start, and whole data is left alone', async () => {
  expect(await isEmpty(databases.platform)).toBe(true);
  await insertDemonstrationData(databases.platform, () => undefined);
  const whole = await counts();
  expect(whole).toEqual([500, 50, 333]);
  expect(await isEmpty(databases.platform)).toBe(false);

  await databases.platform.postgres.run((prisma) => prisma.order.deleteMany());
  await databases.platform.mongo.run((db) => db.collection('transactions').deleteMany({}, {}));
  expect(await isEmpty(databases.platform)).toBe(true);
  await insertDemonstrationData(databases.platform, () => undefined);
  expect(await counts()).toEqual(whole);
});

test("somebody's user in the database means that it is not empty", async () => {
  await databases.platform.postgres.run((prisma) => prisma.order.deleteMany());
  await seed.user();
  expect(await isEmpty(databases.platform)).toBe(false);
});
