import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { transactionUser } from '../../src/domains/transaction/transaction.relations.js';
import { transactions } from '../../src/domains/transaction/transaction.source.js';
import { users } from '../../src/domains/user/user.source.js';
import { AppError } from '../../src/errors/app-error.js';
import { defineSource, int, nullable, objectId, type SortTerm, type Source, text } from '../../src/join/source.js';
import { condition } from '../../src/join/filter.js';
import { Joins } from '../../src/join/joins.js';
import type { PageRequest } from '../../src/join/page.js';
import { defineRelation } from '../../src/join/relation.js';
import { pageStages } from '../../src/platform/mongo/keyset.js';
import { MongoSourceReader } from '../../src/platform/mongo/source-reader.js';
import { recordStatements } from '../../src/platform/statements.js';
import { useDatabases } from '../support/databases.js';

const { Decimal128, ObjectId } = mongoose.mongo.BSON;

const databases = useDatabases();
const inMongo = <T>(work: (db: mongoose.mongo.Db) => Promise<T>) => databases.platform.mongo.run(work);
const reader = () => new MongoSourceReader(databases.platform.mongo);
const joins = () => new Joins({ mongo: reader(), postgres: reader() });

beforeEach(() =>
  inMongo((db) => Promise.all(['transactions', 'users'].map((name) => db.collection(name).deleteMany({})))),
);

const request = (source: Source, options: Partial<PageRequest> = {}): PageRequest => ({
  fields: new Set(['id']),
  where: null,
  orderBy: source.orderBy,
  limit: 2,
  backward: false,
  after: null,
  before: null,
  ...options,
});

describe('a page', () => {
  test('of a place deep in a list is read from the index, from there on', async () => {
    const documents = Array.from({ length: 1_000 }, (_, index) => ({ createdAt: new Date(index) }));
    await inMongo((db) => db.collection('users').insertMany(documents));
    for (const backward of [false, true]) {
      const middle = await reader().findPage(users, request(users, { limit: 500 }));
      const position = middle.rows.at(-1)?.position ?? null;
      const ends = backward ? { before: position } : { after: position };
      const stages = pageStages(users, request(users, { limit: 20, backward, ...ends }));
      const plan = await inMongo((db) => db.collection('users').aggregate(stages).explain('executionStats'));
      const { executionStats } = plan as { executionStats: { totalDocsExamined: number; totalKeysExamined: number } };
      expect(executionStats.totalDocsExamined).toBeLessThanOrEqual(22);
      expect(executionStats.totalKeysExamined).toBeLessThanOrEqual(23);
    }
  });

  test('may be sorted twice by one field: as it is named first', async () => {
    await inMongo((db) => db.collection('users').insertMany(['b', 'a', 'c'].map((username) => ({ username }))));
    const orderBy: SortTerm[] = [
      { field: 'username', direction: 'asc' },
      { field: 'username', direction: 'desc' },
      { field: 'id', direction: 'asc' },
    ];
    const fields = new Set(['username']);
    const first = await reader().findPage(users, request(users, { orderBy, fields }));
    const after = first.rows.at(-1)?.position ?? null;
    const second = await reader().findPage(users, request(users, { orderBy, fields, after }));
    expect([...first.rows, ...second.rows].map(({ row }) => row)).toMatchObject(
      ['a', 'b', 'c'].map((username) => ({ username })),
    );
  });

  test('of money is sorted by what it amounts to, whatever it is stored as', async () => {
    const amounts = ['9', 10, Decimal128.fromString('2.5'), 'much', 0.5, null];
    await inMongo((db) => db.collection('transactions').insertMany(amounts.map((amount) => ({ amount }))));
    const orderBy: SortTerm[] = [
      { field: 'amount', direction: 'desc' },
      { field: 'id', direction: 'asc' },
    ];
    const page = await reader().findPage(
      transactions,
      request(transactions, { orderBy, fields: new Set(['amount']), limit: 9 }),
    );
    expect(page.rows.map(({ row }) => row.amount)).toEqual(['10', '9', '2.5', '0.5', null, null]);
  });

  test('compares texts byte by byte, though the collection by itself would not', async () => {
    const names = defineSource({
      name: 'names',
      type: 'Name',
      description: 'Names in a collection that compares as Germans do.',
      database: 'mongo',
      fields: { id: objectId('Its id.'), name: text('The name.') },
      orderBy: { name: 'asc' },
    });
    await inMongo(async (db) => {
      await db.createCollection('names', { collation: { locale: 'de', strength: 1 } });
      await db.collection('names').insertMany(['a', 'B', 'A', 'b'].map((name) => ({ name })));
    });
    const fields = new Set(['name']);
    const page = await reader().findPage(names, request(names, { fields, limit: 3 }));
    expect(page.rows.map(({ row }) => row.name)).toEqual(['A', 'B', 'a']);
    const rest = await reader().findPage(names, request(names, { fields, after: page.rows.at(-1)?.position ?? null }));
    expect(rest.rows.map(({ row }) => row.name)).toEqual(['b']);
    expect(await reader().count(names, condition('name', { operator: 'equals', value: 'a' }))).toBe(1);
    expect(await reader().findByKeys(names, 'name', ['b'], fields)).toHaveLength(1);
  });
});

describe('pages of many parents', () => {
  test('are one command, however many rows they have', async () => {
    const parents = Array.from({ length: 50 }, () => new ObjectId());
    const many = parents.flatMap((userId) =>
      Array.from({ length: 60 }, (_, at) => ({ userId, createdAt: new Date(at) })),
    );
    await inMongo((db) => db.collection('transactions').insertMany(many));
    const keys = parents.map((id) => id.toHexString());
    const { result, statements } = await recordStatements(() =>
      reader().findPages(transactions, 'userId', keys, request(transactions, { limit: 20 })),
    );
    expect([...result.values()].map(({ rows }) => rows.length)).toEqual(keys.map(() => 20));
    expect(statements).toHaveLength(1);
  });
});

describe('a parent whose rows are too large for one document', () => {
  const notes = defineSource({
    name: 'notes',
    type: 'Note',
    description: 'Long texts.',
    database: 'mongo',
    fields: {
      id: objectId('Its id.'),
      userId: nullable(objectId('Of whom.')),
      rank: int('Its place.'),
      body: text('A long text.'),
    },
    orderBy: { rank: 'asc' },
  });
  const ofUser = defineRelation({
    from: notes,
    field: 'userId',
    to: users,
    name: 'user',
    description: 'Whose it is.',
    inverse: { name: 'notes', description: 'What they wrote.' },
  });
  const [bad, good] = ['a'.repeat(24), 'b'.repeat(24)] as const;
  const MEGABYTE = 1024 * 1024;

  async function write(userId: string, sizes: readonly number[]): Promise<void> {
    for (const [rank, size] of sizes.entries()) {
      await inMongo((db) =>
        db.collection('notes').insertOne({ userId: new ObjectId(userId), rank, body: 'x'.repeat(size) }),
      );
    }
  }
  beforeEach(() => inMongo((db) => db.collection('notes').deleteMany({})));
  const page = (orderBy = notes.orderBy) => request(notes, { fields: new Set(['body']), limit: 20, orderBy });

  test('is served beside the others', async () => {
    await write(
      bad,
      Array.from({ length: 20 }, () => MEGABYTE),
    );
    await write(good, [1]);
    const both = joins();
    const found = await Promise.all([bad, good].map((id) => both.many(ofUser, { id }, page())));
    expect(found.map(({ rows }) => rows.length)).toEqual([20, 1]);
  });

  test('fails alone where one row with its place in the list is too large', async () => {
    await write(bad, [9 * MEGABYTE]);
    await write(good, [1]);
    const both = joins();
    const byBody = page([
      { field: 'body', direction: 'asc' },
      { field: 'id', direction: 'asc' },
    ]);
    const found = await Promise.allSettled([bad, good].map((id) => both.many(ofUser, { id }, byBody)));
    expect(found).toMatchObject([{ status: 'rejected', reason: { code: 10334 } }, { status: 'fulfilled' }]);
  });

  test("is not told from the others by an outage, which is nobody's fault", () => {
    expect(reader().isKeysFault(new AppError('MONGO_UNAVAILABLE', 'away'))).toBe(false);
    expect(reader().isKeysFault(new Error('away'))).toBe(false);
  });
});

test('a row is paged on from, however long the text that it is sorted by', async () => {
  const names = ['a', 'b'].map((letter) => ({ username: letter.repeat(40_000) }));
  await inMongo((db) => db.collection('users').insertMany(names));
  const orderBy: SortTerm[] = [
    { field: 'username', direction: 'asc' },
    { field: 'id', direction: 'asc' },
  ];
  const { rows } = await reader().findPage(users, request(users, { orderBy, limit: 1 }));
  const after = rows[0]?.position ?? [];
  expect(reader().accepts(users, orderBy, after)).toBe(true);
  expect((await reader().findPage(users, request(users, { orderBy, after }))).rows).toHaveLength(1);
});

test('a cursor that another sort gave out, or nobody, is not accepted', async () => {
  await inMongo((db) => db.collection('users').insertOne({ username: 'ada' }));
  const { rows } = await reader().findPage(users, request(users));
  const position = rows[0]?.position ?? [];
  expect(reader().accepts(users, users.orderBy, position)).toBe(true);
  expect(reader().accepts(users, users.orderBy, position.slice(1))).toBe(false);
  expect(reader().accepts(users, users.orderBy, [...position.slice(1), 'x'])).toBe(false);
  expect(reader().accepts(users, users.orderBy, [1, 2])).toBe(false);
});

test('parents are counted by the rows that meet the filter', async () => {
  const [ada, bob] = [new ObjectId(), new ObjectId()];
  await inMongo((db) =>
    db.collection('transactions').insertMany([
      { userId: ada, amount: 1 },
      { userId: ada, amount: '5' },
      { userId: bob, amount: 1 },
    ]),
  );
  const where = condition('amount', { operator: 'gt', value: '2' });
  const both = joins();
  const count = (id: { toHexString(): string }) => both.countMany(transactionUser, { id: id.toHexString() }, where);
  expect(await Promise.all([count(ada), count(bob)])).toEqual([1, 0]);
});
