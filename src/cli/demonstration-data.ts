import { orders } from '../domains/order/order.source.js';
import { transactionModel } from '../domains/transaction/transaction.model.js';
import { userModel } from '../domains/user/user.model.js';
import type { Platform } from '../platform/platform.js';
import type { Progress } from '../platform/task.js';

const USERS = 50;
const ORDERS = 500;
const FIRST_NAMES = ['Ada', 'Alan', 'Barbara', 'Edsger', 'Frances', 'Grace', 'Jim', 'Ken', 'Leslie', 'Margaret'];
const LAST_NAMES = ['Allen', 'Codd', 'Gray', 'Hopper', 'Lamport'];
const MINUTE = 60_000;

/** Whether there are no orders, and no users but those of a demonstration that was cut short. */
export async function isEmpty({ readers, mongo }: Platform): Promise<boolean> {
  if ((await readers.postgres.count(orders, null)) > 0) return false;
  const ids = demonstrationUsers(new Date()).map(({ _id }) => _id);
  return (await userModel(mongo.connection).countDocuments({ _id: { $nin: ids } })) === 0;
}

/**
 * Fills empty databases with users, orders and, for two orders in three, a transaction: the same ones every time. The
 * orders come last, in one statement: without them, whatever is there of the others is replaced.
 */
export async function insertDemonstrationData({ postgres, mongo }: Platform, update: Progress): Promise<void> {
  const now = new Date();
  const people = demonstrationUsers(now);
  const bought = demonstrationOrders(people, now);
  const paid = bought
    .filter((_, at) => at % 3 !== 0)
    .map(({ id, userId, total, createdAt }, at) => ({
      _id: hex(at + 1, 24),
      orderId: id,
      userId,
      amount: total,
      createdAt: new Date(createdAt.getTime() + MINUTE),
    }));
  // The models turn the ids into ObjectIds and the amounts into Decimal128s.
  const [userDocuments, transactionDocuments] = [userModel(mongo.connection), transactionModel(mongo.connection)];
  await mongo.run(() => userDocuments.deleteMany({ _id: { $in: people.map(({ _id }) => _id) } }));
  await mongo.run(() => userDocuments.insertMany(people));
  update(1 / 3, `${USERS} users`);
  await mongo.run(() => transactionDocuments.deleteMany({ _id: { $in: paid.map(({ _id }) => _id) } }));
  await mongo.run(() => transactionDocuments.insertMany(paid));
  update(2 / 3, `${paid.length} transactions`);
  await postgres.run((prisma) => prisma.order.createMany({ data: bought }));
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
