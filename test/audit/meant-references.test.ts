import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { collection, nothingIn } from './consistency-support.js';
import { O1, ORDER_WRAPPINGS, U1, USER_MENTIONS, USER_WRAPPINGS } from './wrapped-references.js';

const { Binary, Decimal128, Double, EJSON, Int32, Long, ObjectId, UUID } = mongoose.mongo.BSON;

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const seed = new Seed(databases);
const rows = (statement: string) => sql(databases.databaseUrl, statement);
const transactions = () => collection(databases.platform, 'transactions');
const DELETE = { isDry: false, danglingOrders: 'DELETE', orphanTransactions: 'DELETE' } as const;
const repair = () => createScope(databases.platform).repair.run(DELETE);

beforeEach(() => nothingIn(databases));

const referencesLeft = async () =>
  (await rows('SELECT "userId" FROM orders')).map(({ userId }) => String(userId)).sort();

/** An order without a user, which goes: so nothing is kept for another reason than its reference. */
const LOST = 'deadbeefdeadbeefdeadbeef';

/** Keys of users, with what an order may hold that means them; `n` makes each key another one. */
const OF_OTHER_TYPES: readonly (readonly [string, (n: string) => unknown, (n: string) => string])[] = [
  ['a text', (n) => `aBcDeFgHiJkLmNo${n}`, (n) => `aBcDeFgHiJkLmNo${n}`],
  ['a text, in quotes', (n) => `aBcDeFgHiJkLmNo${n}`, (n) => `"aBcDeFgHiJkLmNo${n}"`],
  ['a text, with a line end', (n) => `aBcDeFgHiJkLmNo${n}`, (n) => `aBcDeFgHiJkLmNo${n}\n`],
  ['a text, in upper case', (n) => `aBcDeFgHiJkLmNo${n}`, (n) => `ABCDEFGHIJKLMNO${n}`],
  ['a text, in lower case', (n) => `aBcDeFgHiJkLmNo${n}`, (n) => `abcdefghijklmno${n}`],
  ['an address', (n) => `Ada${n}@example.com`, (n) => `ada${n}@example.com`],
  ['a text that is in quotes itself', (n) => `"ada${n}"`, (n) => `"ada${n}"`],
  ['a text of marks', (n) => `_V1StGXR8-Z5jd${n}-`, (n) => `{"_id": "_V1StGXR8-Z5jd${n}-"}`],
  ['an id in mixed case as a text', (n) => `ABCdefabcdefabcdefabcd${n}`, (n) => `ABCdefabcdefabcdefabcd${n}`],
  ['a number of 32 bits', (n) => new Int32(Number(n)), (n) => n],
  ['a number of 64 bits', (n) => Long.fromString(`90071992547409${n}`), (n) => `90071992547409${n}`],
  ['a double', (n) => new Double(Number(n)), (n) => n],
  ['a fraction', (n) => new Double(Number(`0.${n}`)), (n) => `0.${n}`],
  ['a decimal', (n) => Decimal128.fromString(`${n}.50`), (n) => `${n}.5`],
  ['a number, as a program writes it', (n) => Long.fromString(n), (n) => `NumberLong("${n}")`],
  ["a number in MongoDB's JSON", (n) => Long.fromString(n), (n) => `{"$numberLong":"${n}"}`],
  [
    'a number of 24 digits',
    (n) => Decimal128.fromString(`6500000900000000000000${n}`),
    (n) => `6500000900000000000000${n}`,
  ],
  ['a UUID', (n) => new UUID(uuid(n)), (n) => uuid(n)],
  ['a UUID, without dashes', (n) => new UUID(uuid(n)), (n) => uuid(n).replaceAll('-', '').toUpperCase()],
  ['a UUID, in braces', (n) => new UUID(uuid(n)), (n) => `{${uuid(n)}}`],
  ['a UUID of the old type', (n) => new Binary(new UUID(uuid(n)).buffer, 3), (n) => `UUID("${uuid(n)}")`],
  [
    'a UUID as Java wrote it',
    (n) => bytes(`6e4f396f9e1f9c0d${n}5a0f6f1b5f0c9d`, 3),
    (n) => `0d9c1f9e-6f39-4f6e-9d0c-5f1b6f0f5a${n}`,
  ],
  [
    'a UUID as C# wrote it',
    (n) => bytes(`9e1f9c0d396f6e4f9d0c5f1b6f0f5a${n}`, 3),
    (n) => `0d9c1f9e-6f39-4f6e-9d0c-5f1b6f0f5a${n}`,
  ],
  ['a UUID as a text', (n) => uuid(n), (n) => `urn:uuid:${uuid(n).toUpperCase()}`],
  ["a UUID in MongoDB's JSON", (n) => new UUID(uuid(n)), (n) => EJSON.stringify(new UUID(uuid(n)))],
  ['twelve bytes', (n) => bytes(`64b7e3f1a2c94d0012ab34${n}`, 0), (n) => `64b7e3f1a2c94d0012ab34${n}`],
  ['a moment', (n) => new Date(`2024-05-01T10:00:00.0${n}Z`), (n) => `2024-05-01T10:00:00.0${n}Z`],
  ['a document', (n) => ({ tenant: Number(n), name: 'ada' }), (n) => `{"tenant":${n},"name":"ada"}`],
];

function uuid(n: string): string {
  return `0d9c1f9e-6f39-4f6e-9d0c-5f1b6f0f00${n}`;
}

function bytes(hex: string, subtype: number): mongoose.mongo.Binary {
  return new Binary(Buffer.from(hex, 'hex'), subtype);
}

describe('an order is never deleted', () => {
  test('whose userId is the id of a user who is there, in any wrapping', async () => {
    await seed.user({ _id: new ObjectId(U1) });
    for (const userId of [...USER_WRAPPINGS, ...USER_MENTIONS, LOST]) await seed.order({ userId });
    await repair();
    expect(await referencesLeft()).toEqual([...USER_WRAPPINGS, ...USER_MENTIONS].sort());
  });

  test('whose user has an _id of any type', async () => {
    const all = OF_OTHER_TYPES.map(
      ([name, key, reference], at) => [name, key(String(at + 10)), reference(String(at + 10))] as const,
    );
    for (const [, _id] of all) await seed.document('users', { _id });
    for (const userId of [...all.map(([, , reference]) => reference), LOST]) await seed.order({ userId });
    await repair();
    const left = new Set(await referencesLeft());
    expect(all.filter(([, , reference]) => !left.has(reference)).map(([name]) => name)).toEqual([]);
    expect(left.has(LOST)).toBe(false);
  });

  test('while MongoDB has no user at all, whatever stands in it', async () => {
    const { id } = await seed.order({ userId: 'nobody' });
    const because = expect.stringContaining('MONGODB_URI') as string;
    expect((await repair()).acts).toMatchObject([{ id, outcome: 'left', because }]);
    expect(await referencesLeft()).toEqual(['nobody']);
  });
});

test('an order is deleted whose userId means nobody', async () => {
  await seed.document('users', { _id: Long.fromString('9007199254740993') });
  await seed.document('users', { _id: 'somebody' });
  await seed.user({ _id: new ObjectId(U1) });
  const references = [
    ...[
      'nobody',
      '',
      '7',
      `"${LOST}"`,
      '9007199254740992',
      '{"$gt":""}',
      '{"$oid":"nonsense"}',
      U1.slice(1),
      '((((((((',
    ],
    ...['\\u0000', '1e999', `${U1}0`, '"', '{}', '[]', 'null', 'some body'],
  ];
  for (const userId of references) await seed.order({ userId });
  await repair();
  expect(await referencesLeft()).toEqual([]);
});

describe('a transaction is never deleted', () => {
  const OF_ORDER: readonly unknown[] = [
    ...ORDER_WRAPPINGS,
    ...[`orders/${O1}`, 'DZwfnm85T26dDF8bbw9aEQ==', 'ORD-1', '"ord-1"'],
    ...[[O1], { id: O1 }, new Binary(new UUID(O1).buffer, 3), new Binary(new UUID(O1).buffer, 0)],
    ...[bytes('6e4f396f9e1f9c0d115a0f6f1b5f0c9d', 3), bytes('9e1f9c0d396f6e4f9d0c5f1b6f0f5a11', 3)],
  ];

  test('whose orderId means an order that is there, in any form', async () => {
    await seed.order({ id: O1, user: await seed.user(), orderNumber: 'ORD-1' });
    const kept = await Promise.all(OF_ORDER.map((orderId) => seed.transaction({ id: '' }, { orderId })));
    await seed.transaction({ id: randomUUID() });
    await repair();
    const left = (await transactions().find().toArray()).map(({ _id }) => String(_id));
    expect(left.sort()).toEqual(kept.map(({ id }) => id).sort());
  });

  test('while PostgreSQL has no order at all, whatever stands in it', async () => {
    const { id } = await seed.transaction({ id: 'ORD-1' });
    const because = expect.stringContaining('DATABASE_URL') as string;
    expect((await repair()).acts).toMatchObject([{ id, outcome: 'left', because }]);
  });
});

test('a transaction is deleted whose orderId means no order', async () => {
  await seed.order({ user: await seed.user() });
  for (const orderId of ['nonsense', '', `"${randomUUID()}"`, 7]) await seed.transaction({ id: '' }, { orderId });
  await repair();
  expect(await transactions().countDocuments()).toBe(0);
});
