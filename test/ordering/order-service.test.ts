import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { recordStatements } from '../../src/platform/statements.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

// A hundred calls at once wait for ten connections, and for a machine that others use.
useTimings({ postgres: { poolWait: 60_000 }, mongo: { poolWait: 60_000 } });
const databases = useDatabases();
const seed = new Seed(databases);
const ordering = () => createScope(databases.platform).ordering;

async function ordersInTable(): Promise<number> {
  const rows = await databases.platform.postgres.query('SELECT count(*)::int AS count FROM orders');
  return Number(rows[0]?.['count']);
}

describe('OrderService.createOrder', () => {
  test('the order carries copies of its user, and costs two statements in PostgreSQL and one in MongoDB', async () => {
    const ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
    const created = await recordStatements(() => ordering().createOrder({ userId: ada.id, total: '12.5' }));
    expect(created.result).toMatchObject({
      kind: 'created',
      order: { userId: ada.id, total: '12.50', userName: 'Ada', userEmail: 'ada@example.com' },
    });
    expect(created).toHaveCost({ postgres: 2, mongo: 1 });
  });

  test('a user id in upper case is stored in lower case', async () => {
    const ada = await seed.user();
    const outcome = await ordering().createOrder({ userId: ada.id.toUpperCase(), total: '1' });
    expect(outcome).toMatchObject({ kind: 'created', order: { userId: ada.id } });
  });

  test('a user that lacks name and e-mail leaves the copies empty', async () => {
    const nameless = await seed.user({ username: undefined, email: undefined });
    const outcome = await ordering().createOrder({ userId: nameless.id, total: '1' });
    expect(outcome).toMatchObject({ kind: 'created', order: { userName: null, userEmail: null } });
  });

  test('a user that does not exist is a value, and nothing is written', async () => {
    const before = await ordersInTable();
    const userId = 'f'.repeat(24);
    expect(await ordering().createOrder({ userId, total: '1' })).toEqual({ kind: 'userNotFound', userId });
    expect(await ordersInTable()).toBe(before);
  });

  test('100 orders at once get 100 different numbers', async () => {
    const ada = await seed.user();
    const orders = Array.from({ length: 100 }, () => ordering().createOrder({ userId: ada.id, total: '1' }));
    const numbers = (await Promise.all(orders)).map(
      (outcome) => outcome.kind === 'created' && outcome.order.orderNumber,
    );
    expect(new Set(numbers).size).toBe(100);
    expect(numbers).not.toContain(false);
    expect(numbers[0]).toMatch(/^ORD-\d{8}-[0-9A-HJKMNP-TV-Z]{7}$/);
  });

  test('of 20 calls at once with one number one wins, the others are told', async () => {
    const ada = await seed.user();
    const orderNumber = 'chosen by hand';
    const calls = Array.from({ length: 20 }, () => ordering().createOrder({ userId: ada.id, total: '1', orderNumber }));
    const kinds = (await Promise.all(calls)).map(({ kind }) => kind).sort();
    expect(kinds).toEqual(['created', ...Array<string>(19).fill('orderNumberTaken')]);
  });

  test.each(['0', '0.00', '12', '12.5', '99999999.99'])('a total of %s is taken', async (total) => {
    const ada = await seed.user();
    const outcome = await ordering().createOrder({ userId: ada.id, total });
    expect(outcome).toMatchObject({ kind: 'created', order: { total: Number(total).toFixed(2) } });
  });

  test.each(['-1', '1e3', 'NaN', '0.001', '100000000.00', '', ' 1', '1,00', '0x10'])(
    'a total of %j is BAD_USER_INPUT',
    async (total) => {
      const ada = await seed.user();
      const before = await ordersInTable();
      const outcome = ordering().createOrder({ userId: ada.id, total });
      await expect(outcome).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.total' });
      expect(await ordersInTable()).toBe(before);
    },
  );

  test.each([
    ['', 'empty'],
    ['x'.repeat(65), 'too long'],
    ['a\u0000b', 'with a NUL'],
    ['a\ud800b', 'with half a surrogate pair'],
    [' padded ', 'with blanks at its ends'],
  ])('an order number %j (%s) is BAD_USER_INPUT', async (orderNumber) => {
    const ada = await seed.user();
    const outcome = ordering().createOrder({ userId: ada.id, total: '1', orderNumber });
    await expect(outcome).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.orderNumber' });
  });

  test('a malformed user id is BAD_USER_INPUT, and no database is asked', async () => {
    const refused = await recordStatements(() =>
      ordering()
        .createOrder({ userId: 'nobody', total: '1' })
        .catch((error: unknown) => error),
    );
    expect(refused.result).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.userId' });
    expect(refused).toHaveCost({});
  });
});

describe('OrderService.getOrderWithUser', () => {
  test('an order, its user and its transactions cost one statement in PostgreSQL and two in MongoDB', async () => {
    const ada = await seed.user({ username: 'Ada', locCode: 'LOC6' });
    const order = await seed.order({ user: ada });
    const transaction = await seed.transaction(order);
    const found = await recordStatements(() => ordering().getOrderWithUser(order.id));
    expect(found.result).toMatchObject({
      kind: 'found',
      order: { id: order.id, user: { id: ada.id, username: 'Ada', locCode: 'LOC6' } },
      transactions: [{ id: transaction.id, orderId: order.id }],
    });
    expect(found).toHaveCost({ postgres: 1, mongo: 2 });
  });

  test('no order under an id is a value', async () => {
    const orderId = randomUUID();
    expect(await ordering().getOrderWithUser(orderId)).toEqual({ kind: 'orderNotFound', orderId });
  });

  test('an order whose user is not there has null for it', async () => {
    const order = await seed.order();
    expect(await ordering().getOrderWithUser(order.id)).toMatchObject({ kind: 'found', order: { user: null } });
  });
});

describe('OrderService.getOrdersWithUsers', () => {
  test('all orders come in pages, newest first, each page at one statement in each database', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await recordStatements(() => ordering().getOrdersWithUsers({ first: 100, after }));
      expect(page).toHaveCost({ postgres: 1, mongo: 1 });
      seen.push(...page.result.orders.map(({ id }) => id));
      after = page.result.hasNextPage ? page.result.endCursor : null;
    } while (after !== null);
    expect(seen).toHaveLength(await ordersInTable());
    expect(new Set(seen).size).toBe(seen.length);
  });
});
