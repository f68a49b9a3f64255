import { describe, expect, test } from 'vitest';
import { orderOf, purchaseOf } from '../../src/cli/seeding/orders.js';
import { planOf } from '../../src/cli/seeding/plan.js';
import { transactionOf } from '../../src/cli/seeding/transactions.js';
import { userOf } from '../../src/cli/seeding/users.js';
import { SMALL } from './seed-support.js';

const PLAN = planOf({ ...SMALL, users: 2_000, orders: 20_000, transactions: 30_000 });
const users = Array.from({ length: PLAN.users }, (_, at) => userOf(PLAN, at));
const orders = Array.from({ length: PLAN.orders }, (_, at) => orderOf(PLAN, at));
const transactions = Array.from({ length: PLAN.transactions }, (_, at) => transactionOf(PLAN, at));
const userById = new Map(users.map((user) => [user.id, user]));
const orderById = new Map(orders.map((order) => [order.id, order]));

test('no two rows share an id, a number or an e-mail address', () => {
  for (const [rows, field] of [
    [users, 'id'],
    [users, 'email'],
    [orders, 'id'],
    [orders, 'orderNumber'],
    [transactions, 'id'],
  ] as const) {
    expect(new Set(rows.map((row) => (row as unknown as Record<string, unknown>)[field])).size, field).toBe(
      rows.length,
    );
  }
});

test("an order has its number in the graph's form, with its day, and copies of its user", () => {
  for (const { orderNumber, createdAt, userId, userName, userEmail } of orders) {
    expect(orderNumber).toMatch(/^ORD-\d{8}-[0-9A-HJKMNP-TV-Z]{7}$/);
    expect(orderNumber.slice(4, 12)).toBe(createdAt.slice(0, 10).replaceAll('-', ''));
    expect(userById.get(userId)).toMatchObject({ username: userName, email: userEmail });
  }
});

test('two seedings of a size share no id, number or e-mail address', () => {
  const other = planOf({ ...SMALL, users: 2_000, orders: 20_000, transactions: 30_000, seed: 2 });
  const emails = new Set(users.map(({ email }) => email));
  const numbers = new Set(orders.map(({ orderNumber }) => orderNumber));
  for (let at = 0; at < 2_000; at += 1) {
    expect(userById.has(userOf(other, at).id) || emails.has(userOf(other, at).email)).toBe(false);
    expect(orderById.has(orderOf(other, at).id) || numbers.has(orderOf(other, at).orderNumber)).toBe(false);
  }
});

test('nobody orders before they joined, pays before they ordered, or does anything later than all is to be', () => {
  const end = '2026-01-01T00:00:00';
  for (const { createdAt, updatedAt, userId } of orders) {
    expect(createdAt >= '2024-01-02T00:00:00' && createdAt <= updatedAt && updatedAt < end).toBe(true);
    expect((userById.get(userId)?.createdAt.toISOString() ?? end) <= createdAt).toBe(true);
  }
  for (const { orderId, createdAt } of transactions) {
    const ordered = orderById.get(orderId ?? '')?.createdAt ?? end;
    expect(createdAt.toISOString().slice(0, 23) >= ordered.slice(0, 23) && createdAt.toISOString() < end).toBe(true);
  }
  for (const { createdAt, updatedAt } of users) expect(updatedAt >= createdAt).toBe(true);
});

test('the transactions of an order are its user’s and add up to its total, to the cent', () => {
  const paid = new Map<string, number>();
  for (const { orderId, userId, cents } of transactions) {
    expect(orderById.get(orderId ?? '')?.userId).toBe(userId);
    paid.set(orderId ?? '', (paid.get(orderId ?? '') ?? 0) + cents);
  }
  expect(paid.size).toBe(PLAN.orders);
  for (const { id, total } of orders) expect(paid.get(id)).toBe(Math.round(Number(total) * 100));
  for (const { total } of orders) expect(total).toMatch(/^\d{1,4}\.\d\d$/);
});

describe('who orders, and when', () => {
  test('three users in ten have no order, and the busiest tenth of the others has a third', () => {
    const counts = new Map<string, number>();
    for (const { userId } of orders) counts.set(userId, (counts.get(userId) ?? 0) + 1);
    expect(counts.size).toBeGreaterThan(PLAN.users * 0.65);
    expect(counts.size).toBeLessThanOrEqual(PLAN.users * 0.7);
    const busiest = [...counts.values()].sort((a, b) => b - a).slice(0, PLAN.users * 0.07);
    const share = busiest.reduce((sum, count) => sum + count, 0) / PLAN.orders;
    expect(share).toBeGreaterThan(0.28);
    expect(share).toBeLessThan(0.42);
  });

  test('orders come in the order of their ids, twice as many at the end, in bursts, and some at one microsecond', () => {
    const times = orders.map(({ createdAt }) => createdAt);
    const milliseconds = times.map((time) => time.slice(0, 23));
    expect(milliseconds).toEqual([...milliseconds].sort());
    const halves = [
      times.filter((time) => time < '2025-01-01').length,
      times.filter((time) => time >= '2025-01-01').length,
    ];
    expect((halves[1] ?? 0) / (halves[0] ?? 1)).toBeGreaterThan(1.2);

    const days = new Map<string, number>();
    for (const time of times) days.set(time.slice(0, 10), (days.get(time.slice(0, 10)) ?? 0) + 1);
    expect(days.size).toBe(730);
    expect(Math.max(...days.values())).toBeGreaterThan((4 * PLAN.orders) / 730);

    const together = new Map<string, number>();
    for (const time of times) together.set(time, (together.get(time) ?? 0) + 1);
    expect([...together.values()].filter((count) => count === 16).length).toBeGreaterThan(10);
  });
});

test.each([1, 2, 3, 7, 50])('with %i users there is a buyer for every order', (count) => {
  const plan = planOf({ ...SMALL, users: count, orders: 200, transactions: 0 });
  const buyers = Array.from({ length: 200 }, (_, at) => purchaseOf(plan, at).buyer ?? -1);
  expect(Math.min(...buyers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...buyers)).toBeLessThan(count);
  for (const [at, buyer] of buyers.entries()) {
    expect(userOf(plan, buyer).createdAt.toISOString() <= orderOf(plan, at).createdAt).toBe(true);
  }
});
