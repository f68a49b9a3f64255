import { orders } from '../domains/order/order.source.js';
import { transactionModel } from '../domains/transaction/transaction.model.js';
import { userModel } from '../domains/user/user.model.js';
import { users } from '../domains/user/user.source.js';
import type { Platform } from '../platform/platform.js';
import type { Progress } from '../platform/task.js';

const USERS = 50;
const ORDERS = 500;
const FIRST_NAMES = ['Ada', 'Alan', 'Barbara', 'Edsger', 'Frances', 'Grace', 'Jim', 'Ken', 'Leslie', 'Margaret'];
const LAST_NAMES = ['Allen', 'Codd', 'Gray', 'Hopper', 'Lamport'];
const MINUTE = 60_000;

/** Whether both databases are there and hold neither users nor orders. */
export async function isEmpty({ readers }: Platform): Promise<boolean> {
  const counts = await Promise.all([readers.postgres.count(orders), readers.mongo.count(users)]);
  return counts.every((count) => count === 0);
}

/** Fills empty databases with users, orders and, for two orders in three, a transaction: the same ones every time. */
export async function insertDemonstrationData(platform: Platform, update: Progress): Promise<void> {
  const now = new Date();
  const people = demonstrationUsers(now);
  // The models turn the ids into ObjectIds and the amounts into Decimal128s.
  await platform.mongo.run(() => userModel(platform.mongo.connection).insertMany(people));
  update(1 / 3, `${USERS} users`);
  const bought = demonstrationOrders(people, now);
  await platform.postgres.run((prisma) => prisma.order.createMany({ data: bought }));
  update(2 / 3, `${ORDERS} orders`);
  const paid = bought
    .filter((_, at) => at % 3 !== 0)
    .map(({ id, userId, total, createdAt }) => ({
      orderId: id,
      userId,
      amount: total,
      createdAt: new Date(createdAt.getTime() + MINUTE),
    }));
  await platform.mongo.run(() => transactionModel(platform.mongo.connection).insertMany(paid));
}

function demonstrationUsers(now: Date) {
  return Array.from({ length: USERS }, (_, at) => {
    const first = FIRST_NAMES[at % FIRST_NAMES.length] ?? '';
    const last = LAST_NAMES[Math.floor(at / FIRST_NAMES.length)] ?? '';
    return {
      _id: hex(at + 1, 24),
      username: `${first} ${last}`,
      email: `${first}.${last}@example.com`.toLowerCase(),
      locCode: `LOC${(at % 7) + 1}`,
      power: (at * 37) % 100,
      createdAt: new Date(now.getTime() - (USERS - at) * 1_000 * MINUTE),
    };
  });
}

function demonstrationOrders(people: ReturnType<typeof demonstrationUsers>, now: Date) {
  return Array.from({ length: ORDERS }, (_, at) => {
    // A stride that shares no factor with the number of users: neighbours belong to different people.
    const user = people[(at * 7) % USERS];
    if (user === undefined) throw new Error('an order needs a user');
    const cents = ((at * 7919) % 50_000) + 199;
    return {
      id: `00000000-0000-4000-8000-${hex(at + 1, 12)}`,
      userId: user._id,
      orderNumber: `DEMO-${String(at + 1).padStart(5, '0')}`,
      total: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`,
      userName: user.username,
      userEmail: user.email,
      createdAt: new Date(now.getTime() - (ORDERS - at) * 10 * MINUTE),
    };
  });
}

function hex(number: number, length: number): string {
  return number.toString(16).padStart(length, '0');
}
