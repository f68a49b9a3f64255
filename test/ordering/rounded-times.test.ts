import { beforeAll, describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { useGraph, type Answer } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const inPostgres = (...statements: string[]) => sql(databases.databaseUrl, ...statements);

const NEW = `mutation($input: CreateOrderInput!) { createOrder(input: $input) { order { id createdAt updatedAt } } }`;
const CHANGE = `mutation($id: ID!, $input: UpdateOrderInput!) { updateOrder(id: $id, input: $input) { order { updatedAt total } } }`;

interface Page {
  readonly orders: { nodes: Seeded[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
}

interface Times {
  readonly id: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

async function create(input: object = {}): Promise<Times> {
  const { id: userId } = await seed.user();
  const answer = await execute.text<{ createOrder: { order: Times } }>(NEW, {
    input: { userId, total: '1', ...input },
  });
  expect(answer.errors).toEqual([]);
  return answer.data.createOrder.order;
}

async function updatedAt({ id }: Seeded): Promise<string> {
  const answer = await execute.text<{ order: Times }>(`{ order(id: "${id}") { updatedAt } }`);
  return answer.data.order.updatedAt;
}

/** @returns the code of the refusal, or the order's new total */
async function change({ id }: Seeded, total: string, expectedUpdatedAt?: string): Promise<unknown> {
  const input = { total, ...(expectedUpdatedAt === undefined ? {} : { expectedUpdatedAt }) };
  const answer = await execute.text<{ updateOrder: { order: { total: string } } }>(CHANGE, { id, input });
  return answer.errors[0]?.extensions?.['code'] ?? answer.data.updateOrder.order.total;
}

/** Sleeps until PostgreSQL's clock is at this part of a second, where a time is rounded up. */
const untilRoundedUp = () =>
  inPostgres(`SELECT pg_sleep(0.6 - (extract(epoch FROM clock_timestamp())::numeric % 1)::float8)`);

const LONG_AGO = '2024-01-01T00:00:00Z';

beforeAll(() => inPostgres('CREATE DOMAIN seconds AS timestamptz(0)'));

describe.each([
  'timestamptz(0)',
  'timestamptz(1)',
  'timestamptz(2)',
  'timestamptz(3)',
  'timestamptz(5)',
  'timestamp(0)',
  'seconds',
  'date',
])('times in a column of type %s', (type) => {
  beforeAll(() =>
    inPostgres(
      'DELETE FROM orders',
      ...['createdAt', 'updatedAt'].map((name) => `ALTER TABLE orders ALTER "${name}" TYPE ${type}`),
    ),
  );

  test('are never in the future, of a new order and of a changed one', async () => {
    for (let round = 0; round < 3; round += 1) {
      if (round === 0 && !type.includes('5')) await untilRoundedUp();
      const created = await create();
      const old = await seed.order({ createdAt: LONG_AGO, updatedAt: LONG_AGO });
      expect(await change(old, '2', await updatedAt(old))).toBe('2.00');
      const [row] = await inPostgres(
        `SELECT bool_and("createdAt" <= clock_timestamp() AND "updatedAt" <= clock_timestamp()) AS "arePast" FROM orders`,
      );
      expect(row).toEqual({ arePast: true });
      expect(Date.parse(created.createdAt)).toBeLessThanOrEqual(Date.now());
      expect(created.updatedAt).toBe(created.createdAt);
    }
  });

  test('of two changes by what was read once, one is made at most', async () => {
    for (let round = 0; round < 6; round += 1) {
      const order = await seed.order(round % 2 === 0 ? {} : { createdAt: LONG_AGO, updatedAt: LONG_AGO });
      const read = await updatedAt(order);
      const outcomes = [await change(order, '2', read), await change(order, '3', read)];
      expect(outcomes).toContain('CONFLICT');
      if (round % 2 === 1) expect(outcomes).toEqual(['2.00', 'CONFLICT']);
    }
  });
});

describe('where a time is kept in tenths of seconds', () => {
  beforeAll(() =>
    inPostgres(
      'DELETE FROM orders',
      ...['createdAt', 'updatedAt'].map((name) => `ALTER TABLE orders ALTER "${name}" TYPE timestamptz(1)`),
    ),
  );

  test('changes without an expected time are made, each at a later time, which tells a client who has read between', async () => {
    const order = await create();
    const times: string[] = [await updatedAt(order)];
    for (const total of ['2', '3', '4']) {
      expect(await change(order, total)).toBe(`${total}.00`);
      times.push(await updatedAt(order));
    }
    expect(new Set(times).size).toBe(4);
    expect(times.toSorted()).toEqual(times);
    expect(Date.parse(times[3] ?? '')).toBeLessThanOrEqual(Date.now());
    expect(await change(order, '9', times[2])).toBe('CONFLICT');
  });

  test('what a key was told is told again, with the times that are stored', async () => {
    const { id: userId } = await seed.user();
    const input = { userId, total: '1', idempotencyKey: 'tenths' };
    const [first, again] = [await create(input), await create(input)];
    expect(again).toEqual(first);
    const [row] = await inPostgres(`SELECT "createdAt" FROM orders WHERE id = '${first.id}'`);
    expect(row?.['createdAt']).toEqual(new Date(first.createdAt));
  });

  test('pages lose and double nothing', async () => {
    await inPostgres('DELETE FROM orders');
    await Promise.all(Array.from({ length: 12 }, () => create()));
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 4; page += 1) {
      const answer: Answer<Page> = await execute.text<Page>(
        'query($after: String) { orders(first: 5, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }',
        { after },
      );
      seen.push(...answer.data.orders.nodes.map(({ id }) => id));
      if (!answer.data.orders.pageInfo.hasNextPage) break;
      after = answer.data.orders.pageInfo.endCursor;
    }
    expect(new Set(seen).size).toBe(12);
  });
});

describe('where a trigger sets the time of a change', () => {
  beforeAll(() =>
    inPostgres(
      'DELETE FROM orders',
      ...['createdAt', 'updatedAt'].map((name) => `ALTER TABLE orders ALTER "${name}" TYPE timestamptz`),
      `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         NEW."updatedAt" := date_trunc('hour', now()); RETURN NEW; END $$`,
      'CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()',
    ),
  );

  test('to whole hours, a second change by what was read once is CONFLICT, and nothing of it is written', async () => {
    const order = await seed.order({ updatedAt: '2024-01-01T00:00:00Z' });
    expect(await change(order, '2', await updatedAt(order))).toBe('2.00');
    const read = await updatedAt(order);
    expect(await change(order, '3', read)).toBe('CONFLICT');
    expect(await change(order, '4')).toBe('4.00');
    expect(await change(order, '5', read)).toBe('CONFLICT');
    expect(await inPostgres(`SELECT total::text FROM orders WHERE id = '${order.id}'`)).toEqual([{ total: '4.00' }]);
  });
});
