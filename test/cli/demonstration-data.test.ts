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

test('its newest orders are of this day, by plain numbers, and everybody who ordered or paid is there', async () => {
  const { postgres, mongo } = databases.platform;
  const since = new Date(Date.now() - 24 * 3_600_000);
  const newest = await postgres.query(
    'SELECT "orderNumber", "createdAt" FROM orders ORDER BY "createdAt" DESC, id DESC LIMIT 3',
  );
  expect(newest.map(({ orderNumber }) => orderNumber)).toEqual(['DEMO-00500', 'DEMO-00499', 'DEMO-00498']);
  expect(newest.every(({ createdAt }) => createdAt instanceof Date && createdAt > since)).toBe(true);

  const rows = await postgres.query('SELECT DISTINCT "userId", "userName", "userEmail" FROM orders');
  const people = await mongo.run((db) =>
    db
      .collection('users')
      .find({}, { projection: { username: 1, email: 1 } })
      .toArray(),
  );
  const byId = new Map(people.map(({ _id, username, email }) => [_id.toHexString(), [username, email] as unknown[]]));
  expect(rows.length).toBeGreaterThan(25);
  for (const { userId, userName, userEmail } of rows) expect(byId.get(String(userId))).toEqual([userName, userEmail]);
  const stages = [
    { $lookup: { from: 'users', localField: 'userId', foreignField: '_id', as: 'user' } },
    { $match: { user: [] } },
  ];
  expect(await mongo.run((db) => db.collection('transactions').aggregate(stages).toArray())).toEqual([]);
});

test("somebody's user in the database means that it is not empty", async () => {
  await databases.platform.postgres.run((prisma) => prisma.order.deleteMany());
  await seed.user();
  expect(await isEmpty(databases.platform)).toBe(false);
});
