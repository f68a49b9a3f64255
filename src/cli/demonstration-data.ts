import type { Platform } from '../platform/platform.js';
import type { Progress } from '../platform/task.js';
import { Calendar } from './seeding/calendar.js';
import { idsOf } from './seeding/ids.js';
import { dayOf, planOf, type Plan } from './seeding/plan.js';
import { Seeding } from './seeding/seeding.js';

const DAYS = 7;
const OPTIONS = { users: 50, orders: 500, transactions: 333, seed: 1, until: '2026-01-01', dirt: 0, orphans: 0 };

/** Whether there are no orders, and nothing else but what a demonstration that was cut short has left. */
export async function isEmpty(platform: Platform): Promise<boolean> {
  const [users, orders, transactions] = await countsOf(new Seeding(platform, demonstration(new Date())));
  return orders.own + orders.others === 0 && users.others === 0 && transactions.others === 0;
}

/**
 * Fills empty databases with a seeding of its own: the same every time, but that it ends now. The orders come last, in
 * one statement: without them, whatever is there of the others is replaced.
 */
export async function insertDemonstrationData(platform: Platform, update: Progress): Promise<void> {
  const { users, transactions, orders } = new Seeding(platform, demonstration(new Date()));
  for (const [at, documents] of [users, transactions].entries()) {
    await documents.remove();
    await documents.write(0, documents.planned);
    update((at + 1) / 3, `${documents.planned} ${documents.name}`);
  }
  await orders.write(0, orders.planned);
}

/** Those of others as far as it takes to know that there are some. */
async function countsOf({ users, orders, transactions }: Seeding) {
  return Promise.all([users.count(0), orders.count(0), transactions.count(0)]);
}

/** A week of orders, with plain ids and numbers: they are what people see and type first. */
function demonstration(now: Date): Plan {
  const until = dayOf(OPTIONS.until);
  return planOf(OPTIONS, {
    ids: {
      users: idsOf('0'.repeat(18), 6),
      orders: idsOf('00000000-0000-4000-8000-', 12),
      // Not those of users: there are clients that keep what they have read by its id alone.
      transactions: idsOf(`1${'0'.repeat(17)}`, 6),
    },
    calendar: new Calendar({ until, days: DAYS, stream: 0, shift: now.getTime() - until }),
    mailHost: 'example.com',
    copiesFollow: true,
    orderNumbers: (index) => `DEMO-${String(index + 1).padStart(5, '0')}`,
  });
}
