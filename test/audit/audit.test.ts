import mongoose from 'mongoose';
import { beforeAll, describe, expect, test } from 'vitest';
import { Judge } from '../../src/audit/judge.js';
import { walkReferences } from '../../src/audit/walk.js';
import { recordStatements } from '../../src/platform/statements.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { auditOf, readersOf, relationOf, walk } from './audit-support.js';

const { ObjectId } = mongoose.mongo.BSON;

const databases = useDatabases();

const USERS = 2_000;
const ORDERS = 23_000;
/** Every hundredth order is of a user beyond the last. */
const ORPHANS = ORDERS / 100;

function hex(number: number): string {
  return number.toString(16).padStart(24, '0');
}

beforeAll(async () => {
  await sql(
    databases.databaseUrl,
    `INSERT INTO orders (id, "userId", "orderNumber", total)
     SELECT gen_random_uuid(),
       CASE WHEN n % 100 = 0 THEN lpad(to_hex(${USERS} + n), 24, '0') ELSE upper(lpad(to_hex(n % ${USERS}), 24, '0')) END,
       'N' || n, 1
     FROM generate_series(1, ${ORDERS}) n`,
    'ANALYZE orders',
  );
  const ids = (await sql(databases.databaseUrl, 'SELECT id FROM orders ORDER BY id LIMIT 3000')).map(({ id }) =>
    String(id),
  );
  const users = Array.from({ length: USERS }, (_, at) => ({ _id: new ObjectId(hex(at)) }));
  const transactions = ids.map((id, at) => ({
    orderId: at % 10 === 0 ? 'nonsense' : id,
    ...(at % 3 === 0 ? {} : { userId: hex(at % USERS) }),
  }));
  await databases.platform.mongo.run(async (db) => {
    await db.collection('users').insertMany(users);
    await db.collection('transactions').insertMany(transactions);
  });
});

describe('an audit of every row', () => {
  test('counts each fate and gives five examples of those that lead nowhere', async () => {
    const { size, method, examined, tally } = await auditOf(databases.platform, relationOf('orders.user'));
    expect({ size, method, examined }).toEqual({
      size: { rows: ORDERS, isExact: true },
      method: 'exact',
      examined: ORDERS,
    });
    expect(tally.found).toEqual({ count: ORDERS - ORPHANS, examples: [] });
    expect(tally.nobody.count).toBe(ORPHANS);
    expect(tally.nobody.examples).toHaveLength(5);
    expect(tally.malformed.count + tally.none.count).toBe(0);
    const [example] = tally.nobody.examples;
    const rows = await sql(databases.databaseUrl, `SELECT "userId" FROM orders WHERE id = '${String(example?.id)}'`);
    expect(rows).toEqual([{ userId: example?.reference }]);
  });

  test('tells a malformed reference from none', async () => {
    const ofOrders = await auditOf(databases.platform, relationOf('transactions.order'));
    expect([ofOrders.tally.found.count, ofOrders.tally.malformed.count]).toEqual([2_700, 300]);
    const ofUsers = await auditOf(databases.platform, relationOf('transactions.user'));
    expect([ofUsers.tally.found.count, ofUsers.tally.none.count]).toEqual([2_000, 1_000]);
  });

  test('looks each partner up once, and reads 2,000 rows by a statement', async () => {
    const { statements } = await recordStatements(() => auditOf(databases.platform, relationOf('orders.user')));
    const inPostgres = statements.filter(({ database }) => database === 'postgres');
    // The size, and 23,000 rows in stretches.
    expect(inPostgres).toHaveLength(1 + 12);
    const lookedUp = statements
      .filter(({ text }) => text.startsWith('users.find({"_id":') && !text.includes('$not'))
      // A list of a few is written out.
      .map(({ text }) => Number(/(\d+) values/.exec(text)?.[1] ?? text.match(/\b[0-9a-f]{24}\b/g)?.length));
    // Nobody but the orphans is asked for twice: each has an id of its own here.
    expect(lookedUp.reduce((sum, count) => sum + count, 0)).toBe(USERS - USERS / 100 + ORPHANS);
    // Whether the orphans mean a user in another form is asked once for each stretch.
    expect(statements.filter(({ text }) => text.startsWith('users.find({"$or":'))).toHaveLength(12);
  });

  test('an index alone says who is there', async () => {
    const keys = Array.from({ length: 50 }, (_, at) => hex(at));
    const plan = await databases.platform.mongo.run((db) =>
      db
        .collection('users')
        .find({ _id: { $in: keys.map((key) => new ObjectId(key)) } }, { projection: { _id: 1 } })
        .explain('executionStats'),
    );
    expect((plan as { executionStats: object }).executionStats).toMatchObject({ nReturned: 50, totalDocsExamined: 0 });
    const { statements } = await recordStatements(async () =>
      readersOf(databases.platform).get('mongo')?.present(relationOf('orders.user').to, keys),
    );
    expect(statements.map(({ text }) => text)).toEqual(['users.find({"_id":{"$in":[50 values]}})']);
  });
});

describe('a walk in stretches', () => {
  test.each(['orders.user', 'transactions.user'])('meets each row of %s once, whatever the size', async (name) => {
    const whole = await walk(databases.platform, relationOf(name), { size: 100_000 });
    const parts = await walk(databases.platform, relationOf(name), { size: 997 });
    expect(new Set(parts.judged.map(({ id }) => id)).size).toBe(parts.judged.length);
    expect(parts.judged).toEqual(whole.judged);
    expect(parts.stretches).toBeGreaterThan(whole.stretches);
  });

  test('goes on where it was left', async () => {
    const readers = readersOf(databases.platform);
    for (const name of ['orders.user', 'transactions.user']) {
      const { from, field } = relationOf(name);
      const reader = readers.get(from.database);
      const first = await reader?.stretch(from, new Set(['id', field]), null, 1_500);
      const rest = await walk(databases.platform, relationOf(name), { after: first?.next ?? null, size: 700 });
      const whole = await walk(databases.platform, relationOf(name));
      const ids = [
        ...(first?.rows ?? []).map((row) => (row as { id: unknown }).id),
        ...rest.judged.map(({ id }) => id),
      ];
      expect(ids).toEqual(whole.judged.map(({ id }) => id));
    }
  });

  test('through a view too, in either database', async () => {
    const { platform, databaseUrl } = databases;
    await sql(databaseUrl, 'CREATE VIEW seen AS SELECT * FROM orders');
    await platform.mongo.run((db) => db.createCollection('seen', { viewOn: 'transactions', pipeline: [] }));
    for (const name of ['orders.user', 'transactions.user']) {
      const relation = relationOf(name);
      const seen = { ...relation, from: { ...relation.from, from: 'seen' } };
      const through = await walk(platform, seen, { size: 1_000 });
      expect(through.judged).toEqual((await walk(platform, relation)).judged);
    }
  });
});

describe('an audit of a sample', () => {
  const limits = { exactUpTo: 1_000, sample: 1_000 };

  test('says how many rows it has looked at, and estimates how many there are', async () => {
    const audit = await auditOf(databases.platform, relationOf('orders.user'), limits);
    expect(audit.method).toBe('sample');
    expect(audit.size.isExact).toBe(false);
    expect(Math.abs(audit.size.rows - ORDERS)).toBeLessThan(ORDERS / 10);
    expect(audit.examined).toBeGreaterThan(0);
    expect(audit.examined).toBeLessThanOrEqual(2_000);
    const { found, nobody } = audit.tally;
    expect(found.count + nobody.count).toBe(audit.examined);
  });

  test('takes documents from anywhere', async () => {
    const audit = await auditOf(databases.platform, relationOf('transactions.order'), { ...limits, sample: 500 });
    expect(audit).toMatchObject({ method: 'sample', examined: 500, size: { rows: 3_000 } });
    expect(audit.tally.found.count + audit.tally.malformed.count).toBe(500);
    expect(audit.tally.malformed.count).toBeGreaterThan(0);
  });

  test('is made of a view by passing every row', async () => {
    await sql(databases.databaseUrl, 'CREATE OR REPLACE VIEW half AS SELECT * FROM orders WHERE total < 2');
    const relation = relationOf('orders.user');
    const ofView = { ...relation, from: { ...relation.from, from: 'half' } };
    const audit = await auditOf(databases.platform, ofView, limits);
    expect(audit.method).toBe('sample');
    expect(audit.examined).toBeGreaterThan(0);
    expect(audit.examined).toBeLessThanOrEqual(2_000);
  });

  test('takes the place of a walk that would not end in time', async () => {
    const { platform } = databases;
    const { result, statements } = await recordStatements(() =>
      auditOf(platform, relationOf('orders.user'), { until: performance.now() }),
    );
    expect(result.method).toBe('sample');
    expect(statements.filter(({ text }) => text.includes('"~place"')).length).toBeLessThanOrEqual(2);
  });
});

test('a source without rows has an audit of none', async () => {
  const relation = relationOf('orders.user');
  await sql(databases.databaseUrl, 'CREATE TABLE no_orders (LIKE orders)');
  const audit = await auditOf(databases.platform, { ...relation, from: { ...relation.from, from: 'no_orders' } });
  expect(audit).toMatchObject({ method: 'exact', examined: 0, size: { rows: 0, isExact: true } });
});

test('a source whose database nobody reads is refused by name', async () => {
  const { from } = relationOf('orders.user');
  const stretches = walkReferences(new Map(), new Judge(new Map()), { source: from, relations: [] });
  await expect(stretches.next()).rejects.toThrow('orders lies in postgres, of which there is no reader');
});
