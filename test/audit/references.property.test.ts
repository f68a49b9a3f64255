import fc from 'fast-check';
import mongoose from 'mongoose';
import { beforeAll, expect, test } from 'vitest';
import type { Judged } from '../../src/audit/judge.js';
import { useDatabases } from '../support/databases.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { rounds } from '../support/long.js';
import { relationOf, walk } from './audit-support.js';

const { ObjectId, UUID, Binary, Long } = mongoose.mongo.BSON;

const databases = useDatabases();
const execute = useGraph(databases);

const RUNS = rounds(12, 40);

beforeAll(() => sql(databases.databaseUrl, 'ALTER TABLE orders ALTER "userId" DROP NOT NULL'));

/** Few ids, so that rows meet; with letters, so that their case matters. */
const hexId = fc.constantFrom('abcdefabcdefabcdefabcde1', 'abcdefabcdefabcdefabcde2', '0123456789abcdef01234567');
const uuidId = fc.constantFrom(1, 2, 3).map((digit) => `abcdef00-0000-4000-8000-00000000000${digit}`);

function anyCase(id: string): fc.Arbitrary<string> {
  const mixed = id.charAt(0).toUpperCase() + id.slice(1);
  return fc.constantFrom(id, id.toUpperCase(), mixed);
}

const nonsense = fc.constantFrom('', ' ', 'nobody', '0', 'abcdefabcdefabcdefabcde', ' abcdefabcdefabcdefabcde1', '{}');

/** What a column of text holds. */
const reference = fc.oneof({ weight: 4, arbitrary: hexId.chain(anyCase) }, nonsense, fc.constant(null));

/** What a document holds where an id should be: the id in any form, the other kind of id, anything else, nothing. */
const odd = fc.constantFrom<unknown>(
  null,
  undefined,
  7,
  1.5,
  true,
  new Date(0),
  { a: 1 },
  Long.fromString('9223372036854775807'),
);
const storedHex = fc.oneof(
  { weight: 3, arbitrary: hexId.map((id) => new ObjectId(id)) },
  { weight: 2, arbitrary: hexId.chain(anyCase) },
  nonsense,
  odd,
  hexId.map((id) => [new ObjectId(id)]),
);
const storedUuid = fc.oneof(
  { weight: 3, arbitrary: uuidId.chain(anyCase) },
  { weight: 2, arbitrary: uuidId.map((id) => new UUID(id)) },
  uuidId.map((id) => new Binary(new UUID(id).buffer, 0)),
  nonsense,
  odd,
  uuidId.map((id) => [id]),
);

/** An `_id`: an array is none, and neither is nothing. */
const ownId = fc.oneof(
  { weight: 3, arbitrary: hexId.map((id) => new ObjectId(id)) },
  { weight: 2, arbitrary: hexId.chain(anyCase) },
  fc.constantFrom<unknown>(null, 7, 'nobody', { a: 1 }),
);

interface Data {
  readonly users: readonly unknown[];
  readonly orders: readonly { readonly id: string; readonly userId: string | null }[];
  readonly transactions: readonly { readonly _id: unknown; readonly orderId: unknown; readonly userId: unknown }[];
}

const data: fc.Arbitrary<Data> = fc.record({
  users: fc.uniqueArray(ownId, { maxLength: 6, selector: (id) => mongoose.mongo.BSON.EJSON.stringify(id) }),
  orders: fc.uniqueArray(fc.record({ id: uuidId, userId: reference }), { maxLength: 3, selector: ({ id }) => id }),
  transactions: fc.array(fc.record({ orderId: storedUuid, userId: storedHex }), { maxLength: 12 }).map((rows) =>
    // Ids of several types, so that a walk has to cross from one to the next.
    rows.map((row, at) => ({
      _id: [at, `text ${at}`, new ObjectId(at.toString(16).padStart(24, '0')), { at }][at % 4],
      ...row,
    })),
  ),
});

async function store({ users, orders, transactions }: Data): Promise<void> {
  const rows = JSON.stringify(orders.map((order, at) => ({ ...order, orderNumber: `N${at}`, total: 1 })));
  await sql(
    databases.databaseUrl,
    'TRUNCATE orders',
    `INSERT INTO orders (id, "userId", "orderNumber", total)
     SELECT id, "userId", "orderNumber", total FROM jsonb_populate_recordset(NULL::orders, '${rows}')`,
  );
  await databases.platform.mongo.run(async (db) => {
    await db.collection('users').deleteMany({});
    await db.collection('transactions').deleteMany({});
    const all = [
      ['users', users.map((_id) => ({ _id }))],
      ['transactions', transactions],
    ] as const;
    for (const [name, documents] of all) {
      const present = documents.map((document) =>
        Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined)),
      );
      if (present.length > 0) await db.collection(name).insertMany(present);
    }
  });
}

interface Answered {
  readonly orders: { readonly nodes: readonly { id: string; user: object | null }[] };
  readonly transactions: { readonly nodes: readonly { id: string; order: object | null; user: object | null }[] };
}

const QUERY = `{
  orders(first: 100) { nodes { id user { id } } }
  transactions(first: 100) { nodes { id order { id } user { id } } }
}`;

function lostIn(judged: readonly Judged[]): string[] {
  return judged
    .filter(({ fate }) => fate !== 'found')
    .map(({ id }) => String(id))
    .sort();
}

test('the rows whose reference the audit does not find a partner for are exactly those for which the graph says null', async () => {
  await fc.assert(
    fc.asyncProperty(data, fc.integer({ min: 1, max: 5 }), async (stored, size) => {
      await store(stored);
      const answer = await execute.text<Answered>(QUERY);
      expect(answer.errors).toEqual([]);
      const { orders, transactions } = answer.data;
      const nullIn = <N extends { id: string }>(nodes: readonly N[], field: keyof N) =>
        nodes
          .filter((node) => node[field] === null)
          .map(({ id }) => id)
          .sort();
      const expected = {
        'orders.user': nullIn(orders.nodes, 'user'),
        'transactions.order': nullIn(transactions.nodes, 'order'),
        'transactions.user': nullIn(transactions.nodes, 'user'),
      };
      for (const [name, lost] of Object.entries(expected)) {
        const { judged } = await walk(databases.platform, relationOf(name), { size });
        expect(judged).toHaveLength(name === 'orders.user' ? stored.orders.length : stored.transactions.length);
        expect(lostIn(judged), name).toEqual(lost);
      }
    }),
    { numRuns: RUNS },
  );
});
