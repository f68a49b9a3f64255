import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const inPostgres = (...statements: string[]) => sql(databases.databaseUrl, ...statements);

const COLUMNS = `
  "id" uuid NOT NULL, "userId" text NOT NULL, "orderNumber" text NOT NULL, "total" numeric(10,2) NOT NULL,
  "userName" text, "userEmail" text, "createdAt" timestamptz NOT NULL DEFAULT now(),
  "updatedAt" timestamptz NOT NULL DEFAULT now(), "transactionState" text NOT NULL DEFAULT 'NONE', "transactionError" text,
  "unfinished" text, "settlingUntil" timestamptz, "copiedAt" timestamptz`;

/** Tables as people have them, in which no index keeps ids or order numbers apart. */
const SHAPES: readonly (readonly [string, readonly string[]])[] = [
  [
    'partitioned by time, with a compound key',
    [
      `CREATE TABLE orders (${COLUMNS}, PRIMARY KEY ("id", "createdAt")) PARTITION BY RANGE ("createdAt")`,
      `CREATE TABLE orders_before PARTITION OF orders FOR VALUES FROM (MINVALUE) TO ('2025-01-01')`,
      `CREATE TABLE orders_since PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)`,
    ],
  ],
  [
    'that another table inherits from',
    [
      `CREATE TABLE orders (${COLUMNS}, PRIMARY KEY ("id"), UNIQUE ("orderNumber"))`,
      `CREATE TABLE old_orders () INHERITS (orders)`,
      `CREATE FUNCTION by_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW."createdAt" >= '2025-01-01' THEN RETURN NEW; END IF;
         INSERT INTO old_orders SELECT NEW.*; RETURN NULL; END $$`,
      `CREATE TRIGGER by_time BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION by_time()`,
    ],
  ],
  [
    'that is a view',
    [
      `CREATE TABLE purchases (${COLUMNS})`,
      `CREATE UNIQUE INDEX ON purchases (lower("orderNumber"), "userId")`,
      `CREATE VIEW orders AS SELECT * FROM purchases`,
    ],
  ],
  [
    'with unique indexes that are partial, or over more columns',
    [
      `CREATE TABLE orders (${COLUMNS})`,
      `CREATE UNIQUE INDEX ON orders ("id") WHERE "createdAt" > '2100-01-01'`,
      `CREATE UNIQUE INDEX ON orders ("orderNumber", "createdAt")`,
    ],
  ],
];

const NEW = `mutation($input: CreateOrderInput!) { createOrder(input: $input) { order { id orderNumber } } }`;
const CHANGE = `mutation($id: ID!, $input: UpdateOrderInput!) { updateOrder(id: $id, input: $input) { order { id total } } }`;
const DELETE = `mutation($id: ID!) { deleteOrder(id: $id) { order { id } } }`;

/** Two rows of one id, one in each half of the table; the older has the number "old". */
async function doubled(): Promise<string> {
  const id = randomUUID();
  await seed.order({ id, orderNumber: 'new', total: '2.00', createdAt: '2026-01-01T00:00:00Z', ...SOUND });
  await seed.order({ id, orderNumber: 'old', total: '1.00', createdAt: '2020-01-01T00:00:00Z', ...SOUND });
  return id;
}

const SOUND = { updatedAt: '2026-01-01T00:00:00Z', transactionState: 'NONE' };

const rowsOf = (id: string) =>
  inPostgres(`SELECT "orderNumber", total::text, unfinished FROM orders WHERE id = '${id}' ORDER BY "orderNumber"`);

describe.each(SHAPES)('a table %s', (_, statements) => {
  beforeEach(() => inPostgres('DROP TABLE IF EXISTS orders CASCADE', ...statements));
  afterEach(() =>
    inPostgres(
      `DO $$ BEGIN IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('orders')) = 'v' THEN DROP VIEW orders; END IF; END $$`,
      'DROP TABLE IF EXISTS orders, purchases CASCADE',
      'DROP FUNCTION IF EXISTS by_time',
    ),
  );

  test('of two orders of one id neither is changed nor deleted, and the older is shown, always', async () => {
    const id = await doubled();
    const before = await rowsOf(id);
    expect(before).toHaveLength(2);
    for (const answer of [
      await execute.text(DELETE, { id }),
      await execute.text(CHANGE, { id, input: { total: '9.00' } }),
      await execute.text(CHANGE, { id, input: { orderNumber: 'another' } }),
    ]) {
      expect(answer.errors).toMatchObject([{ extensions: { code: 'NOT_UNIQUE' } }]);
      expect(answer.errors[0]?.message).toContain('npx tandem doctor');
    }
    expect(await rowsOf(id)).toEqual(before);
    const shown = await execute.text(`{ order(id: "${id}") { orderNumber } }`);
    expect(shown.data).toEqual({ order: { orderNumber: 'old' } });
    const { ordering } = createScope(databases.platform);
    expect(await ordering.getOrderWithUser(id)).toMatchObject({ order: { orderNumber: 'old' } });
  });

  test('an order whose id one row has is changed and deleted', async () => {
    const { id } = await seed.order(SOUND);
    const changed = await execute.text(CHANGE, { id, input: { total: '9.00', orderNumber: 'mine' } });
    expect(changed.data).toEqual({ updateOrder: { order: { id, total: '9.00' } } });
    expect((await execute.text(DELETE, { id })).errors).toEqual([]);
    expect(await rowsOf(id)).toEqual([]);
  });

  test('an order number is given once, to one of many calls at once, and is shown by the oldest order', async () => {
    const user = await seed.user();
    const create = () => execute.text(NEW, { input: { userId: user.id, total: '1', orderNumber: 'once' } });
    const answers = await Promise.all(Array.from({ length: 8 }, create));
    expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(1);
    expect(answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions?.['code']))).toEqual(
      Array.from({ length: 7 }, () => 'ORDER_NUMBER_TAKEN'),
    );
    const others = await Promise.all(Array.from({ length: 4 }, () => seed.order(SOUND)));
    const changes = await Promise.all([
      ...others.map(({ id }) => execute.text(CHANGE, { id, input: { orderNumber: 'once' } })),
      ...others.map(({ id }) => execute.text(CHANGE, { id, input: { orderNumber: 'twice' } })),
    ]);
    expect(changes.filter(({ errors }) => errors.length === 0)).toHaveLength(1);
    expect(await inPostgres(`SELECT count(*)::int FROM orders WHERE "orderNumber" = 'once'`)).toEqual([{ count: 1 }]);
    expect(await inPostgres(`SELECT count(*)::int FROM orders WHERE "orderNumber" = 'twice'`)).toEqual([{ count: 1 }]);
  });

  test('an order of REQUIRED is completed, replayed by its key, and brought up to date by a change', async () => {
    const user = await seed.user();
    const input = { userId: user.id, total: '5', transaction: 'REQUIRED', idempotencyKey: randomUUID() };
    const [first, again] = [await execute.text(NEW, { input }), await execute.text(NEW, { input })];
    expect(first.errors).toEqual([]);
    expect(again.data).toEqual(first.data);
    const { id } = (first.data as { createOrder: { order: { id: string } } }).createOrder.order;
    expect((await execute.text(CHANGE, { id, input: { total: '6' } })).errors).toEqual([]);
    const { transactionState } =
      (await inPostgres(`SELECT "transactionState" FROM orders WHERE id = '${id}'`))[0] ?? {};
    expect(transactionState).toBe('RECORDED');
    expect((await execute.text(DELETE, { id })).errors).toEqual([]);
  });
});

describe('an id that a second row gets', () => {
  const PLAIN = `CREATE TABLE orders (${COLUMNS})`;
  beforeEach(() => inPostgres('DROP TABLE IF EXISTS orders CASCADE', PLAIN));
  const payments = (orderId: string) =>
    databases.platform.mongo.run((db) => db.collection('transactions').countDocuments({ orderId }));

  test('while its order is being deleted, keeps both rows and the transactions', async () => {
    const order = await seed.order(SOUND);
    await seed.transaction(order);
    const onStep = async (step: string) => {
      if (step === 'orderHidden') await seed.order({ ...SOUND, id: order.id, createdAt: '2020-01-01T00:00:00Z' });
    };
    const { ordering } = createScope({ ...databases.platform, onStep });
    expect(await ordering.deleteOrder(order.id)).toEqual({ kind: 'pending' });
    expect(await rowsOf(order.id)).toHaveLength(2);
    expect(await payments(order.id)).toBe(1);
  });

  test('once its transactions are gone, takes neither row with them', async () => {
    const order = await seed.order(SOUND);
    const onStep = async (step: string) => {
      if (step === 'transactionsDeleted')
        await seed.order({ ...SOUND, id: order.id, createdAt: '2020-01-01T00:00:00Z' });
    };
    const { ordering } = createScope({ ...databases.platform, onStep });
    expect(await ordering.deleteOrder(order.id)).toEqual({ kind: 'pending' });
    expect(await rowsOf(order.id)).toHaveLength(2);
  });

  test('is not given, nor is a number, by calls that overlap', async () => {
    const slowly = `CREATE OR REPLACE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_sleep(0.1); RETURN NEW; END $$`;
    await inPostgres(slowly, 'CREATE TRIGGER slowly BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION slowly()');
    const { id: userId } = await seed.user();
    const input = { userId, total: '1', orderNumber: 'overlapping' };
    const answers = await Promise.all(Array.from({ length: 4 }, () => execute.text(NEW, { input })));
    expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(1);
    expect(await inPostgres('SELECT count(*)::int FROM orders')).toEqual([{ count: 1 }]);
  });

  test('of another user, keeps the copies of that user when the first has another name', async () => {
    const [ada, eve] = [await seed.user({ username: 'Ada' }), await seed.user({ username: 'Eve' })];
    const { userSync, userFollowing } = createScope(databases.platform);
    const id = randomUUID();
    const follows = { ...SOUND, id, copiedAt: '2026-01-01T00:00:00Z' };
    await seed.order({ ...follows, user: ada, userName: 'before', createdAt: '2026-01-01T00:00:00Z' });
    await seed.order({ ...follows, user: eve, userName: 'Eve', createdAt: '2020-01-01T00:00:00Z' });
    await userSync.syncUser(ada.id);
    await userFollowing.follow(ada.id as UserId);
    expect(await inPostgres(`SELECT "userName" FROM orders WHERE id = '${id}' ORDER BY 1`)).toEqual([
      { userName: 'Ada' },
      { userName: 'Eve' },
    ]);
  });

  test.each([
    ['does something else as well', 'DO ALSO INSERT INTO gone VALUES (OLD.id)'],
    ['keeps the row', 'DO INSTEAD UPDATE orders SET "transactionError" = \'deleted\' WHERE id = OLD.id'],
    ['does nothing instead', 'DO INSTEAD NOTHING'],
  ])('a rule of the table that %s when a row is deleted keeps the order and its transactions', async (_, rule) => {
    await inPostgres('CREATE TABLE IF NOT EXISTS gone (id uuid)', `CREATE RULE ours AS ON DELETE TO orders ${rule}`);
    const order = await seed.order(SOUND);
    await seed.transaction(order);
    const refused = await execute.text(DELETE, { id: order.id });
    expect(refused.errors).toMatchObject([{ extensions: { code: 'WRITE_REFUSED' } }]);
    expect(await rowsOf(order.id)).toMatchObject([{ unfinished: null }]);
    expect(await payments(order.id)).toBe(1);
  });
});
