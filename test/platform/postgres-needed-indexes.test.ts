import { beforeEach, describe, expect, test } from 'vitest';
import { RELATIONS, SOURCES } from '../../src/domains/catalogue.js';
import { defineSource, nullable, text, uuid } from '../../src/join/source.js';
import { createIndexes } from '../../src/platform/postgres/index-creation.js';
import { describeIndex, missingIndexes, neededIndexes } from '../../src/platform/postgres/indexes.js';
import { asked, usePostgres } from './postgres-support.js';

const postgres = usePostgres();
const needed = neededIndexes(SOURCES, RELATIONS);
const missing = async () => (await missingIndexes(postgres.database, needed)).map(describeIndex);
const createMissing = async () => createIndexes(postgres.url, await missingIndexes(postgres.database, needed));

const ID = 'CREATE UNIQUE INDEX CONCURRENTLY "orders_id_key" ON "orders" ("id")';
const NUMBER = 'CREATE UNIQUE INDEX CONCURRENTLY "orders_orderNumber_key" ON "orders" ("orderNumber")';
const BY_USER =
  'CREATE INDEX CONCURRENTLY "orders_lower_userId_createdAt_id_idx" ON "orders" (lower("userId"), "createdAt" DESC, "id" DESC)';
const LIST = 'CREATE INDEX CONCURRENTLY "orders_createdAt_id_idx" ON "orders" ("createdAt" DESC, "id" DESC)';

beforeEach(async () => {
  await postgres.sql('DROP TABLE IF EXISTS orders');
  await postgres.sql(
    `CREATE TABLE orders (id uuid NOT NULL, "userId" varchar(24) NOT NULL, "orderNumber" varchar(50) NOT NULL,
     total numeric(10,2) NOT NULL, "userName" text, "userEmail" text, "createdAt" timestamptz NOT NULL DEFAULT now(),
     "updatedAt" timestamptz NOT NULL DEFAULT now())`,
  );
});

test('unique fields need an index, lists one in their order, those of a parent by the reference first', () => {
  expect(needed.map(describeIndex)).toEqual([ID, NUMBER, BY_USER, LIST]);
});

test('what is missing is created once, and not missed when it is there under another name', async () => {
  expect(await missing()).toHaveLength(4);
  await createMissing();
  expect(await missing()).toEqual([]);
  await createIndexes(postgres.url, needed);
  await postgres.sql('ALTER INDEX "orders_createdAt_id_idx" RENAME TO mine');
  expect(await missing()).toEqual([]);
  const rows = await postgres.sql(`SELECT 1 FROM pg_index WHERE indrelid = 'orders'::regclass`);
  expect(rows).toHaveLength(4);
});

describe.each([
  ['a primary key', 'ALTER TABLE orders ADD PRIMARY KEY (id)', ID],
  ['a unique constraint', 'ALTER TABLE orders ADD UNIQUE ("orderNumber")', '"orders_orderNumber_key"'],
  ['the reverse order', 'CREATE INDEX ON orders ("createdAt", id)', LIST],
  ['more columns behind', 'CREATE INDEX ON orders ("createdAt" DESC, id DESC, total)', LIST],
  ['another direction of the reference', 'CREATE INDEX ON orders (lower("userId") DESC, "createdAt", id)', BY_USER],
])('an index by %s', (_, statement, served) => {
  test('serves', async () => {
    await postgres.sql(statement);
    expect((await missing()).filter((sql) => sql.includes(served))).toEqual([]);
  });
});

describe.each([
  ['half reversed', 'CREATE INDEX ON orders ("createdAt" DESC, id)', LIST],
  ['by fewer columns', 'CREATE INDEX ON orders ("createdAt" DESC)', LIST],
  ['partial', 'CREATE INDEX ON orders ("createdAt" DESC, id DESC) WHERE total > 0', LIST],
  ['with nulls elsewhere', 'CREATE INDEX ON orders ("createdAt" DESC NULLS LAST, id DESC NULLS LAST)', LIST],
  ['by the reference as it was written', 'CREATE INDEX ON orders ("userId", "createdAt" DESC, id DESC)', BY_USER],
  ['not unique', 'CREATE INDEX ON orders (id)', ID],
  ['unique for two columns together', 'CREATE UNIQUE INDEX ON orders (id, "createdAt")', ID],
])('an index that is %s', (_, statement, needs) => {
  test('does not serve, and the needed one can stand beside it', async () => {
    await postgres.sql(statement);
    expect(await missing()).toContain(needs);
    await createMissing();
    expect(await missing()).toEqual([]);
  });
});

test('what a creation that was cut short has left is made anew', async () => {
  await postgres.sql(
    `INSERT INTO orders (id, "userId", "orderNumber", total) SELECT gen_random_uuid(), 'u', 'same', 1 FROM generate_series(1, 2)`,
  );
  const create = 'CREATE UNIQUE INDEX CONCURRENTLY "orders_orderNumber_key" ON orders ("orderNumber")';
  await expect(postgres.sql(create)).rejects.toThrow(/could not create unique index/);
  await postgres.sql(`UPDATE orders SET "orderNumber" = id::text`);
  expect(await missing()).toHaveLength(4);
  await createMissing();
  expect(await missing()).toEqual([]);
  const invalid = await postgres.sql(`SELECT 1 FROM pg_index WHERE indrelid = 'orders'::regclass AND NOT indisvalid`);
  expect(invalid).toEqual([]);
});

test('one that cannot be created leaves nothing, and says what PostgreSQL said', async () => {
  await postgres.sql(
    `INSERT INTO orders (id, "userId", "orderNumber", total) SELECT gen_random_uuid(), 'u', 'same', 1 FROM generate_series(1, 2)`,
  );
  await expect(createMissing()).rejects.toThrow(
    /"orders_orderNumber_key".* failed: could not create unique index.*Nothing of it is left/,
  );
  const invalid = await postgres.sql(`SELECT 1 FROM pg_index WHERE indrelid = 'orders'::regclass AND NOT indisvalid`);
  expect(invalid).toEqual([]);
});

test('an index of somebody else that has the name is left alone, also when creating fails', async () => {
  await postgres.sql('CREATE INDEX "orders_createdAt_id_idx" ON orders ("createdAt")');
  await postgres.sql('CREATE INDEX "tandem_orders_createdAt_id_idx" ON orders ("createdAt") WHERE total > 0');
  await expect(createIndexes(postgres.url, needed.slice(3))).rejects.toThrow(/something else has its name/);
  const rows = await postgres.sql(`SELECT 1 FROM pg_index WHERE indrelid = 'orders'::regclass`);
  expect(rows).toHaveLength(2);
});

test("a role's own limit on statements does not cut it short", async () => {
  await postgres.sql(
    `INSERT INTO orders (id, "userId", "orderNumber", total) SELECT gen_random_uuid(), 'u', n::text, 1 FROM generate_series(1, 20000) n`,
  );
  const url = new URL(postgres.url);
  url.searchParams.set('options', '-c statement_timeout=5');
  await createIndexes(url.href, needed);
  expect(await missing()).toEqual([]);
});

test('creating them holds up no writer', async () => {
  await postgres.sql(
    `INSERT INTO orders (id, "userId", "orderNumber", total) SELECT gen_random_uuid(), 'u', n::text, 1 FROM generate_series(1, 1000) n`,
  );
  // A reader with an old snapshot: the new index waits for it, and those who write must not wait behind the index.
  await postgres.sql('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await postgres.sql('SELECT count(*) FROM orders');
  const created = createIndexes(postgres.url, needed.slice(3));
  const isWaiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'`;
  await expect.poll(async () => (await postgres.database.query(isWaiting)).length, { timeout: 10_000 }).toBe(1);
  await postgres.database.query(
    `INSERT INTO orders (id, "userId", "orderNumber", total) VALUES (gen_random_uuid(), 'u', 'new', 1) RETURNING id`,
  );
  await postgres.sql('COMMIT');
  await created;
  expect(await missing()).not.toContain(LIST);
});

test('two at once create each index once', async () => {
  await Promise.all([createMissing(), createMissing()]);
  expect(await missing()).toEqual([]);
  const rows = await postgres.sql(`SELECT 1 FROM pg_index WHERE indrelid = 'orders'::regclass`);
  expect(rows).toHaveLength(4);
});

test('a list by texts that may be missing is read from the index that is made for it', async () => {
  const words = defineSource({
    name: 'words',
    type: 'Word',
    description: 'A word.',
    database: 'postgres',
    fields: { id: uuid('Its id.'), word: nullable(text('What it says.')) },
    orderBy: { word: 'asc' },
  });
  await postgres.sql('CREATE TABLE words (id uuid PRIMARY KEY, word varchar(80))');
  await postgres.sql(`INSERT INTO words SELECT gen_random_uuid(), 'w' || n FROM generate_series(1, 1000) n`);
  await createIndexes(postgres.url, neededIndexes([words], []));
  const request = asked(words, { limit: 5, fields: new Set(['word']) });
  const plan = await postgres.explain((reader) => reader.findPage(words, request));
  expect(plan).toMatch(/Index Scan using words_word_id_idx/);
  expect(plan).not.toMatch(/Sort/);
});
