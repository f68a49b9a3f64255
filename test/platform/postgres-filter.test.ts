import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { orders } from '../../src/domains/order/order.source.js';
import { all, any, condition, not, type Filter } from '../../src/join/filter.js';
import { PostgresSourceReader } from '../../src/platform/postgres/source-reader.js';
import { ADA, BOB, order, usePostgres } from './postgres-support.js';

const postgres = usePostgres();
beforeEach(() => postgres.sql('TRUNCATE orders'));

const count = (where: Filter) => postgres.reader.count(orders, where);

test('one sees milliseconds, and one filters by what one sees', async () => {
  for (const micro of ['122999', '123000', '123999', '124000'])
    await order(postgres, ADA, `2024-01-01 00:00:00.${micro}+00`);
  const value = '2024-01-01T00:00:00.123Z';
  const counts: Record<string, number> = {};
  for (const operator of ['equals', 'lt', 'lte', 'gt', 'gte'] as const)
    counts[operator] = await count(condition('createdAt', { operator, value }));
  expect(counts).toEqual({ equals: 2, lt: 1, lte: 3, gt: 1, gte: 3 });
  expect(await count(condition('createdAt', { operator: 'in', value: [value] }))).toBe(2);
  expect(await count(not(condition('createdAt', { operator: 'equals', value })))).toBe(2);
});

test('a thousand conditions and a thousand values pass, and so do twenty levels', async () => {
  await order(postgres, ADA, '2024-01-01');
  const one = condition('orderNumber', { operator: 'contains', value: '%' });
  expect(await count(any(Array.from({ length: 1000 }, () => one)))).toBe(0);
  const values = Array.from({ length: 1000 }, () => randomUUID());
  expect(await count(not(condition('id', { operator: 'in', value: values })))).toBe(1);
  let deep: Filter = condition('userId', { operator: 'equals', value: ADA.toUpperCase() });
  for (let level = 0; level < 20; level += 1) deep = level % 2 === 0 ? all([deep, all([])]) : any([deep, any([])]);
  expect(await count(deep)).toBe(1);
});

test('a list of any length is one parameter', async () => {
  const sent: unknown[][] = [];
  const reader = new PostgresSourceReader((_sql, ...parameters) => {
    sent.push(parameters);
    return Promise.resolve([]);
  });
  const value = Array.from({ length: 500 }, (_, n) => `${n}.50`);
  await reader.countByKeys(orders, 'userId', [ADA, BOB], condition('total', { operator: 'in', value }));
  expect(sent).toEqual([[[ADA, BOB], value]]);
});

test('a value that is none of its kind is met by no row, and every row that has a value meets its negation', async () => {
  await order(postgres, ADA, '2024-01-01');
  for (const [field, value] of [
    ['id', 'nonsense'],
    ['userName', 'a\0'],
    ['orderNumber', '\ud800'],
    ['createdAt', 'yesterday'],
    ['createdAt', '-271821-04-20T00:00:00.000Z'],
    ['total', '1e400000'],
    ['total', '9'.repeat(200_000)],
  ] as const) {
    const wanted = condition(field, { operator: 'equals', value });
    const counts = [await count(wanted), await count(not(wanted))];
    expect([field, ...counts]).toEqual([field, 0, field === 'userName' ? 0 : 1]);
    expect(await count(condition(field, { operator: 'in', value: [value] }))).toBe(0);
    expect(await count(condition(field, { operator: 'lt', value }))).toBe(0);
  }
});

test('a list of any case finds a text of any case, and its pattern characters stand for themselves', async () => {
  await postgres.sql(
    `INSERT INTO orders ("userId", "orderNumber", "total") SELECT $1, n, 1 FROM unnest($2::text[]) n`,
    [ADA, ['AbC', 'a%c', 'a_c', 'a\\c']],
  );
  for (const [value, found] of [
    ['aBc', 1],
    ['A%C', 1],
    ['A_C', 1],
    ['A\\C', 1],
    ['a%', 0],
  ] as const) {
    expect(await count(condition('orderNumber', { operator: 'equals', value }, true))).toBe(found);
    expect(await count(condition('orderNumber', { operator: 'in', value: [value, 'x'] }, true))).toBe(found);
  }
});

test('texts are greater and less by code point, however the column sorts them', async () => {
  await postgres.sql('ALTER TABLE orders ALTER "orderNumber" TYPE text COLLATE "en-x-icu"');
  await postgres.sql(`INSERT INTO orders ("userId", "orderNumber", "total") VALUES ($1, 'a', 1)`, [ADA]);
  expect(await count(condition('orderNumber', { operator: 'gt', value: 'B' }))).toBe(1);
  expect(await count(condition('orderNumber', { operator: 'lt', value: 'B' }))).toBe(0);
  expect(await count(condition('orderNumber', { operator: 'lt', value: 'B' }, true))).toBe(1);
});
