import fc from 'fast-check';
import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { referringTo } from '../../src/join/list.js';
import { transactionUser } from '../../src/domains/transaction/transaction.relations.js';
import { transactions } from '../../src/domains/transaction/transaction.source.js';
import { users } from '../../src/domains/user/user.source.js';
import { AppError } from '../../src/errors/app-error.js';
import { defineSource, int, nullable, objectId, text, type SortTerm, type Source } from '../../src/join/source.js';
import { condition } from '../../src/join/filter.js';
import { Joins } from '../../src/join/joins.js';
import type { PageRequest } from '../../src/join/page.js';
import { defineRelation } from '../../src/join/relation.js';
import { pageStages } from '../../src/platform/mongo/keyset.js';
import { lookedUp } from '../../src/platform/mongo/parent-pages.js';
import { MongoSourceReader } from '../../src/platform/mongo/source-reader.js';
import { recordStatements } from '../../src/platform/statements.js';
import { useDatabases } from '../support/databases.js';
import { rounds } from '../support/long.js';

const {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
  UUID,
} = mongoose.mongo.BSON;

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
    expect(await reader().findByKeys(names, 'name', ['b'], fields, null)).toHaveLength(1);
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
    const found = await Promise.all([bad, good].map((id) => both.page(referringTo(ofUser, { id }), page())));
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
    const found = await Promise.allSettled([bad, good].map((id) => both.page(referringTo(ofUser, { id }), byBody)));
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

describe('a cursor that nobody gave out', () => {
  const sorts: readonly SortTerm[][] = [
    [{ field: 'createdAt', direction: 'asc' }],
    [{ field: 'amount', direction: 'desc' }],
  ];
  const encoded = (value: unknown) => Buffer.from(serialize({ value })).toString('base64');
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  const accepts = (value: string) => reader().accepts(transactions, sorts[0] ?? [], [value]);

  test.each([
    ['a reference with deep content', new DBRef('a', new ObjectId(), 'b', { deep: nested(200) })],
    ['code with deep content', new Code('a', { deep: nested(200) })],
    ['what calls itself a type', new Map([['_bsontype', 'ObjectId']])],
    ['what calls itself a type, deeper', [new Map([['_bsontype', 'Nothing']])]],
    ['deep content', nested(200)],
  ])('is refused where it holds %s', (_, value) => {
    expect(accepts(encoded(value))).toBe(false);
  });

  test('is refused where it holds a vector that is none', () => {
    const bytes = serialize({ value: new Binary(Buffer.from([3, 7, 1])) });
    bytes['\x00\x00\x00\x00\x05value\x00\x00\x00\x00\x00'.length] = Binary.SUBTYPE_VECTOR;
    expect(accepts(Buffer.from(bytes).toString('base64'))).toBe(false);
  });

  test('is refused, or makes a list', async () => {
    await inMongo((db) => db.collection('transactions').insertMany([{ createdAt: 1 }, { createdAt: {} }, {}]));
    const texts = ['', 'a', '$a', '$$ROOT', '_bsontype', '$ref', '$id', '$db', '$literal', 'Code'];
    const keys = fc.constantFrom(...texts.slice(1));
    const plain = fc.oneof(
      fc.constantFrom(
        ...texts,
        null,
        undefined,
        true,
        NaN,
        new Date(0),
        new Date(NaN),
        /a/i,
        new MinKey(),
        new MaxKey(),
      ),
      fc.constantFrom(
        new BSONRegExp('a', 'x'),
        new BSONRegExp('('),
        new BSONSymbol('a'),
        new Code('a'),
        new ObjectId(),
      ),
      fc.constantFrom(Decimal128.fromString('NaN'), new Timestamp({ t: 1, i: 1 }), Long.MAX_VALUE, new Int32(1)),
      fc
        .tuple(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 128))
        .map(([bytes, type]) => new Binary(bytes, type)),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => {
      const inside = fc.array(fc.tuple(keys, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries));
      return {
        value: fc.oneof(
          { maxDepth: 8 },
          plain,
          inside,
          fc.array(tie('value'), { maxLength: 3 }),
          inside.map((scope) => new Code('a', scope)),
          inside.map((rest) => new Map<string, unknown>([['$ref', 'a'], ['$id', 1], ...rest])),
        ),
      };
    }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(value, async (one) => {
        const position = [encoded(one)];
        for (const orderBy of sorts) {
          if (!reader().accepts(transactions, orderBy, position)) continue;
          for (const ends of [{ after: position }, { before: position }])
            await reader().findPage(transactions, request(transactions, { orderBy, ...ends }));
        }
      }),
      { numRuns: rounds(50, 200) },
    );
  });
});

describe('a row refers to what is read of it', () => {
  const [ada, bob] = ['abcdefabcdefabcdefabcdef', 'b'.repeat(24)] as const;
  const order = '0f47ac10-58cc-4372-a567-0e02b2c3d479';
  const forms = {
    userId: [new ObjectId(ada), ada, ada.toUpperCase()],
    orderId: [order, order.toUpperCase(), new UUID(order)],
  };
  const nobody = { userId: [[new ObjectId(ada), ada], [ada], 'aBcdef'.repeat(4)], orderId: [[order, order], [order]] };
  const keys = { userId: [bob, ada], orderId: [order] };

  test.each(['userId', 'orderId'] as const)(
    'by %s: each way to store a reference is one, an array is none',
    async (field) => {
      const values = [...forms[field], ...nobody[field], ...forms[field]];
      await inMongo((db) =>
        db.collection('transactions').insertMany(values.map((one, at) => ({ [field]: one, createdAt: new Date(at) }))),
      );
      const key = keys[field].at(-1) ?? '';
      const expected = [...values.keys()].filter((at) => !nobody[field].includes(values[at] as never)).reverse();
      const where = condition(field, { operator: 'equals', value: key });
      const fields = new Set([field, 'createdAt']);
      const found = await reader().findPages(
        transactions,
        field,
        keys[field],
        request(transactions, { fields, limit: 9 }),
      );
      const rows = found.get(key)?.rows.map(({ row }) => row) ?? [];
      expect(rows.map(({ createdAt }) => createdAt?.getTime())).toEqual(expected);
      expect(rows.map((row) => row[field])).toEqual(expected.map(() => key));
      const counts = await reader().countByKeys(transactions, field, keys[field], null);
      expect(counts).toEqual(new Map([[key, expected.length]]));
      expect(await reader().count(transactions, where)).toBe(expected.length);
      expect(await reader().findByKeys(transactions, field, keys[field], fields, null)).toHaveLength(expected.length);
    },
  );

  test('of several forms, only the rows of the page are read, from the index', async () => {
    const many = Array.from({ length: 300 }, (_, at) => ({ userId: forms.userId[at % 3], createdAt: new Date(at) }));
    await inMongo((db) => db.collection('transactions').insertMany([...many, { userId: [ada, bob] }]));
    const [, lookup] = lookedUp(transactions, 'transactions', 'userId', [ada], request(transactions));
    const stages = [{ $documents: [{ stored: forms.userId }] }, lookup];
    const explain = { aggregate: 1, pipeline: stages, cursor: {}, collation: { locale: 'simple' } };
    const plan = await inMongo((db) => db.command({ explain, verbosity: 'executionStats' }));
    const { stages: ran } = plan as { stages: { totalDocsExamined?: number }[] };
    expect(Number(ran.at(-1)?.totalDocsExamined)).toBe(3);
  });

  test('a user whose id is a text is found; of two with one id it is the one that writes go to', async () => {
    await inMongo((db) =>
      db.collection<{ _id: unknown }>('users').insertMany([
        { _id: bob.toUpperCase(), username: 'bob' },
        { _id: ada, username: 'shadow' },
        { _id: new ObjectId(ada), username: 'ada' },
      ] as never),
    );
    const both = joins();
    const names = [ada, bob].map((id) => both.byKey(users, id, new Set(['username'])));
    expect(await Promise.all(names)).toMatchObject([{ username: 'ada' }, { id: bob, username: 'bob' }]);
  });

  test('a number may be a text; a number that is no Int refers to nobody', async () => {
    const lines = defineSource({
      name: 'lines',
      type: 'Line',
      description: 'Lines that refer by number.',
      database: 'mongo',
      fields: { id: objectId('Its id.'), sheet: nullable(int('The sheet.')) },
    });
    const stored = [5, '5', Decimal128.fromString('5'), [5], 2 ** 40];
    await inMongo((db) => db.collection('lines').insertMany(stored.map((sheet) => ({ sheet }))));
    const pages = await reader().findPages(lines, 'sheet', ['5', String(2 ** 40)], request(lines, { limit: 9 }));
    expect([...pages.values()].map(({ rows }) => rows.length)).toEqual([3, 0]);
    expect(await reader().countByKeys(lines, 'sheet', ['5', String(2 ** 40)], null)).toEqual(new Map([['5', 3]]));
    expect(await reader().findPages(lines, 'sheet', [String(2 ** 40)], request(lines))).toHaveProperty('size', 1);
  });
});

test('5,000 ids may be asked for below 1,000 parents', async () => {
  const parents = Array.from({ length: 1_000 }, () => new ObjectId());
  const many = parents.flatMap((userId) =>
    Array.from({ length: 5 }, (_, at) => ({ _id: new ObjectId(), userId, createdAt: new Date(at) })),
  );
  await inMongo((db) => db.collection('transactions').insertMany(many));
  const where = condition('id', { operator: 'in', value: many.map(({ _id }) => _id.toHexString()) });
  const keys = parents.map((id) => id.toHexString());
  const { result, statements } = await recordStatements(() =>
    reader().findPages(transactions, 'userId', keys, request(transactions, { where })),
  );
  expect(statements).toHaveLength(1);
  const newest = many.filter((_, at) => at % 5 === 4).map(({ _id }) => _id.toHexString());
  expect(keys.map((key) => result.get(key)?.rows[0]?.row.id)).toEqual(newest);
  expect([...result.values()].every(({ rows, hasNextPage }) => rows.length === 2 && hasNextPage)).toBe(true);
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
  const count = (id: { toHexString(): string }) =>
    both.count(referringTo(transactionUser, { id: id.toHexString() }), where);
  expect(await Promise.all([count(ada), count(bob)])).toEqual([1, 0]);
});
