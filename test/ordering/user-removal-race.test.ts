import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { DeleteUser } from '../../src/ordering/user-removal.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { useWorker } from '../support/worker.js';
import { rounds } from '../support/long.js';

const databases = useDatabases();
useWorker(databases);
const seed = new Seed(databases);

const RACES = rounds(40, 200);
const AT_ONCE = 10;
const MODES = ['NONE', 'REQUIRED', 'EVENTUAL'] as const;

/** An order is created and its user deleted at the same moment, now the one first, now the other; what became of both. */
async function race(at: number, how: DeleteUser) {
  const { platform } = databases;
  const userId = (await seed.user({ username: 'Ada', email: 'ada@example.com' })).id;
  const transaction = MODES[at % MODES.length];
  const lead = ((at % 21) - 10) / 2;
  const [created, removed] = await Promise.all([
    sleep(Math.max(0, lead)).then(() =>
      createScope(platform).ordering.createOrder({ userId, total: '1', transaction }),
    ),
    sleep(Math.max(0, -lead)).then(() => createScope(platform).userRemoval.deleteUser(userId, how)),
  ]);
  const user = await platform.mongo.run((db) => db.collection('users').findOne({ _id: seed.objectId({ id: userId }) }));
  const orders = await platform.postgres.query('SELECT * FROM "orders" WHERE "userId" = $1', userId);
  return { created: created.kind, removed: removed.kind, isThere: user !== null, orders };
}

async function races(how: DeleteUser) {
  const outcomes: Awaited<ReturnType<typeof race>>[] = [];
  for (let at = 0; at < RACES; at += AT_ONCE) {
    outcomes.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => race(at + more, how)))));
  }
  return outcomes;
}

test(`${RACES} times REFUSE against an order: the user stays and has it, or is gone and has none`, async () => {
  const outcomes = await races({ orders: 'REFUSE', erase: false });
  for (const { created, removed, isThere, orders } of outcomes) {
    if (isThere)
      expect({ created, removed, orders: orders.length }).toEqual({
        created: 'created',
        removed: 'hasOrders',
        orders: 1,
      });
    else
      expect({ created, removed, orders: orders.length }).toEqual({
        created: 'userNotFound',
        removed: 'deleted',
        orders: 0,
      });
  }
  // Else nothing was raced.
  expect(new Set(outcomes.map(({ isThere }) => isThere)).size).toBe(2);
});

test(`${RACES} times KEEP with erase against an order: no order keeps copies of a user who is gone`, async () => {
  const outcomes = await races({ orders: 'KEEP', erase: true });
  for (const { created, removed, isThere, orders } of outcomes) {
    expect([removed, isThere]).toEqual(['deleted', false]);
    expect(orders.length).toBe(created === 'created' ? 1 : 0);
    for (const order of orders) expect(order).toMatchObject({ userName: null, userEmail: null });
  }
  expect(new Set(outcomes.map(({ created }) => created))).toEqual(new Set(['created', 'userNotFound']));
});
