import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { USUAL_LIMITS, USUAL_SECURITY } from '../../src/security/settings.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { running } from '../support/running.js';
import { Seed, type Seeded } from '../support/seed.js';

const SECONDS = 2;

const databases = useDatabases();
const seed = new Seed(databases);
/** One that gives operations two seconds, and one with the usual time, on the same connections. */
let hasty: Gateway;
let patient: Gateway;

function start(seconds: number): Promise<Gateway> {
  const security = { ...USUAL_SECURITY, limits: { ...USUAL_LIMITS, seconds } };
  return startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0, security });
}

beforeAll(async () => {
  [hasty, patient] = await Promise.all([start(SECONDS), start(USUAL_LIMITS.seconds)]);
});
afterAll(() => Promise.all([hasty[Symbol.asyncDispose](), patient[Symbol.asyncDispose]()]));

const NUMBERS = 10_000;
const ofNumbers = (pipeline: object[]) => ({
  $lookup: { from: 'numbers', let: { it: '$_id' }, pipeline, as: 'numbers' },
});

/** Before a user's name is known that is "Slow", all pairs of numbers are counted: minutes. */
const SLOW_NAME = [
  {
    $lookup: {
      from: 'numbers',
      let: { username: '$username' },
      pipeline: [
        { $match: { $expr: { $eq: ['$$username', 'Slow'] } } },
        ofNumbers([{ $match: { $expr: { $gt: ['$_id', '$$it'] } } }, { $count: 'count' }]),
      ],
      as: 'pairs',
    },
  },
  { $set: { username: { $cond: [{ $gte: [{ $size: '$pairs' }, 0] }, '$username', null] } } },
];

interface Answered {
  readonly status: number;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; path: readonly unknown[]; extensions: Record<string, unknown> }[];
}

async function ask(gateway: Gateway, query: string, variables: object = {}, signal?: AbortSignal): Promise<Answered> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: signal ?? null,
  });
  return { status: response.status, ...((await response.json()) as object) };
}

describe('a mutation', () => {
  test('that takes longer than an operation may is carried out, and answered with what it wrote', async () => {
    const ada = await seed.user();
    await sql(
      databases.databaseUrl,
      `CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM pg_sleep(${SECONDS + 1}); RETURN NEW; END $$`,
      'CREATE TRIGGER slowly BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION slowly()',
    );
    try {
      const answer = await ask(
        hasty,
        `mutation ($userId: ID!) {
           createOrder(input: { userId: $userId, total: "1", transaction: REQUIRED }) {
             order { user { id } } transaction { amount }
           }
         }`,
        { userId: ada.id },
      );
      expect(answer).toEqual({
        status: 200,
        data: { createOrder: { order: { user: { id: ada.id } }, transaction: { amount: '1.00' } } },
      });
    } finally {
      await sql(databases.databaseUrl, 'DROP TRIGGER slowly ON orders');
    }
  });
});

describe('a query', () => {
  let ada: Seeded;
  let order: Seeded;
  let slowUser: Seeded;
  let slowOrder: Seeded;

  /** Of some rows it takes longer to find out the total, and of some users the name. */
  beforeAll(async () => {
    ada = await seed.user({ username: 'Ada' });
    slowUser = await seed.user({ username: 'Slow' });
    order = await seed.order({ user: ada, total: '5.00' });
    slowOrder = await seed.order({ user: ada, orderNumber: 'SLOW' });
    await sql(
      databases.databaseUrl,
      `CREATE FUNCTION slow_total("orderNumber" text, total numeric) RETURNS numeric LANGUAGE plpgsql AS
       $$ BEGIN IF "orderNumber" = 'SLOW' THEN PERFORM pg_sleep(9); END IF; RETURN total; END $$`,
      'ALTER TABLE orders RENAME TO stored_orders',
    );
    const columns = await sql(
      databases.databaseUrl,
      `SELECT string_agg(CASE attname WHEN 'total' THEN 'slow_total("orderNumber", total) AS total'
         ELSE quote_ident(attname) END, ', ') AS list
       FROM pg_attribute WHERE attrelid = 'stored_orders'::regclass AND attnum > 0 AND NOT attisdropped`,
    );
    await sql(databases.databaseUrl, `CREATE VIEW orders AS SELECT ${String(columns[0]?.['list'])} FROM stored_orders`);
    await databases.platform.mongo.run(async (db) => {
      await db.collection('users').rename('stored_users');
      await db
        .collection<{ _id: number }>('numbers')
        .insertMany(Array.from({ length: NUMBERS }, (_, at) => ({ _id: at })));
      await db.createCollection('users', { viewOn: 'stored_users', pipeline: SLOW_NAME });
    });
  });

  const TOTAL = 'query ($id: ID!) { order(id: $id) { total user { username } } }';
  const NAME = 'query ($id: ID!) { user(id: $id) { username } }';
  const BOTH =
    'query ($slow: ID!, $order: ID!, $user: ID!) { slow: order(id: $slow) { total } order(id: $order) { orderNumber } user(id: $user) { username } }';

  test('with a slow statement is answered when its time is over, with what it has read, and nothing runs on', async () => {
    const startedAt = performance.now();
    const answer = await ask(hasty, BOTH, { slow: slowOrder.id, order: slowOrder.id, user: ada.id });
    expect(performance.now() - startedAt).toBeLessThan((SECONDS + 1) * 1_000);
    expect(answer).toEqual({
      status: 200,
      data: { slow: null, order: null, user: { username: 'Ada' } },
      errors: expect.any(Array) as unknown,
    });
    expect(answer.errors?.map(({ path, extensions }) => ({ path, ...extensions }))).toEqual([
      { path: ['slow'], code: 'DEADLINE_EXCEEDED', retryable: true },
      { path: ['order'], code: 'DEADLINE_EXCEEDED', retryable: true },
    ]);
    expect(answer.errors?.[0]?.message).toBe(
      'the operation took longer than the 2 s that it may; ask for less, or try again',
    );
    await expect.poll(() => running(databases), { timeout: 5_000 }).toEqual([]);
  });

  test('with a slow command in MongoDB as well', async () => {
    const waiting = ask(
      hasty,
      `query ($id: ID!, $order: ID!) { order(id: $order) { total } user(id: $id) { username } }`,
      {
        id: slowUser.id,
        order: order.id,
      },
    );
    await expect.poll(() => running(databases)).toHaveLength(1);
    expect(await waiting).toMatchObject({
      status: 200,
      data: { order: { total: '5.00' }, user: null },
      errors: [{ path: ['user'], extensions: { code: 'DEADLINE_EXCEEDED' } }],
    });
    await expect.poll(() => running(databases), { timeout: 5_000 }).toEqual([]);
  });

  test('whose client has gone does nothing any more in either database', async () => {
    const leaving = new AbortController();
    const asked = [
      ask(patient, TOTAL, { id: slowOrder.id }, leaving.signal),
      ask(patient, NAME, { id: slowUser.id }, leaving.signal),
    ];
    await expect.poll(() => running(databases)).toHaveLength(2);
    leaving.abort();
    for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
    await expect.poll(() => running(databases), { timeout: 5_000 }).toEqual([]);
  });

  test('of 200 at once 12 are too slow, and all others are answered in full', async () => {
    const isSlow = (at: number) => at % 16 === 0 && at < 192;
    const asked = Array.from({ length: 200 }, (_, at) => {
      // Far fewer than either pool has connections, and MongoDB's take all of a processor each: who waits for too long is
      // another test's.
      if (!isSlow(at)) return ask(patient, TOTAL, { id: order.id });
      return at % 64 === 0 ? ask(hasty, NAME, { id: slowUser.id }) : ask(hasty, TOTAL, { id: slowOrder.id });
    });
    const answers = await Promise.all(asked);
    for (const [at, answer] of answers.entries()) {
      if (!isSlow(at))
        expect(answer).toEqual({ status: 200, data: { order: { total: '5.00', user: { username: 'Ada' } } } });
      else expect(answer.errors).toMatchObject([{ extensions: { code: 'DEADLINE_EXCEEDED' } }]);
    }
    await expect.poll(() => running(databases), { timeout: 5_000 }).toEqual([]);
  }, 30_000);
});
