import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { transactions } from '../../src/domains/transaction/transaction.source.js';
import { users } from '../../src/domains/user/user.source.js';
import { all, any, condition, not, type Comparison, type Filter } from '../../src/join/filter.js';
import type { Source } from '../../src/join/source.js';
import { queryOf } from '../../src/platform/mongo/filter.js';
import { MongoSourceReader } from '../../src/platform/mongo/source-reader.js';
import { useDatabases } from '../support/databases.js';

const { Decimal128, ObjectId } = mongoose.mongo.BSON;

const databases = useDatabases();
const inMongo = <T>(work: (db: mongoose.mongo.Db) => Promise<T>) => databases.platform.mongo.run(work);

beforeEach(() =>
  inMongo((db) => Promise.all([db.collection('transactions').deleteMany({}), db.collection('users').deleteMany({})])),
);

/** Puts a document for each value, and says which of them a filter finds. */
async function stored(
  source: Source,
  field: string,
  values: readonly unknown[],
): Promise<(where: Filter) => Promise<unknown[]>> {
  const documents = values.map((value) => ({
    _id: new ObjectId(),
    ...(value === undefined ? {} : { [field]: value }),
  }));
  await inMongo((db) => db.collection(source.from).insertMany(documents));
  return async (where) => {
    const fields = new Set(['id']);
    const request = { where, fields, orderBy: [{ field: 'id', direction: 'asc' as const }] };
    const page = await new MongoSourceReader(databases.platform.mongo).findPage<object>(source, {
      ...request,
      limit: 100,
      backward: false,
      after: null,
      before: null,
    });
    const found = page.rows.map(({ row }) => (row as { id: string }).id);
    return documents.flatMap(({ _id }, index) => (found.includes(_id.toHexString()) ? [values[index]] : []));
  };
}

const is = (field: string, operator: Exclude<Comparison['operator'], 'isNull' | 'in'>, value: string | number) =>
  condition(field, { operator, value } as Comparison);

describe('what is read is what is filtered', () => {
  test('amount equals 0.10 finds the number, the string and the Decimal128', async () => {
    const amounts = [0.1, '0.1', ' 0.10 ', Decimal128.fromString('0.10'), 0.1000001, '0.11', 1];
    const found = await stored(transactions, 'amount', amounts);
    expect(await found(is('amount', 'equals', '0.10'))).toEqual(amounts.slice(0, 4));
    expect(await found(condition('amount', { operator: 'in', value: ['0.10', '1.00'] }))).toEqual([
      ...amounts.slice(0, 4),
      1,
    ]);
    expect(await found(is('amount', 'gt', '0.10'))).toEqual([0.1000001, '0.11', 1]);
  });

  test('a sum of doubles counts as the decimal that it stands for', async () => {
    const found = await stored(transactions, 'amount', [0.1 + 0.2, 1.1 + 2.2, 0.3]);
    expect(await found(is('amount', 'equals', '0.3'))).toEqual([0.1 + 0.2, 0.3]);
    expect(await found(is('amount', 'lte', '3.3'))).toEqual([0.1 + 0.2, 1.1 + 2.2, 0.3]);
  });

  test('an amount that a double cannot tell from another is told from it', async () => {
    const amounts = ['9007199254740993', '9007199254740992', Decimal128.fromString('9007199254740993.01')];
    const found = await stored(transactions, 'amount', amounts);
    expect(await found(is('amount', 'equals', '9007199254740993'))).toEqual([amounts[0]]);
    expect(await found(is('amount', 'gt', '9007199254740993'))).toEqual([amounts[2]]);
  });

  test('a value that is compared may have more digits than any that is stored', async () => {
    const amounts = [Decimal128.fromString('1.234567890123456789012345678901234'), Decimal128.fromString('-1')];
    const found = await stored(transactions, 'amount', amounts);
    const longer = '1.2345678901234567890123456789012344';
    expect(await found(is('amount', 'equals', longer))).toEqual([]);
    expect(await found(is('amount', 'gte', longer))).toEqual([]);
    expect(await found(is('amount', 'lt', longer))).toEqual(amounts);
  });

  test('a power that is a text is filtered as the number, a code that is a number as the text', async () => {
    const powers = await stored(users, 'power', ['5', 5, ' 6 ', 'strong', 5.5, [5], null, undefined]);
    expect(await powers(is('power', 'gte', 5))).toEqual(['5', 5, ' 6 ']);
    expect(await powers(condition('power', { operator: 'isNull' }))).toEqual(['strong', 5.5, [5], null, undefined]);
    const codes = await stored(users, 'locCode', ['6', 6, '6.0', 60, 1.5]);
    expect(await codes(is('locCode', 'equals', '6'))).toEqual(['6', 6]);
    expect(await codes(is('locCode', 'startsWith', '6'))).toEqual(['6', 6, '6.0', 60]);
    expect(await codes(is('locCode', 'equals', '1.5'))).toEqual([1.5]);
  });

  test('a time is filtered as the same time, be it a date, a text or milliseconds', async () => {
    const at = '2024-02-29T10:00:00.123Z';
    const times = [new Date(at), at, '2024-02-29T12:00:00.1239+02:00', Date.parse(at), '2024-02-30T00:00:00Z', 'today'];
    const found = await stored(users, 'createdAt', times);
    expect(await found(is('createdAt', 'equals', at))).toEqual(times.slice(0, 4));
    expect(await found(is('createdAt', 'lt', at))).toEqual([]);
    expect(await found(condition('createdAt', { operator: 'isNull' }))).toEqual(times.slice(4));
  });

  test('an id is found as an ObjectId and as a text in upper or lower case', async () => {
    const id = new ObjectId('abcdefabcdefabcdefabcdef');
    const ways = [id, id.toHexString(), id.toHexString().toUpperCase(), new ObjectId()];
    const found = await stored(transactions, 'userId', ways);
    expect(await found(is('userId', 'equals', id.toHexString()))).toEqual(ways.slice(0, 3));
    expect(await found(not(is('userId', 'equals', id.toHexString())))).toEqual(ways.slice(3));
  });

  test('an array is no value of its elements, though MongoDB compares those', async () => {
    const found = await stored(users, 'username', [['Ada'], 'Ada', [], ['Ada', 'Bob']]);
    expect(await found(is('username', 'equals', 'Ada'))).toEqual(['Ada']);
    expect(await found(not(is('username', 'equals', 'Ada')))).toEqual([]);
  });
});

describe('a missing value', () => {
  test('meets neither a comparison nor its negation', async () => {
    const found = await stored(users, 'power', [1, null, undefined, 2]);
    expect(await found(is('power', 'equals', 1))).toEqual([1]);
    expect(await found(not(is('power', 'equals', 1)))).toEqual([2]);
    expect(await found(is('power', 'lt', 9))).toEqual([1, 2]);
    expect(await found(not(is('power', 'gt', 9)))).toEqual([1, 2]);
    expect(await found(not(condition('power', { operator: 'isNull' })))).toEqual([1, 2]);
  });
});

describe('values are values', () => {
  const texts = [
    '$where',
    '{"$gt":""}',
    '.*',
    'a.c',
    'abc',
    '$username',
    '^a',
    'a\\',
    '(',
    '[a]',
    '$$ROOT',
    'A.C',
    'ÄÖ',
  ];

  test.each(texts)('%j finds itself alone, whichever way it is looked for', async (text) => {
    const found = await stored(users, 'username', texts);
    const alike = texts.filter((one) => one.toLowerCase() === text.toLowerCase());
    for (const operator of ['equals', 'startsWith', 'endsWith'] as const) {
      const itself = texts.filter((one) =>
        operator === 'equals' ? one === text : operator === 'endsWith' ? one.endsWith(text) : one.startsWith(text),
      );
      expect(await found(is('username', operator, text))).toEqual(itself);
      expect(await found(condition('username', { operator: 'equals', value: text }, true))).toEqual(alike);
    }
    expect(await found(condition('username', { operator: 'in', value: [text] }))).toEqual([text]);
    expect(await found(is('username', 'contains', text))).toEqual(texts.filter((one) => one.includes(text)));
  });

  test('a text that no regular expression can hold is looked for all the same', async () => {
    const long = 'Ab'.repeat(30_000);
    const found = await stored(users, 'username', [long, 'a\0b', 'ab']);
    expect(await found(condition('username', { operator: 'contains', value: long.toUpperCase() }, true))).toEqual([
      long,
    ]);
    expect(await found(is('username', 'startsWith', long))).toEqual([long]);
    expect(await found(condition('username', { operator: 'startsWith', value: 'A\0' }, true))).toEqual(['a\0b']);
    expect(await found(is('username', 'startsWith', 'a\0'))).toEqual(['a\0b']);
    expect(await found(is('username', 'equals', '\uD800'))).toEqual([]);
  });

  test('case is disregarded as Unicode has it', async () => {
    const found = await stored(users, 'username', ['ÉMILE', 'émile', 'emile']);
    expect(await found(condition('username', { operator: 'startsWith', value: 'éM' }, true))).toEqual([
      'ÉMILE',
      'émile',
    ]);
  });
});

test('twenty levels and a thousand conditions are one query', async () => {
  const found = await stored(users, 'power', [1, 5_000]);
  let filter = any(Array.from({ length: 1_000 }, (_, index) => is('power', 'equals', index)));
  for (let level = 0; level < 20; level += 1)
    filter = level % 2 === 0 ? all([filter, all([])]) : any([filter, any([])]);
  expect(await found(filter)).toEqual([1]);
});

describe('an index finds the rows', () => {
  const COUNT = 2_000;
  beforeEach(async () => {
    await inMongo(async (db) => {
      const many = Array.from({ length: COUNT }, (_, index) => ({
        username: `user ${index}`,
        power: index,
        email: null,
        amount: Decimal128.fromString(`${index}.50`),
        userId: new ObjectId(),
        orderId: `${String(index).padStart(8, '0')}-aaaa-1234-1234-123456789012`,
        createdAt: new Date(Date.UTC(2024, 0, 1, 0, index)),
      }));
      for (const name of ['users', 'transactions']) {
        await db.collection(name).insertMany(many.map((one) => ({ ...one })));
        for (const field of ['username', 'power', 'amount', 'userId'])
          await db.collection(name).createIndex({ [field]: 1 }, {}, {});
      }
    });
  });

  const at = new Date(Date.UTC(2024, 0, 1, 0, 1_990)).toISOString();
  const CASES: readonly (readonly [string, Source, Filter, number])[] = [
    ['a text', users, is('username', 'equals', 'user 7'), 1],
    ['some texts', users, condition('username', { operator: 'in', value: ['user 7', 'user 8', '9'] }), 2],
    ['the start of a text', users, is('username', 'startsWith', 'user 199'), 11],
    ['a number', users, is('power', 'equals', 7), 1],
    ['a range of numbers', users, is('power', 'gte', 1_990), 10],
    ['a range of money', transactions, is('amount', 'gt', '1990'), 10],
    ['some amounts', transactions, condition('amount', { operator: 'in', value: ['7.5', '8.50'] }), 2],
    ['a range of times', users, is('createdAt', 'gte', at), 10],
    ['an id', users, is('id', 'equals', 'a'.repeat(24)), 0],
    ['a reference', transactions, is('userId', 'equals', 'a'.repeat(24)), 0],
    ['a UUID', transactions, is('orderId', 'equals', '00000007-aaaa-1234-1234-123456789012'), 1],
    ['one of two things', users, any([is('power', 'equals', 7), is('username', 'equals', 'user 9')]), 2],
    ['both of two things', users, all([is('power', 'lt', 1_000), is('username', 'equals', 'user 9')]), 1],
  ];
  test.each(CASES)('%s', async (_, source, where, count) => {
    const plan = await inMongo((db) =>
      db
        .collection(source.from)
        .find(queryOf(source, where), { collation: { locale: 'simple' } })
        .explain('executionStats'),
    );
    const { nReturned, totalDocsExamined } = (plan as { executionStats: Record<string, number> }).executionStats;
    expect(nReturned).toBe(count);
    expect(totalDocsExamined).toBeLessThanOrEqual(count + 1);
  });
});
