import { afterEach, expect, test } from 'vitest';
import type { OrderId } from '../../src/domains/order/order.source.js';
import type { TransactionMode } from '../../src/ordering/protocol.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { useLinks } from '../support/linked-platform.js';
import { orderIdOf, refusing, remainsOf } from '../support/remains.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

useTimings({ ordering: { call: 2_000, lease: 1_000 } });
const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);
const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const remains = (id: string) => remainsOf(databases.platform, id);

function away(): void {
  links.mongo.refuse();
  links.mongo.cut();
}

/** PostgreSQL's connection ends at each such change of an order, before it is made. */
const cutting = (when: string) =>
  run(
    `CREATE OR REPLACE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$`,
    `CREATE TRIGGER cut AFTER ${when} EXECUTE FUNCTION cut()`,
  );
const mend = () => run('DROP TRIGGER IF EXISTS cut ON orders');

afterEach(async () => {
  links.mongo.heal();
  await mend();
});

async function create(transaction: TransactionMode, idempotencyKey: string): Promise<OrderId> {
  const { id: userId } = await seed.user();
  const { ordering } = createScope(databases.platform);
  const outcome = await ordering.createOrder({ userId, total: '5', transaction, idempotencyKey });
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  return outcome.order.id;
}

test('a transaction that is recorded is not forgotten when its order cannot be completed, and MongoDB is away then', async () => {
  const { id: userId } = await seed.user();
  await cutting(`UPDATE ON orders FOR EACH ROW WHEN (OLD.unfinished = 'CREATE' AND NEW.unfinished IS NULL)`);
  const onStep = (step: string) => {
    if (step === 'transactionRecorded') away();
  };
  const input = { userId, total: '5', transaction: 'REQUIRED', idempotencyKey: 'recorded' } as const;
  expect(await createScope({ ...links.platform, onStep }).ordering.createOrder(input)).toMatchObject({
    kind: 'pending',
  });
  links.mongo.heal();
  await mend();
  const id = await orderIdOf(databases.platform, 'recorded');
  await createScope(databases.platform).settlement.settle(id as OrderId, performance.now() + 5_000);
  const { row, transactions } = await remains(id);
  expect(row).toMatchObject({ unfinished: null, transactionState: 'RECORDED' });
  expect(transactions).toHaveLength(1);
});

test('an order whose transactions are gone is not shown again, however often its deletion fails', async () => {
  const id = await create('REQUIRED', 'gone');
  await cutting(`DELETE ON orders FOR EACH ROW WHEN (OLD.unfinished = 'DELETE')`);
  expect(await createScope(databases.platform).ordering.deleteOrder(id)).toEqual({ kind: 'pending' });
  await mend();
  away();
  await expect(createScope(links.platform).settlement.settle(id, performance.now() + 3_000)).rejects.toMatchObject({
    code: 'MONGO_UNAVAILABLE',
  });
  expect(await remains(id)).toMatchObject({ row: { unfinished: 'DELETE' }, transactions: [] });
  links.mongo.heal();
  await createScope(databases.platform).settlement.settle(id, performance.now() + 5_000);
  expect(await remains(id)).toMatchObject({ row: null, transactions: [], jobs: [] });
});

test('an order that FAILED keeps its job when its deletion is given up', async () => {
  const id = await create('EVENTUAL', 'failed');
  await createScope(databases.platform).settlement.noteFailure(id, new Error('refused'), true);
  const onStep = (step: string) => {
    if (step === 'orderHidden') away();
  };
  const outcome = await createScope({ ...links.platform, onStep }).ordering.deleteOrder(id);
  expect(outcome.kind).toBe('transactionsKept');
  const { row, jobs } = await remains(id);
  expect(row).toMatchObject({ unfinished: null, transactionState: 'FAILED' });
  expect(jobs).toHaveLength(1);
});

test('a table that keeps deleted rows without a word refuses the deletion before a transaction is touched', async () => {
  const id = await create('REQUIRED', 'kept');
  await run(
    `CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
    'CREATE TRIGGER keep_row BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep_row()',
  );
  const refused = createScope(databases.platform).ordering.deleteOrder(id);
  await expect(refused).rejects.toMatchObject({ code: 'WRITE_REFUSED' });
  await run('DROP TRIGGER keep_row ON orders');
  const { row, transactions, jobs } = await remains(id);
  expect(row).toMatchObject({ unfinished: null });
  expect([transactions.length, jobs.length]).toEqual([1, 0]);
});

test('a total that another program changes while its transaction is recorded is not lost', async () => {
  const id = await create('EVENTUAL', 'changed');
  const onStep = async (step: string) => {
    if (step === 'amountRecorded') await run(`UPDATE orders SET total = 6 WHERE id = '${id}'`);
  };
  await createScope({ ...databases.platform, onStep }).settlement.settle(id, performance.now() + 3_000);
  const { row, jobs } = await remains(id);
  expect(row).toMatchObject({ transactionState: 'PENDING' });
  expect(jobs).toHaveLength(1);
});

test('where a table keeps whole seconds, the last of several amounts within one wins', async () => {
  const precision = (digits: number) =>
    run(
      `ALTER TABLE orders ALTER "updatedAt" TYPE timestamptz(${digits}), ALTER "createdAt" TYPE timestamptz(${digits})`,
    );
  await precision(0);
  const id = await create('REQUIRED', 'seconds');
  for (const total of ['6', '7', '8']) await createScope(databases.platform).ordering.updateOrder(id, { total });
  await precision(6);
  const { transactions } = await remains(id);
  expect(transactions.map(({ amount }) => String(amount))).toEqual(['8.00']);
});

test('a trigger that makes the ids of orders does not keep a key from its answer', async () => {
  await run(
    `CREATE FUNCTION make_id() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN NEW.id := gen_random_uuid(); RETURN NEW; END $$`,
    'CREATE TRIGGER make_id BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION make_id()',
  );
  const { id: userId } = await seed.user();
  const input = { userId, total: '5', transaction: 'REQUIRED', idempotencyKey: 'made' } as const;
  const created = await createScope(databases.platform).ordering.createOrder(input);
  expect(created).toMatchObject({ kind: 'created' });
  expect(await createScope(databases.platform).ordering.createOrder(input)).toEqual(created);
  await run('DROP TRIGGER make_id ON orders');
});

test('an order that a trigger keeps without a word is not taken for one that was taken back', async () => {
  const { id: userId } = await seed.user();
  await run(
    `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
    'CREATE TRIGGER keep BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep()',
  );
  const input = { userId, total: '5', transaction: 'REQUIRED', idempotencyKey: 'kept row' } as const;
  const told = await refusing(databases.platform, () => createScope(databases.platform).ordering.createOrder(input));
  const id = await orderIdOf(databases.platform, 'kept row');
  const again = () => createScope(databases.platform).settlement.settle(id as OrderId, performance.now() + 5_000);
  await expect(refusing(databases.platform, again)).rejects.toMatchObject({ code: 'WRITE_REFUSED' });
  await run('DROP TRIGGER keep ON orders');
  expect(told).toEqual({ kind: 'pending', idempotencyKey: 'kept row' });
  expect(await remains(id)).toMatchObject({ row: { unfinished: 'CREATE' }, transactions: [] });
});
