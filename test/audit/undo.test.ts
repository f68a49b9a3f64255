import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RepairPolicies } from '../../src/audit/repair-policies.js';
import type { UndoRun } from '../../src/audit/undo.service.js';
import { createScope } from '../../src/scope.js';
import { working } from '../cli/commands-support.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { collection, consistencyOf, copiedOnce, nothingIn } from './consistency-support.js';
import { ordered, payment } from './transactions-support.js';

const { Binary, BSONRegExp, Decimal128, Double, Int32, Long, ObjectId, Timestamp } = mongoose.mongo;

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
const rows = (statement: string) => sql(databases.databaseUrl, statement);
const transactions = () => collection(databases.platform, 'transactions');
const users = () => collection(databases.platform, 'users');

let ada: Seeded;

beforeEach(async () => {
  await nothingIn(databases);
  ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
});

async function repair(policies: Partial<RepairPolicies>, platform = databases.platform): Promise<string> {
  const { runId } = await createScope(platform).repair.run({ isDry: false, ...policies });
  if (runId === null) throw new Error('the run was dry');
  return runId;
}

async function undo(runId: string, isDry = false): Promise<UndoRun> {
  const outcome = await createScope(databases.platform).undo.undo(runId, { isDry });
  if (outcome.kind !== 'undone') throw new Error(`the run is not there: ${outcome.kind}`);
  return outcome.run;
}

/** The counts of each outcome, of all kinds together. */
function counts({ results }: UndoRun): Readonly<Record<string, number>> {
  const sums = { broughtBack: 0, alreadyThere: 0, left: 0, notKept: 0, planned: 0 };
  for (const result of results) {
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += result[name];
  }
  return Object.fromEntries(Object.entries(sums).filter(([, count]) => count > 0));
}

/** Everything that people's tables and collections hold, as the servers write it. */
async function everything() {
  const [orders, copies, keys, documents] = await Promise.all([
    rows('SELECT orders::text AS row FROM orders ORDER BY id'),
    rows('SELECT users::text AS row FROM users ORDER BY id'),
    rows('SELECT key, "orderId", "deletedAt" FROM tandem_idempotency_keys ORDER BY key'),
    transactions().find({}, { raw: true }).sort({ _id: 1 }).toArray(),
  ]);
  const bytes = documents.map((document) => Buffer.from(document as unknown as Uint8Array).toString('hex'));
  return { orders, copies, keys, bytes };
}

async function findings() {
  const audit = await consistencyOf(databases.platform);
  const kinds = ['danglingOrders', 'orphanTransactions', 'wrongAmounts', 'staleCopies', 'conflictingCopies'] as const;
  return [...kinds, 'staleOrderCopies' as const].map((kind) => [
    kind,
    audit[kind].examples.map(({ id, reason, reference, problem }) => ({ id, reason, reference, problem })),
  ]);
}

describe('what a run has deleted comes back, byte by byte', () => {
  test('an order with every type of column, and what reads differently as JSON', async () => {
    await rows(`
      CREATE TYPE mood AS ENUM ('glad', 'sad');
      CREATE TYPE place AS (street text, number int);
      ALTER TABLE orders ADD COLUMN raw json, ADD COLUMN doc jsonb, ADD COLUMN tags text[], ADD COLUMN bounds int[],
        ADD COLUMN bytes bytea, ADD COLUMN precise numeric, ADD COLUMN scale numeric(20, 6), ADD COLUMN float float8,
        ADD COLUMN single real, ADD COLUMN big bigint, ADD COLUMN fixed char(6), ADD COLUMN letter "char",
        ADD COLUMN moment timestamptz, ADD COLUMN local timestamp, ADD COLUMN since date, ADD COLUMN clock timetz,
        ADD COLUMN span interval, ADD COLUMN feeling mood, ADD COLUMN at place, ADD COLUMN nowhere place,
        ADD COLUMN during tstzrange, ADD COLUMN address inet, ADD COLUMN flags bit varying, ADD COLUMN page xml,
        ADD COLUMN paid money, ADD COLUMN "odd 'name"" ä" text,
        ADD COLUMN number int GENERATED ALWAYS AS IDENTITY, ADD COLUMN double numeric GENERATED ALWAYS AS (total * 2) STORED`);
    try {
      const values = `'2024-02-29 13:14:15.123456+05:30', '2024-02-29 13:14:15.654321'`;
      for (const moment of [values, `'infinity', '-infinity'`, `'0044-03-15 BC', '0001-01-01 BC'`]) {
        await rows(`
          INSERT INTO orders (id, "userId", "orderNumber", total, "userName", "userEmail", "createdAt", raw, doc, tags, bounds,
            bytes, precise, scale, float, single, big, fixed, letter, feeling, at, nowhere, during, address, flags, page,
            paid, since, clock, span, "odd 'name"" ä", moment, local)
          VALUES (gen_random_uuid(), '${new ObjectId().toHexString()}', gen_random_uuid(), 12345678.90, 'Bob', '',
            '2024-01-01 00:00:00.000001Z', '{"b":1,  "a": 1.0, "b": 2}', '{"n": 1.10, "u": "ä"}',
            ARRAY['a,"b', NULL, ''], '[0:2]={1,2,3}', '\\x00ff41', 'NaN', 1.100000, 'Infinity', 0.1, 9223372036854775807,
            'ab', 'x', 'sad', ROW('Main, "St"', 7), ROW(NULL, NULL), '[2024-01-01,)', '10.0.0.1/8', B'0101', '<a>b</a>',
            1.50, '2024-12-31', '12:00:00.5+02', '1 mon -2 days 03:04:05.678', E'line\\n\\t"x"', ${moment})`);
      }
      await rows(`UPDATE orders SET raw = 'null', doc = 'null', at = NULL WHERE moment = 'infinity'`);
      const before = await everything();
      const found = await findings();
      const runId = await repair({ danglingOrders: 'DELETE' });
      expect(await rows('SELECT id FROM orders')).toEqual([]);
      expect(counts(await undo(runId))).toEqual({ broughtBack: 3 });
      expect(await everything()).toEqual(before);
      expect(await findings()).toEqual(found);
      expect(counts(await undo(runId))).toEqual({ alreadyThere: 3 });
    } finally {
      await rows(`
        ALTER TABLE orders DROP COLUMN raw, DROP COLUMN doc, DROP COLUMN tags, DROP COLUMN bounds, DROP COLUMN bytes,
          DROP COLUMN precise, DROP COLUMN scale, DROP COLUMN float, DROP COLUMN single, DROP COLUMN big, DROP COLUMN fixed,
          DROP COLUMN letter, DROP COLUMN moment, DROP COLUMN local, DROP COLUMN since, DROP COLUMN clock,
          DROP COLUMN span, DROP COLUMN feeling, DROP COLUMN at, DROP COLUMN nowhere, DROP COLUMN during,
          DROP COLUMN address, DROP COLUMN flags, DROP COLUMN page, DROP COLUMN paid, DROP COLUMN "odd 'name"" ä",
          DROP COLUMN number, DROP COLUMN double`);
      await rows('DROP TYPE mood; DROP TYPE place');
    }
  });

  test('the transactions that an order takes along, and orphans, whatever types they hold', async () => {
    await seed.order({ user: ada });
    const order = await seed.order({ userName: 'Nobody', transactionState: 'RECORDED' });
    const odd = {
      one: new Int32(1),
      same: new Double(1),
      long: Long.fromString('9007199254740993'),
      exact: Decimal128.fromString('10.0000'),
      pattern: new BSONRegExp('^a', 'i'),
      stamp: new Timestamp({ t: 5, i: 7 }),
      bytes: new Binary(Buffer.from([0, 255]), 0x80),
      text: 'a\0b',
      none: null,
      z: { y: [1, { $oid: 'no id' }], a: Number.NaN },
      aList: [new Date(-1)],
    };
    await seed.document('transactions', { _id: new ObjectId(), orderId: order.id, amount: 3, ...odd });
    await seed.document('transactions', { _id: 'text', orderId: order.id.toUpperCase(), payer: 'Eve' });
    await seed.document('transactions', { _id: new ObjectId(), orderId: randomUUID(), ...odd });
    await seed.document('transactions', { _id: new ObjectId(), orderId: 'none', amount: '1' });
    const before = await everything();
    const found = await findings();
    const runId = await repair({ danglingOrders: 'DELETE', orphanTransactions: 'DELETE' });
    expect((await everything()).bytes).toEqual([]);
    expect(counts(await undo(runId, true))).toEqual({ planned: 5 });
    expect((await everything()).bytes).toEqual([]);
    expect(counts(await undo(runId))).toEqual({ broughtBack: 5 });
    expect(await everything()).toEqual(before);
    expect(await findings()).toEqual(found);
    expect(counts(await undo(runId))).toEqual({ alreadyThere: 5 });
  });

  test('an order whose transaction is recorded, with its key, after MongoDB did not answer for its deletion', async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await users().deleteOne({ _id: new ObjectId(ada.id) });
    await seed.user();
    const before = await everything();
    const runId = await repair({ danglingOrders: 'DELETE' });
    expect((await everything()).keys[0]?.['deletedAt']).not.toBeNull();
    await transactions().insertOne({ _id: payment(id), voidedAt: new Date() });
    await rows(`INSERT INTO tandem_tombstones ("orderId") VALUES ('${id}')`);
    expect(counts(await undo(runId))).toEqual({ broughtBack: 2 });
    expect(await everything()).toEqual(before);
    expect(await rows('SELECT 1 FROM tandem_tombstones')).toEqual([]);
  });

  test('an order that waits for its transaction has its job again, and gets it', async () => {
    const { id } = await seed.order({ transactionState: 'PENDING' });
    const runId = await repair({ danglingOrders: 'DELETE' });
    await transactions().insertOne({ _id: payment(id), voidedAt: new Date() });
    await undo(runId);
    await working(databases, () =>
      expect
        .poll(() => rows('SELECT "transactionState" FROM orders'), { timeout: 10_000 })
        .toEqual([{ transactionState: 'RECORDED' }]),
    );
    expect(await transactions().findOne({ _id: payment(id) })).toMatchObject({ orderId: id });
  });
});

describe('what a run has changed is as it was', () => {
  test('every kind at once: the audit finds what it found before the repair', async () => {
    const [stale, missing, conflicting] = [await seed.user(), await seed.user(), await seed.user()];
    const wrong = await ordered(databases.platform, ada, 'REQUIRED');
    const orders = await Promise.all([1, 2, 3].map(() => ordered(databases.platform, ada, 'NONE')));
    await copiedOnce(databases);
    await seed.transaction(await seed.order({ userName: 'Nobody' }));
    await seed.transaction({ id: randomUUID() });
    await transactions().updateOne({ _id: payment(wrong) }, { $set: { amount: new Int32(1), note: 'mine' } });
    await rows(`UPDATE users SET username = 'another' WHERE "mongoId" = '${stale.id}'`);
    await rows(`DELETE FROM users WHERE "mongoId" = '${missing.id}'`);
    await rows(`UPDATE users SET email = NULL, "emailConflict" = true WHERE "mongoId" = '${conflicting.id}'`);
    await rows(`UPDATE orders SET "userName" = 'Eda' WHERE id = ANY('{${orders.join(',')}}')`);
    const before = await everything();
    const found = await findings();
    const runId = await repair({
      ...{ danglingOrders: 'DELETE', orphanTransactions: 'DELETE', wrongAmounts: 'FIX' },
      ...{ staleCopies: 'RELINK', conflictingCopies: 'RELINK', staleOrderCopies: 'RELINK' },
    });
    await rows("DELETE FROM graphile_worker._private_jobs WHERE key LIKE 'follow%'");
    await working(databases, () =>
      expect.poll(async () => transactions().countDocuments({ _id: payment(wrong), amount: 1 })).toBe(0),
    );
    expect((await findings()).every(([, examples]) => examples?.length === 0)).toBe(true);
    const undone = await undo(runId);
    expect(undone.rows.filter(({ outcome }) => outcome === 'left')).toEqual([]);
    expect(await findings()).toEqual(found);
    const after = await everything();
    // The copy of the user whose orders were brought up to date was read once more.
    expect({ ...after, copies: [] }).toEqual({ ...before, copies: [] });
    expect(after.copies.filter(({ row }) => !String(row).includes(ada.id))).toEqual(
      before.copies.filter(({ row }) => !String(row).includes(ada.id)),
    );
    expect(counts(await undo(runId))['left']).toBeUndefined();
  });

  test('an amount that a worker has not mended yet is not mended any more', async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await transactions().updateOne({ _id: payment(id) }, { $set: { amount: 1 } });
    const before = await everything();
    const runId = await repair({ wrongAmounts: 'FIX' });
    expect(await rows('SELECT "transactionState" FROM orders')).toEqual([{ transactionState: 'PENDING' }]);
    await undo(runId);
    expect(await everything()).toEqual(before);
    expect(await rows('SELECT key FROM graphile_worker.jobs')).toEqual([]);
  });
});

describe('what others have written since stays', () => {
  test('an order whose number another has by now is left, and its transactions with it', async () => {
    const order = await seed.order({ orderNumber: 'N-1' });
    await seed.transaction(order);
    const runId = await repair({ danglingOrders: 'DELETE' });
    const other = await seed.order({ user: ada, orderNumber: 'N-1' });
    const run = await undo(runId);
    expect(counts(run)).toEqual({ left: 2 });
    expect(run.rows.map(({ because }) => because)).toEqual([
      `order ${other.id} has its number "N-1" by now`,
      'its order was not brought back',
    ]);
    expect(await transactions().countDocuments()).toBe(0);
    await rows(`UPDATE orders SET "orderNumber" = 'N-2'`);
    expect(counts(await undo(runId))).toEqual({ broughtBack: 2 });
  });

  test('an order, and a document, with the same id and other content are left', async () => {
    await seed.order({ user: ada });
    const order = await seed.order();
    const orphan = await seed.transaction({ id: randomUUID() });
    const runId = await repair({ danglingOrders: 'DELETE', orphanTransactions: 'DELETE' });
    await seed.order({ id: order.id, user: ada, total: '99.00' });
    await seed.document('transactions', { _id: new ObjectId(orphan.id), amount: 99 });
    const before = await everything();
    const run = await undo(runId);
    expect(counts(run)).toEqual({ left: 2 });
    expect(run.rows.find(({ place }) => place === 'orders')?.because).toContain('differs in "total", "userId"');
    expect(await everything()).toEqual(before);
  });

  test('a copy, a name and an amount that have changed since are left', async () => {
    const stale = await seed.user();
    const wrong = await ordered(databases.platform, ada, 'REQUIRED');
    const order = await ordered(databases.platform, ada, 'NONE');
    await copiedOnce(databases);
    await transactions().updateOne({ _id: payment(wrong) }, { $set: { amount: 1 } });
    await rows(`UPDATE users SET username = 'another' WHERE "mongoId" = '${stale.id}'`);
    await rows(`UPDATE orders SET "userName" = 'Eda' WHERE id = '${order}'`);
    const runId = await repair({ wrongAmounts: 'FIX', staleCopies: 'RELINK', staleOrderCopies: 'RELINK' });
    await rows(`UPDATE users SET power = 9 WHERE "mongoId" = '${stale.id}'`);
    await rows(`UPDATE orders SET "userName" = 'Ida' WHERE id = '${order}'`);
    await transactions().updateOne({ _id: payment(wrong) }, { $set: { amount: 2 } });
    const before = await everything();
    expect(counts(await undo(runId))).toMatchObject({ left: 3 });
    expect(await everything()).toMatchObject({ copies: before.copies, bytes: before.bytes });
    expect(await rows(`SELECT "userName" FROM orders WHERE id = '${order}'`)).toEqual([{ userName: 'Ida' }]);
  });

  test('triggers of the table fire, and what they change is told', async () => {
    const { id } = await seed.order();
    const runId = await repair({ danglingOrders: 'DELETE' });
    await rows(`CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN NEW."updatedAt" = '2030-01-01Z'; RETURN NEW; END $$`);
    await rows('CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch()');
    try {
      const run = await undo(runId);
      expect(run.rows).toEqual([
        expect.objectContaining({
          id,
          outcome: 'broughtBack',
          because: `the table's own rules have changed "updatedAt"`,
        }),
      ]);
      expect(counts(await undo(runId))).toEqual({ alreadyThere: 1 });
    } finally {
      await rows('DROP TRIGGER touch ON orders; DROP FUNCTION touch');
    }
  });

  test('a column that is gone by now is no reason to bring a row back without it', async () => {
    await rows('ALTER TABLE orders ADD COLUMN note text');
    await seed.order({ note: 'mine' });
    const runId = await repair({ danglingOrders: 'DELETE' });
    await rows('ALTER TABLE orders DROP COLUMN note');
    const [row] = (await undo(runId)).rows;
    expect(row).toMatchObject({ outcome: 'left', because: 'orders has no "note" any more' });
  });
});

describe('what is written between the note and the act', () => {
  const during = (step: string, work: () => Promise<unknown>) => ({
    ...databases.platform,
    onStep: async (at: string) => {
      if (at === step) await work();
    },
  });

  test('to the order or its transactions comes back as well', async () => {
    const order = await seed.order();
    const paid = await seed.transaction(order, { amount: 1 });
    const runId = await repair(
      { danglingOrders: 'DELETE' },
      during('orderHidden', async () => {
        await rows(`UPDATE orders SET total = 77, "userName" = 'Late'`);
        await transactions().updateOne({ _id: new ObjectId(paid.id) }, { $set: { amount: 2 } });
        await seed.transaction(order, { amount: 3 });
      }),
    );
    expect((await everything()).bytes).toEqual([]);
    expect(counts(await undo(runId))).toEqual({ broughtBack: 3 });
    expect(await rows('SELECT total, "userName", unfinished, "settlingUntil" FROM orders')).toEqual([
      { total: '77.00', userName: 'Late', unfinished: null, settlingUntil: null },
    ]);
    const amounts = (await transactions().find().toArray()).map(({ amount }) => Number(amount));
    expect(amounts.sort()).toEqual([2, 3]);
  });

  test('an order with a transaction that no driver writes as it is stays, and nothing of it is kept', async () => {
    const order = await seed.order();
    await seed.transaction(order);
    // A driver takes it for a reference, and writes that in another order.
    await seed.document('transactions', { _id: new ObjectId(), orderId: order.id, link: { $id: 1, $ref: 'a' } });
    const before = await everything();
    const { acts } = await createScope(databases.platform).repair.run({ isDry: false, danglingOrders: 'DELETE' });
    expect(acts).toMatchObject([{ id: order.id, outcome: 'left' }]);
    expect(await everything()).toEqual(before);
    expect(await rows('SELECT 1 FROM tandem_kept_rows')).toEqual([]);
  });

  test('an orphan that another caller has deleted meanwhile is not kept', async () => {
    await seed.order({ user: ada });
    const orphan = await seed.transaction({ id: randomUUID() });
    const scope = createScope(databases.platform);
    const first = scope.repair.run({ isDry: false, orphanTransactions: 'DELETE' });
    const second = scope.repair.run({ isDry: false, orphanTransactions: 'DELETE' });
    await Promise.all([first, second]);
    // A run that finds nothing to do any more is not in the log.
    const logged = await rows('SELECT DISTINCT "runId" FROM tandem_repairs');
    const undone = [];
    for (const { runId } of logged) undone.push(counts(await undo(String(runId))));
    expect(undone.filter(({ broughtBack = 0 }) => broughtBack > 0)).toEqual([{ broughtBack: 1 }]);
    expect(await rows('SELECT 1 FROM tandem_kept_rows')).toHaveLength(1);
    expect(await transactions().countDocuments({ _id: new ObjectId(orphan.id) })).toBe(1);
  });
});

describe('a person who is erased', () => {
  const deleteUser = (id: string) =>
    createScope(databases.platform).userRemoval.deleteUser(id, { orders: 'KEEP', erase: true });

  test('is erased in what repairs have kept, and comes back without name and address', async () => {
    const bob = await seed.user({ username: 'Bob Secret', email: 'bob@secret.example' });
    await copiedOnce(databases);
    await rows(`UPDATE users SET username = 'Old Secret' WHERE "mongoId" = '${bob.id}'`);
    await collection(databases.platform, 'users').deleteOne({ _id: new ObjectId(bob.id) });
    await seed.order({ userId: `"${bob.id.toUpperCase()}"`, userName: 'Bob Secret', userEmail: 'bob@secret.example' });
    const runId = await repair({ danglingOrders: 'DELETE', staleCopies: 'RELINK' });
    expect(JSON.stringify(await rows('SELECT * FROM tandem_kept_rows'))).toContain('Bob Secret');
    expect(await deleteUser(bob.id)).toMatchObject({ kind: 'deleted' });
    const kept = JSON.stringify([
      await rows('SELECT before, after, "userId" FROM tandem_kept_rows'),
      await rows('SELECT before, after FROM tandem_repairs'),
    ]);
    expect(kept).not.toMatch(/secret/i);
    const run = await undo(runId);
    expect(run.rows.find(({ place }) => place === 'orders')).toMatchObject({
      outcome: 'broughtBack',
      because: 'without the name and address, for the person was erased',
    });
    expect(run.rows.find(({ place }) => place === 'users')).toMatchObject({ outcome: 'left' });
    expect(await rows('SELECT "userName", "userEmail" FROM orders')).toEqual([{ userName: null, userEmail: null }]);
    expect(JSON.stringify(await everything())).not.toMatch(/secret/i);
    expect(counts(await undo(runId))).toMatchObject({ alreadyThere: 1 });
  });

  test('can be erased when nothing but a repair remembers the name', async () => {
    const nobody = new ObjectId().toHexString();
    await seed.order({ userId: nobody, userName: 'Carl Secret' });
    await repair({ danglingOrders: 'DELETE' });
    expect(await deleteUser(nobody)).toMatchObject({ kind: 'deleted' });
    expect(JSON.stringify(await rows('SELECT * FROM tandem_kept_rows'))).not.toContain('Secret');
    expect(await deleteUser(nobody)).toMatchObject({ kind: 'userNotFound' });
  });

  test.each([(id: string) => `guid${id}`, (id: string) => `${'0'.repeat(24)},${id}`])(
    'whose id stands among other text is emptied in what repairs have kept, and stays so',
    async (around) => {
      const { id } = await seed.user({ username: 'Finn Secret' });
      const reference = around(id);
      await seed.order({ userId: reference, userName: 'Finn Secret' });
      await rows(`INSERT INTO tandem_repairs (id, "runId", kind, subject, policy)
        SELECT gen_random_uuid(), gen_random_uuid(), 'danglingOrders', id::text, 'DELETE' FROM orders`);
      await rows(`INSERT INTO tandem_kept_rows ("repairId", place, key, before, "userId")
        SELECT r.id, 'orders', o.id::text, to_jsonb(o), '${reference}' FROM orders o, tandem_repairs r`);
      expect(await deleteUser(id)).toMatchObject({ kind: 'deleted' });
      expect(JSON.stringify(await rows('SELECT * FROM tandem_kept_rows'))).not.toContain('Secret');
      expect(await deleteUser(id)).toMatchObject({ kind: 'userNotFound' });
    },
  );

  test('is not kept by a repair that comes later', async () => {
    const nobody = new ObjectId().toHexString();
    await seed.order({ userId: nobody, userName: 'Dora Secret' });
    const gone = `"userId", erases, "deletedAt") VALUES ('${nobody}', true, 'infinity'`;
    await rows(`INSERT INTO tandem_user_deletions (${gone})`);
    const runId = await repair({ danglingOrders: 'DELETE' });
    expect(JSON.stringify(await rows('SELECT * FROM tandem_kept_rows'))).not.toContain('Secret');
    await undo(runId);
    expect(await rows('SELECT "userName" FROM orders')).toEqual([{ userName: null }]);
  });
});

test('a run that was killed in the middle is undone as far as it came, and an undo that was cut goes on', async () => {
  await Promise.all(Array.from({ length: 5 }, async () => seed.transaction(await seed.order())));
  const before = await everything();
  let steps = 0;
  const dying = {
    ...databases.platform,
    onStep: (step: string) => {
      if (step === 'transactionsDeleted' && (steps += 1) === 3) throw new Error('killed');
    },
  };
  await expect(createScope(dying).repair.run({ isDry: false, danglingOrders: 'DELETE' })).rejects.toThrow('killed');
  const [logged] = await rows('SELECT DISTINCT "runId" FROM tandem_repairs');
  const runId = String(logged?.['runId']);
  await working(databases, () =>
    expect.poll(() => rows('SELECT key FROM graphile_worker.jobs'), { timeout: 10_000 }).toEqual([]),
  );
  const scope = createScope(databases.platform);
  expect(await scope.undo.undo(runId, { until: 0 })).toMatchObject({ run: { isComplete: false } });
  const run = await undo(runId);
  expect(run.isComplete).toBe(true);
  expect(counts(run)['left']).toBeUndefined();
  expect(await everything()).toEqual(before);
});

test('a run of a version that kept no whole rows says what cannot be brought back', async () => {
  const runId = randomUUID();
  const entry = (id: string, after: string) =>
    rows(`
    INSERT INTO tandem_repairs (id, "runId", kind, subject, policy, before, after)
    VALUES (gen_random_uuid(), '${runId}', 'danglingOrders', '${id}', 'DELETE', '{"id": "${id}"}', '{"kind": "${after}"}')`);
  const gone = randomUUID();
  await entry(gone, 'repaired');
  await entry(randomUUID(), 'left');
  const run = await undo(runId);
  expect(counts(run)).toEqual({ notKept: 1 });
  expect(run).toMatchObject({ acts: 2, rows: [{ id: gone, place: null, outcome: 'notKept' }] });
});

test('the log tells who has done what, and which run undid which', async () => {
  await seed.transaction(await seed.order());
  const runId = await repair({ danglingOrders: 'DELETE' });
  const undone = await undo(runId);
  const runs = await createScope(databases.platform).undo.runs(10);
  expect(runs).toEqual([
    expect.objectContaining({ runId: undone.runId, undoes: runId, acts: 1 }),
    expect.objectContaining({
      ...{ runId, undoes: null, actor: 'anybody', acts: 1, rows: 2, notKept: 0, unfinished: 0 },
      kinds: [{ kind: 'danglingOrders', policy: 'DELETE', acts: 1 }],
    }),
  ]);
  const scope = createScope(databases.platform);
  expect(await scope.undo.undo(String(undone.runId))).toMatchObject({ kind: 'isUndo', undoes: runId });
  expect(await scope.undo.undo(randomUUID())).toMatchObject({ kind: 'runNotFound' });
  await expect(scope.undo.undo('no id')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'runId' });
});

describe('the mutation', () => {
  const UNDO = gql(`
    mutation Undo($runId: ID!, $dryRun: Boolean) {
      undoRepair(runId: $runId, dryRun: $dryRun) {
        runId undoes isDry isComplete acts consistencyToken
        results { kind planned broughtBack alreadyThere left notKept }
        rows { kind place id outcome because }
      }
    }
  `);
  const RUNS = gql(
    `query Runs { repairRuns(first: 5) { runId at actor undoes acts rows notKept unfinished kinds { kind policy acts } } }`,
  );

  test('brings back, and says so', async () => {
    const { id } = await seed.order();
    const runId = await repair({ danglingOrders: 'DELETE' });
    const dry = await execute(UNDO, { runId, dryRun: true });
    expect(dry.data.undoRepair).toMatchObject({ runId: null, isDry: true, rows: [{ outcome: 'PLANNED' }] });
    const { data } = await execute(UNDO, { runId });
    expect(data.undoRepair).toMatchObject({ undoes: runId, isDry: false, isComplete: true, acts: 1 });
    expect(data.undoRepair.rows).toEqual([
      { kind: 'DANGLING_ORDERS', place: 'orders', id, outcome: 'BROUGHT_BACK', because: null },
    ]);
    expect(await rows('SELECT id FROM orders')).toEqual([{ id }]);
    const { data: listed } = await execute(RUNS);
    expect(listed.repairRuns?.map(({ undoes }) => undoes)).toEqual([runId, null]);
  });
});
