import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { orders } from '../../src/domains/order/order.source.js';
import { condition } from '../../src/join/filter.js';
import type { PageRequest, Position } from '../../src/join/page.js';
import { PostgresSourceReader } from '../../src/platform/postgres/source-reader.js';
import { ADA, asked, BOB, usePostgres } from './postgres-support.js';

const postgres = usePostgres();

const CAROL = '000000000000000000000002';

/** A hundred orders of each of sixty users, an hour apart. */
const manyOrders = () =>
  postgres.sql(`
    INSERT INTO orders ("userId", "orderNumber", "total", "createdAt")
    SELECT lpad(to_hex(n % 60), 24, '0'), 'N' || n, n, '2024-01-01'::timestamptz + n * interval '1 hour'
    FROM generate_series(1, 6000) n`);

beforeEach(async () => {
  await postgres.sql('TRUNCATE orders');
  await manyOrders();
  await postgres.sql('ANALYZE orders');
});

/** A plan that sorts nothing, and passes over nothing but hidden orders. */
const ONLY_HIDES = /^(?!.*Sort)(?:(?!Filter).)*Filter: \(unfinished IS NULL\)(?!.*Filter)/s;

const at: Position = ['2024-03-01 00:00:00+00', randomUUID()];
const request = (more: Partial<PageRequest>) => asked(orders, { limit: 5, fields: new Set(['total']), ...more });

test('a page of all orders begins in the index where the page before it ended, in both directions', async () => {
  const plan = (more: Partial<PageRequest>) => postgres.explain((reader) => reader.findPage(orders, request(more)));
  const forward = await plan({ after: at });
  expect(forward).toMatch(/Index Scan using "orders_createdAt_id_idx"/);
  expect(forward).toMatch(/Index Cond: \(ROW\("createdAt", id\) < ROW\(/);
  const backward = await plan({ before: at, backward: true });
  expect(backward).toMatch(/Index Scan Backward using "orders_createdAt_id_idx"/);
  expect(backward).toMatch(/Index Cond: \(ROW\("createdAt", id\) > ROW\(/);
  for (const text of [forward, backward]) expect(text).toMatch(ONLY_HIDES);
});

test("a page of each user's orders is read from the index, and no more of them than wanted", async () => {
  const plan = (more: Partial<PageRequest>) =>
    postgres.explain((reader) => reader.findPages(orders, 'userId', [BOB, ADA], request(more)));
  for (const text of [await plan({ after: at }), await plan({ before: at, backward: true }), await plan({})]) {
    expect(text).toMatch(/Index Scan (Backward )?using "orders_lower_userId_createdAt_id_idx"/);
    expect(text).toMatch(/Index Cond: \(+lower\("?userId"?\) = /);
    expect(text).toMatch(ONLY_HIDES);
  }
  expect(await plan({ after: at })).toMatch(/Index Cond: .*ROW\("createdAt", id\) < ROW\(/);
});

test('so it is where an adopted table has its ids in varchar', async () => {
  await postgres.sql('DROP INDEX "orders_lower_userId_createdAt_id_idx"');
  await postgres.sql('ALTER TABLE orders ALTER "userId" TYPE varchar(24)');
  await postgres.sql(
    `CREATE INDEX "orders_lower_userId_createdAt_id_idx" ON "orders" (lower("userId"), "createdAt" DESC, "id" DESC)`,
  );
  await postgres.sql('ANALYZE orders');
  const text = await postgres.explain((reader) => reader.findPages(orders, 'userId', [BOB], request({ after: at })));
  expect(text).toMatch(/Index Cond: \(+lower\(\("userId"\)::text\) = .*ROW\("createdAt", id\) < ROW\(/);
  expect(text).toMatch(ONLY_HIDES);
});

interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** The rows of orders that were really read: those that a page got, and those that were passed over. */
function rowsRead(node: PlanNode): { got: number; passed: number } {
  const { 'Actual Rows': rows, 'Actual Loops': loops, 'Rows Removed by Filter': removed = 0, Plans = [] } = node;
  const own =
    node['Relation Name'] === 'orders' ? { got: rows * loops, passed: removed * loops } : { got: 0, passed: 0 };
  return Plans.map(rowsRead).reduce(
    (sum, { got, passed }) => ({ got: sum.got + got, passed: sum.passed + passed }),
    own,
  );
}

/** Runs what a reader asks, as PostgreSQL plans it by itself. */
async function read(ask: (reader: PostgresSourceReader) => Promise<unknown>) {
  let read = { got: 0, passed: 0 };
  await postgres.sql('RESET enable_seqscan');
  await ask(
    new PostgresSourceReader(async (sql, ...parameters) => {
      const [row] = await postgres.sql(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, parameters);
      const [{ Plan }] = row?.['QUERY PLAN'] as [{ Plan: PlanNode }];
      read = rowsRead(Plan);
      return [];
    }),
  );
  return read;
}

test('a page reads the rows that it wants and one more, and of the others only those that are hidden among them', async () => {
  const after: Position = ['2024-03-01 00:30:00+00', randomUUID()];
  const ofAll = () => read((reader) => reader.findPage(orders, request({ after })));
  const ofTwo = () => read((reader) => reader.findPages(orders, 'userId', [BOB, CAROL], request({ after })));
  expect(await ofAll()).toEqual({ got: 6, passed: 0 });
  expect(await ofTwo()).toEqual({ got: 12, passed: 0 });
  // The two newest of all, the newest of each user, and many that neither page comes to.
  await postgres.sql(`UPDATE orders SET "unfinished" = 'CREATE'
    WHERE "orderNumber" = ANY('{N1440,N1439,N1382,N1381}') OR "createdAt" > '2024-04-01'`);
  await postgres.sql('ANALYZE orders');
  expect(await ofAll()).toEqual({ got: 6, passed: 2 });
  expect(await ofTwo()).toEqual({ got: 12, passed: 2 });
});

test('rows by id, and counts by user, are read by an index', async () => {
  const byId = await postgres.explain((reader) => reader.findByKeys(orders, 'id', [randomUUID()], new Set(), null));
  expect(byId).toMatch(/Index Cond: \(id = ANY/);
  const number = condition('orderNumber', { operator: 'in', value: ['N1', 'N2'] });
  const byNumber = await postgres.explain((reader) => reader.count(orders, number));
  expect(byNumber).toMatch(/Index Cond: \("orderNumber" = ANY/);
  const counts = await postgres.explain((reader) => reader.countByKeys(orders, 'userId', [ADA, BOB], null));
  expect(counts).toMatch(/Index Cond: \(lower\(\(?"userId"/);
});
