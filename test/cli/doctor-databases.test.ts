import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { openPostgres } from '../../src/cli/doctor/postgres-connection.js';
import { maskedUrl } from '../../src/platform/address.js';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { recordStatements } from '../../src/platform/statements.js';
import { inMongo } from '../platform/embedded-support.js';
import { freshName, onServer, useDatabases } from '../support/databases.js';
import { withDatabase } from '../support/global-setup.js';
import { startStandaloneMongod, withClient, type StandaloneMongod } from '../support/mongod.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { Diagnosis } from './doctor-support.js';

const { ObjectId } = mongoose.mongo.BSON;

const databases = useDatabases();
const seed = new Seed(databases);

beforeEach(async () => {
  await sql(databases.databaseUrl, 'TRUNCATE orders');
  await databases.platform.mongo.run(async (db) => {
    await db.collection('users').deleteMany({});
    await db.collection('transactions').deleteMany({});
  });
});

test('databases that are as they should be are found to be well', async () => {
  const ada = await seed.user();
  const order = await seed.order({ user: ada });
  await seed.transaction(order, { userId: seed.objectId(ada) });
  const diagnosis = await Diagnosis.of(databases);
  expect(diagnosis.troubles).toEqual([]);
  expect(diagnosis.one('postgres.connection').message).toContain(maskedUrl(databases.databaseUrl));
  expect(diagnosis.one('postgres.connection').data).toMatchObject({ schema: 'public', own: true });
  expect(diagnosis.one('postgres.rows').message).toBe('orders: 1 row');
  expect(diagnosis.one('mongo.topology').data).toEqual({ topology: 'replica set', replicaSet: 'rs0' });
  expect(diagnosis.one('mongo.primary').data).toEqual({ isPrimary: true, readPreference: 'primary' });
  expect(diagnosis.of('mongo.rows').map(({ data }) => data)).toEqual([
    { collection: 'users', rows: 1, isExact: false },
    { collection: 'transactions', rows: 1, isExact: false },
  ]);
  expect(diagnosis.one('joins.orders.user').message).toBe('orders.user: every userId leads to one of users (1 row)');
});

test('references to rows that are there, which the graph does not find, are told apart from those that lead nowhere', async () => {
  for (const _id of ['aBcDeFgHiJkLmNoPq', 'bBcDeFgHiJkLmNoPq']) await seed.document('users', { _id });
  for (const userId of ['aBcDeFgHiJkLmNoPq', 'bBcDeFgHiJkLmNoPq']) await seed.order({ userId });
  const strings = (await Diagnosis.of(databases)).one('joins.orders.user');
  expect(strings.message).toBe(
    'orders.user: 2 of 2 orders mean a row of users whose _id is of type string, by which nothing is joined; here are two',
  );
  expect(strings.remedy).toMatch(/^delete nothing for it: the graph joins users by an _id that is an ObjectId alone; /);
  expect(strings.data).toMatchObject({ otherType: { count: 2, types: { string: 2 } }, malformed: { count: 0 } });

  const ada = await seed.user();
  await seed.order({ userId: `"${ada.id}"` });
  const both = (await Diagnosis.of(databases)).one('joins.orders.user');
  expect(both.message).toContain('1 of 3 orders holds more in userId than the id of a row that is there, 2 mean a row');
  expect(both.remedy).toContain('"npm run audit" prints the statement');
});

test('references that lead nowhere are counted, shown and explained', async () => {
  const ada = await seed.user();
  await seed.order({ user: ada });
  const lost = await Promise.all(Array.from({ length: 7 }, () => seed.order()));
  await seed.order({ userId: 'nonsense\u001b[2J' });
  await seed.transaction({ id: randomUUID() }, { userId: undefined });
  const diagnosis = await Diagnosis.of(databases);

  const orders = diagnosis.one('joins.orders.user');
  expect(orders.status).toBe('warning');
  expect(orders.message).toBe('orders.user: 7 of 9 orders point at nobody, 1 holds a malformed userId; here are six');
  const { nobody, malformed, found } = orders.data as Record<string, { count: number; examples: { id: string }[] }>;
  expect([found, nobody?.count, malformed?.count]).toEqual([1, 7, 1]);
  expect(nobody?.examples).toHaveLength(5);
  expect(lost.map(({ id }) => id)).toEqual(expect.arrayContaining(nobody?.examples.map(({ id }) => id) ?? ['none']));
  const shown = await sql(databases.databaseUrl, /SELECT .*/.exec(orders.remedy ?? '')?.[0] ?? '');
  expect(shown).toHaveLength(6);

  const transactions = diagnosis.one('joins.transactions.order');
  expect(transactions.message).toBe('transactions.order: 1 of 1 transactions points at nobody; here is one');
  expect(transactions.remedy).toMatch(
    /^nobody is found at all, so look whether these belong together: transactions of/,
  );
  expect(diagnosis.one('joins.transactions.user')).toMatchObject({ status: 'ok', data: { none: { count: 1 } } });
});

describe('a database that was never migrated', () => {
  let databaseUrl: string;
  const name = freshName();

  beforeAll(async () => {
    await onServer((client) => client.query(`CREATE DATABASE ${name}`));
    databaseUrl = withDatabase(inject('postgresUrl'), name);
  });
  afterAll(() => onServer((client) => client.query(`DROP DATABASE ${name}`)));

  test('lacks its table: npm run migrate is the remedy, and what needs the table is skipped', async () => {
    await sql(databaseUrl, 'CREATE TABLE purchases (id int)');
    const diagnosis = await Diagnosis.of({ ...databases, databaseUrl });
    expect(diagnosis.troubles).toEqual([
      'error postgres.migrations',
      'error postgres.tables',
      'skipped postgres.indexes',
      'skipped joins.orders.user',
      'skipped joins.transactions.order',
    ]);
    expect(diagnosis.one('postgres.migrations').message).toMatch(
      /without them the graph lacks orders, users, tables of its own \(tandem_\*\), the schema of its jobs/,
    );
    expect(diagnosis.one('postgres.migrations').remedy).toContain('npm run migrate -- --dry-run');
    expect(diagnosis.one('postgres.tables').message).toContain('has no table orders, but only purchases');
  });

  test('in which this user may create nothing: what npm run migrate would say is said before', async () => {
    const role = freshName();
    await onServer((client) => client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'hunter2'`));
    try {
      const asRole = Object.assign(new URL(databaseUrl), { username: role, password: 'hunter2' }).href;
      const diagnosis = await Diagnosis.of({ ...databases, databaseUrl: asRole });
      expect(diagnosis.one('postgres.rights').status).toBe('warning');
      expect(diagnosis.one('postgres.rights').message).toMatch(/^to migrate: this user may not create tables/);
      const owner = await Diagnosis.of({ ...databases, databaseUrl });
      expect(owner.of('postgres.rights')).toEqual([]);
    } finally {
      await onServer((client) => client.query(`DROP ROLE ${role}`));
    }
  });

  test('that is an embedded one is for npm start to make ready', async () => {
    const diagnosis = await Diagnosis.of({ ...databases, databaseUrl, own: false });
    expect(diagnosis.having('error')).toEqual([]);
    expect(diagnosis.one('postgres.migrations').remedy).toMatch(/^npm start/);
  });

  test('with a table of another shape: each column with its remedy, no word of what migrations could not add', async () => {
    await sql(
      databaseUrl,
      'CREATE TABLE orders (order_id int, user_id text, order_number text, created_at timestamptz)',
    );
    const diagnosis = await Diagnosis.of({ ...databases, databaseUrl });
    const remedies = diagnosis.of('postgres.tables').map(({ remedy }) => remedy);
    expect(remedies).toContainEqual(expect.stringMatching(/RENAME "user_id" TO "userId"/));
    const { message, remedy } = diagnosis.one('postgres.migrations');
    expect(message).toContain(
      '5 migrations to be applied: 000_baseline, 001_orders, 002_order_writes, 003_user_copies, 004_kept_rows; without them',
    );
    const ofReads = ['userName', 'userEmail', 'transactionState', 'transactionError', 'unfinished'];
    expect(message).toContain(`the graph lacks ${ofReads.map((name) => `orders.${name}`).join(', ')}`);
    expect(message).not.toMatch(/lacks .*orders\.(id|userId|orderNumber|total|createdAt|updatedAt)\b/);
    expect(remedy).toMatch(/^first mend what is named below/);
    expect(diagnosis.one('joins.orders.user').message).toContain('while orders.id cannot be read');
  });

  test('with orders from before there were writes to both: migrations are all that it lacks', async () => {
    await sql(
      databaseUrl,
      'DROP TABLE IF EXISTS orders',
      `CREATE TABLE orders (id uuid PRIMARY KEY, "userId" text NOT NULL, "orderNumber" text NOT NULL UNIQUE,
       total numeric(10,2) NOT NULL, "userName" text, "userEmail" text, "createdAt" timestamptz NOT NULL,
       "updatedAt" timestamptz NOT NULL)`,
    );
    const diagnosis = await Diagnosis.of({ ...databases, databaseUrl });
    expect(diagnosis.having('error')).toEqual(['error postgres.migrations']);
    const { data, remedy } = diagnosis.one('postgres.migrations');
    const lacking = ['transactionState', 'transactionError', 'unfinished'].map((name) => `orders.${name}`);
    expect(data).toMatchObject({ lacking: expect.arrayContaining(lacking) as string[] });
    expect(remedy).toMatch(/^npm run migrate -- --dry-run/);
  });
});

test('an index that is missing is named as one would create it', async () => {
  const { databaseUrl, platform } = databases;
  const [row] = await sql(databaseUrl, `SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%lower%'`);
  await sql(databaseUrl, 'DROP INDEX "orders_lower_userId_createdAt_id_idx"');
  const keys = { orderId: 1, createdAt: -1, _id: -1 } as const;
  await platform.mongo.run((db) => db.collection('transactions').dropIndex('orderId_1_createdAt_-1__id_-1'));
  try {
    const diagnosis = await Diagnosis.of(databases);
    expect(diagnosis.troubles).toEqual(['warning postgres.indexes', 'warning mongo.indexes']);
    expect(diagnosis.one('postgres.indexes').details).toEqual([
      expect.stringMatching(/^CREATE INDEX .*lower\("userId"\)/),
    ]);
    expect(diagnosis.one('mongo.indexes').details).toEqual([expect.stringContaining(JSON.stringify(keys))]);
  } finally {
    await sql(databaseUrl, String(row?.['indexdef']));
    await platform.mongo.run((db) => db.collection('transactions').createIndex(keys, {}, {}));
  }
});

describe('a database that cannot be opened', () => {
  test.each([
    ['PostgreSQL', 'postgres', (port: number) => ({ databaseUrl: `postgresql://me:hunter2@127.0.0.1:${port}/shop` })],
    ['MongoDB', 'mongo', (port: number) => ({ mongodbUri: `mongodb://me:hunter2@127.0.0.1:${port}/shop` })],
  ])('is one finding (%s), and the other is examined', async (_name, group, addressAt) => {
    await seed.transaction({ id: randomUUID() }, { userId: undefined });
    const diagnosis = await Diagnosis.of({ ...databases, ...addressAt(await freePort()) });
    expect(diagnosis.having('error')).toEqual([`error ${group}.connection`]);
    const { message, remedy } = diagnosis.one(`${group}.connection`);
    expect(message).toMatch(/me:\*\*\*@.*cannot be opened: connect ECONNREFUSED/);
    expect(remedy).toMatch(/^start it, or correct the host and the port in /);
    expect(JSON.stringify(diagnosis.checks)).not.toContain('hunter2');
    const other = group === 'mongo' ? 'postgres.rows' : 'mongo.topology';
    expect(diagnosis.one(other).status).toBe('ok');
    // Inside MongoDB nobody needs PostgreSQL.
    const within = group === 'mongo' ? 'skipped' : 'ok';
    expect(diagnosis.one('joins.transactions.user').status).toBe(within);
    expect(diagnosis.one('joins.orders.user').status).toBe('skipped');
  });

  test('for a wrong password says so', async () => {
    const databaseUrl = Object.assign(new URL(databases.databaseUrl), { password: 'hunter2' }).href;
    const { message, remedy } = (await Diagnosis.of({ ...databases, databaseUrl })).one('postgres.connection');
    expect(message).toMatch(/password authentication failed/);
    expect(remedy).toMatch(/^correct the user and the password in DATABASE_URL/);
    expect(message).not.toContain('hunter2');
  });

  test('for its name, or for a schema that is not there, says so', async () => {
    const elsewhere = withDatabase(databases.databaseUrl, 'nowhere');
    const nowhere = await Diagnosis.of({ ...databases, databaseUrl: elsewhere });
    expect(nowhere.one('postgres.connection').remedy).toMatch(/createdb/);
    const noSchema = await Diagnosis.of({ ...databases, databaseUrl: `${databases.databaseUrl}?schema=nope` });
    expect(noSchema.having('error')).toEqual(['error postgres.connection']);
    expect(noSchema.one('postgres.connection').remedy).toMatch(/^correct \?schema=/);
  });
});

describe('MongoDB', () => {
  test('without a name in its address: where the collections are, is told', async () => {
    await seed.user();
    const bare = new URL(databases.mongodbUri);
    const { name } = databases.platform.mongo.connection;
    const diagnosis = await Diagnosis.of({ ...databases, mongodbUri: `mongodb://${bare.host}/${bare.search}` });
    const { status, message, remedy } = diagnosis.one('mongo.database');
    expect(status).toBe('error');
    expect(message).toContain('the driver takes "test", which has none of the collections');
    expect(remedy).toContain(`${bare.host}/${name}`);
    expect(diagnosis.one('joins.orders.user').status).toBe('skipped');
  });

  test('with collections of other names is read under those, and a name that is nobody knows is refused', async () => {
    await databases.platform.mongo.run((db) => db.collection('people').insertOne({ username: 'Ada' }));
    const renamed = await Diagnosis.of({ ...databases, collections: { users: 'people' } });
    expect(renamed.of('mongo.rows')[0]?.message).toBe('people: about 1 document');
    const unknown = await Diagnosis.of({ ...databases, collections: { user: 'people' } });
    expect(unknown.one('mongo.database').message).toMatch(/names user, which the graph does not read/);
  });

  test('that is asked to read elsewhere than from the primary is warned of', async () => {
    const mongodbUri = `${databases.mongodbUri}&readPreference=secondaryPreferred`;
    expect((await Diagnosis.of({ ...databases, mongodbUri })).one('mongo.primary')).toMatchObject({
      status: 'warning',
      data: { readPreference: 'secondaryPreferred' },
    });
  });
});

describe('who may only read', () => {
  const role = freshName();
  let mongod: StandaloneMongod;
  const mongoAs = (user: string) => `mongodb://${user}:hunter2@${mongod.address}/shop`;
  const postgresAs = (user: string) =>
    Object.assign(new URL(databases.databaseUrl), { username: user, password: 'hunter2' }).href;

  beforeAll(async () => {
    await sql(
      databases.databaseUrl,
      `CREATE ROLE ${role} LOGIN PASSWORD 'hunter2'`,
      `CREATE ROLE ${role}_blind LOGIN PASSWORD 'hunter2'`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    mongod = await startStandaloneMongod(['--auth']);
    await withClient(`mongodb://${mongod.address}/`, async (client) => {
      await client.db('admin').command({ createUser: 'owner', pwd: 'hunter2', roles: ['root'] });
    });
    await withClient(`mongodb://owner:hunter2@${mongod.address}/`, async (client) => {
      const shop = client.db('shop');
      await shop.collection('users').insertOne({ username: 'Ada' });
      await shop.collection('transactions').insertOne({ orderId: 'nonsense' });
      await shop.command({ createUser: 'reader', pwd: 'hunter2', roles: ['read'] });
      await shop.command({ createUser: 'writer', pwd: 'hunter2', roles: ['readWrite'] });
      await shop.command({ createUser: 'blind', pwd: 'hunter2', roles: [] });
      const privileges = [{ resource: { db: 'shop', collection: 'users' }, actions: ['find'] }];
      await shop.command({ createRole: 'usersOnly', privileges, roles: [] });
      await shop.command({ createUser: 'partial', pwd: 'hunter2', roles: ['usersOnly'] });
    });
  });
  afterAll(async () => {
    await sql(
      databases.databaseUrl,
      ...[role, `${role}_blind`].flatMap((one) => [`DROP OWNED BY ${one}`, `DROP ROLE ${one}`]),
    );
    await mongod.stop();
  });

  test('is told that mutations answer READ_ONLY, and everything else is looked at', async () => {
    const diagnosis = await Diagnosis.of({ databaseUrl: postgresAs(role), mongodbUri: mongoAs('reader') });
    expect(diagnosis.having('error')).toEqual([]);
    expect(diagnosis.one('postgres.privileges')).toMatchObject({
      status: 'warning',
      data: { writes: false, refused: ['orders', 'users'] },
    });
    expect(diagnosis.one('postgres.privileges').remedy).toContain(
      `GRANT INSERT, UPDATE, DELETE ON "orders" TO "${role}"; GRANT SELECT, INSERT, UPDATE ON "users" TO "${role}"`,
    );
    expect(diagnosis.one('mongo.privileges')).toMatchObject({
      status: 'warning',
      data: { writes: false, refused: ['users', 'transactions'] },
    });
    expect(diagnosis.one('joins.transactions.order').data).toMatchObject({ malformed: { count: 1 } });
    expect(JSON.stringify(diagnosis.checks)).not.toContain('hunter2');
  });

  test('is told from who may write', async () => {
    const diagnosis = await Diagnosis.of({ ...databases, mongodbUri: mongoAs('writer') });
    expect(diagnosis.one('mongo.privileges')).toMatchObject({ status: 'ok', data: { writes: true } });
    expect(diagnosis.one('postgres.privileges')).toMatchObject({ status: 'ok', data: { writes: true } });
  });

  test('a server that takes no writes is told', async () => {
    const url = new URL(databases.databaseUrl);
    url.searchParams.set('options', '-c default_transaction_read_only=on');
    const diagnosis = await Diagnosis.of({ ...databases, databaseUrl: url.href });
    expect(diagnosis.troubles).toEqual(['warning postgres.privileges']);
    expect(diagnosis.one('postgres.privileges').data).toMatchObject({ readOnlyServer: true });
  });

  test('who may not even read is told so once, and what to grant', async () => {
    const blind = await Diagnosis.of({ databaseUrl: postgresAs(`${role}_blind`), mongodbUri: mongoAs('blind') });
    expect(blind.having('error')).toEqual(['error postgres.tables', 'error mongo.connection']);
    expect(blind.one('postgres.migrations').remedy).toContain('GRANT SELECT ON "_prisma_migrations"');
    expect(blind.one('postgres.tables').remedy).toContain('GRANT SELECT ON "orders"');
    expect(blind.one('mongo.connection').message).toContain('not authorized on shop to run listCollections');
    expect(blind.one('mongo.connection').remedy).toContain('role: "read"');
    const stranger = await Diagnosis.of({ ...databases, mongodbUri: `mongodb://${mongod.address}/shop` });
    expect(stranger.one('mongo.connection').message).toContain('requires authentication');
    expect(stranger.one('mongo.connection').remedy).toContain('role: "read"');
    const wrong = await Diagnosis.of({ ...databases, mongodbUri: mongoAs('nobody') });
    expect(wrong.one('mongo.connection').message).toContain('Authentication failed');
    expect(wrong.one('mongo.connection').remedy).toContain('authSource');
  });

  test('who may read some collections only is told which not, and what needs those is skipped', async () => {
    const diagnosis = await Diagnosis.of({ ...databases, mongodbUri: mongoAs('partial') });
    expect(diagnosis.having('error', 'skipped')).toEqual([
      'error mongo.reads',
      'skipped joins.transactions.order',
      'skipped joins.transactions.user',
    ]);
    expect(diagnosis.one('mongo.reads').data).toEqual({ refused: ['transactions'] });
    expect(diagnosis.one('mongo.reads').remedy).toContain('role: "read", db: "shop"');
  });

  test('a standalone server is told from a replica set', async () => {
    const diagnosis = await Diagnosis.of({ ...databases, mongodbUri: mongoAs('writer') });
    expect(diagnosis.one('mongo.topology')).toMatchObject({ status: 'warning', data: { topology: 'standalone' } });
    expect(diagnosis.one('mongo.topology').remedy).toContain('--replSet');
  });
});

describe('nothing is changed', () => {
  /** Tables, columns, indexes and their files, rows and who has written how much. */
  const CATALOGUE = `
    SELECT c.relname, c.relkind::text, c.relfilenode::int, c.relhasindex,
      (SELECT json_agg(a ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)::text AS columns,
      CASE WHEN c.relkind = 'r' THEN query_to_xml(format('SELECT md5(string_agg(t::text || xmin || ctid, '','' ORDER BY ctid)) FROM %s t', c.oid::regclass), true, true, '')::text END AS rows
    FROM pg_class c WHERE c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_|^information_schema$')
    ORDER BY 1`;

  async function everything() {
    const postgres = await sql(databases.databaseUrl, CATALOGUE);
    const mongo = await inMongo(databases.mongodbUri, async (db) => {
      const { collections } = await db.command({ dbHash: 1 });
      const names = Object.keys(collections as object).sort();
      const indexes = await Promise.all(names.map((name) => db.collection(name).indexes()));
      return { collections: collections as unknown, indexes };
    });
    return { postgres, mongo };
  }

  test('in databases with dirt, orphans and pending migrations', async () => {
    await seed.order({ userId: 'nonsense' });
    await seed.order();
    await seed.transaction({ id: 'nonsense' }, { _id: 7, userId: [new ObjectId()] });
    await sql(databases.databaseUrl, `DELETE FROM _prisma_migrations WHERE migration_name <> '000_baseline'`);
    const before = await everything();
    const diagnosis = await Diagnosis.of(databases);
    expect(diagnosis.having('warning')).toContain('warning joins.orders.user');
    expect(diagnosis.one('postgres.migrations').status).toBe('warning');
    expect(await everything()).toEqual(before);
  });

  test('each statement only reads', async () => {
    await seed.transaction(await seed.order());
    const { statements } = await recordStatements(() => Diagnosis.of(databases));
    const inPostgres = statements.filter(({ database }) => database === 'postgres').map(({ text }) => text.trim());
    const inMongo = statements.filter(({ database }) => database === 'mongo').map(({ text }) => text);
    expect(inPostgres.length).toBeGreaterThan(10);
    expect(inPostgres.filter((text) => !/^(SELECT|EXPLAIN)\b/.test(text))).toEqual([]);
    expect(inMongo.length).toBeGreaterThan(10);
    const reading = /^(\w+\.)?(find|count|listCollections|listIndexes|connectionStatus|buildInfo)\(/;
    expect(inMongo.filter((text) => !reading.test(text))).toEqual([]);
  });

  test('and PostgreSQL would refuse what does not', async () => {
    const { database } = await openPostgres({ group: 'postgres', url: databases.databaseUrl, own: true });
    try {
      const create = database?.run((prisma) => prisma.$executeRawUnsafe('CREATE TABLE anything (id int)'));
      await expect(create).rejects.toThrow('read-only transaction');
    } finally {
      await database?.[Symbol.asyncDispose]();
    }
  });
});
