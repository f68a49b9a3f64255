import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/audit.js';
import { run } from '../cli/commands-support.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { collection, consistencyOf, countsIn, nothingIn, onlyFinds } from './consistency-support.js';
import { O1, ORDER_WRAPPINGS, U1, USER_MENTIONS, USER_WRAPPINGS } from './wrapped-references.js';

const { ObjectId } = mongoose.mongo.BSON;

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const rows = (statement: string) => sql(databases.databaseUrl, statement);
const transactions = () => collection(databases.platform, 'transactions');
const audited = async (...argv: string[]) => (await run(main, databases, '--consistency', ...argv)).printed;

beforeEach(() => nothingIn(databases));

/** Runs a statement for MongoDB that was printed for a person. */
async function inMongo(statement: string): Promise<void> {
  const [, name = '', filter = '', update = ''] =
    /^db\.getCollection\("(\w+)"\)\.updateMany\((\{.*\}), (\[.*\])\)$/.exec(statement) ?? [];
  await collection(databases.platform, name).updateMany(
    JSON.parse(filter) as mongoose.mongo.Filter<mongoose.mongo.Document>,
    JSON.parse(update) as mongoose.mongo.Document[],
  );
}

function printedStatement(printed: string, beginning: string): string {
  const line = printed.split('\n').find((one) => one.trim().startsWith(beginning));
  if (line === undefined) throw new Error(`no statement begins with ${beginning}`);
  return line.trim();
}

describe('wrapped references', () => {
  test('are a finding of their own, which the printed UPDATE mends', async () => {
    await seed.user({ _id: new ObjectId(U1) });
    for (const userId of [...USER_WRAPPINGS, U1.toUpperCase()]) await seed.order({ userId });
    const others = ['deadbeefdeadbeefdeadbeef', 'nobody', `${U1}${U1}`];
    for (const userId of others) await seed.order({ userId });
    const count = USER_WRAPPINGS.length;
    const audit = await consistencyOf(databases.platform);
    expect(countsIn(audit)).toEqual({ ...countsIn({}), danglingOrders: others.length, wrappedReferences: count });
    expect(audit).toMatchObject({ isSound: false, wrappedReferences: { reasons: { USER_WRAPPED: count } } });

    const printed = await audited();
    expect(printed).toContain(`Wrapped references: ${count} of orders whose user is there`);
    expect(printed).toContain(`  ${count} orders: userId holds the id in a wrapping\n  → delete nothing`);
    await rows(printedStatement(printed, 'UPDATE "orders"'));
    const left = (await rows('SELECT "userId" FROM orders')).map(({ userId }) => String(userId));
    expect(left.filter((userId) => userId !== U1).sort()).toEqual([...others, U1.toUpperCase()].sort());
    await rows(`DELETE FROM orders WHERE lower("userId") <> '${U1}'`);
    expect(await consistencyOf(databases.platform)).toMatchObject({ isSound: true });
  });

  test('of transactions are found, too, and the printed updateMany mends them', async () => {
    await seed.order({ id: O1, user: await seed.user(), total: '1.00' });
    await transactions().insertMany(ORDER_WRAPPINGS.map((orderId) => ({ orderId })));
    const others = [['an array'], 7, 'nonsense'];
    await transactions().insertMany(others.map((orderId) => ({ orderId })));
    const count = ORDER_WRAPPINGS.length;
    const audit = await consistencyOf(databases.platform);
    expect(countsIn(audit)).toEqual({ ...countsIn({}), orphanTransactions: others.length, wrappedReferences: count });

    const printed = await audited();
    expect(printed).toContain(`Wrapped references: ${count} of transactions whose order is there`);
    await inMongo(printedStatement(printed, 'db.getCollection("transactions")'));
    const left = (await transactions().find().toArray()).map(({ orderId }) => orderId as unknown);
    expect(left.filter((orderId) => orderId !== O1)).toEqual(others);
    expect(await consistencyOf(databases.platform)).toMatchObject({ wrappedReferences: { count: 0 } });
  });

  test('among other text are corrected by hand, and no statement is printed for them', async () => {
    await seed.user({ _id: new ObjectId(U1) });
    for (const userId of USER_MENTIONS) await seed.order({ userId });
    const printed = await audited();
    expect(printed).toContain(`  ${USER_MENTIONS.length} orders: userId holds the id among other text`);
    expect(printed).toContain('is corrected by hand');
    expect(printed).not.toMatch(/UPDATE|delete the orders|--dangling-orders/);
  });

  test('stand in the JSON, with their statements', async () => {
    await seed.user({ _id: new ObjectId(U1) });
    await seed.order({ userId: `"${U1}"` });
    const { wrappedReferences } = JSON.parse(await audited('--json')) as Record<string, unknown>;
    expect(wrappedReferences).toMatchObject({
      count: 1,
      reasons: { USER_WRAPPED: 1 },
      groups: [{ reason: 'USER_WRAPPED', what: 'wrapped', count: 1, partners: 1 }],
      statements: [expect.stringMatching(/^UPDATE "orders" SET "userId" = /)],
    });
  });

  test('around the id of nobody are malformed', async () => {
    await seed.user();
    const { id } = await seed.order({ userId: `"${U1}"` });
    await onlyFinds(databases.platform, { danglingOrders: [`MALFORMED ${id}`] });
  });
});

describe('references to keys of another type', () => {
  test('are one finding, which names the type of _id and advises no delete', async () => {
    const key = (at: number) => `aBcDeFgHiJkLmN${at + 100}`;
    await collection(databases.platform, 'users').insertMany(
      Array.from({ length: 50 }, (_, at) => ({ _id: key(at) as never })),
    );
    await rows(
      `INSERT INTO orders (id, "userId", "orderNumber", total)
       SELECT gen_random_uuid(), 'aBcDeFgHiJkLmN' || 100 + n % 50, 'N' || n, 1 FROM generate_series(1, 100) n`,
    );
    const audit = await consistencyOf(databases.platform);
    expect(countsIn(audit)).toEqual({ ...countsIn({}), otherTypeReferences: 100 });
    const printed = await audited();
    expect(printed).toContain('References to keys of another type: 100 of orders whose user is there\n');
    expect(printed).toContain("\n  users' _id are of type string: 100 orders name 50 of them\n  → delete nothing");
    expect(printed).not.toMatch(/--dangling-orders|malformed|by an id that is none/);
  });

  test('are told apart by the type', async () => {
    for (const _id of ['ada', 7, new Date(0)]) await seed.document('users', { _id });
    for (const userId of ['ada', '7', new Date(0).toISOString()]) await seed.order({ userId });
    const { groups } = (await consistencyOf(databases.platform)).otherTypeReferences;
    expect(groups.map(({ what, count }) => [what, count]).sort()).toEqual([
      ['date', 1],
      ['int', 1],
      ['string', 1],
    ]);
  });

  test('of a transaction name the field that it holds in place of the id', async () => {
    await seed.order({ user: await seed.user(), orderNumber: 'ORD-1' });
    await transactions().insertOne({ orderId: 'ORD-1' });
    expect(await audited()).toContain('\n  orders have a field orderNumber: 1 transaction names 1 order by it\n');
  });
});

test('the graph tells both, each with its reason', async () => {
  await seed.user({ _id: new ObjectId(U1) });
  await seed.document('users', { _id: 'ada' });
  const [wrapped, other] = [await seed.order({ userId: `"${U1}"` }), await seed.order({ userId: 'ada' })];
  const answer = await execute(
    gql(`query UnjoinedReferences {
      consistency {
        isSound
        danglingOrders { count }
        wrappedReferences { count nodes { id reason reference } }
        otherTypeReferences { count nodes { id reason reference } }
      }
    }`),
  );
  expect(answer.data.consistency).toEqual({
    isSound: false,
    danglingOrders: { count: 0 },
    wrappedReferences: { count: 1, nodes: [{ id: wrapped.id, reason: 'USER_WRAPPED', reference: `"${U1}"` }] },
    otherTypeReferences: { count: 1, nodes: [{ id: other.id, reason: 'USER_OF_OTHER_TYPE', reference: 'ada' }] },
  });
});
