import { describe, expect, test } from 'vitest';
import type { CreateOrder } from '../../src/ordering/checked-order.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { keyOf, refusing, remainsOf } from '../support/remains.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { startOrderingWorker } from '../support/worker.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

const ORDER = gql(`query WhereOrderStands($id: ID!) {
  order(id: $id) { transactionState transactionError transactions { nodes { id amount } } }
}`);

const jobs = () => databases.platform.postgres.query('SELECT * FROM graphile_worker._private_jobs');
const stands = async (id: string) => (await execute(ORDER, { id })).data.order;

async function create(input: Omit<CreateOrder, 'transaction'>) {
  const outcome = await createScope(databases.platform).ordering.createOrder({ ...input, transaction: 'EVENTUAL' });
  if (outcome.kind !== 'created') throw new Error(`there is no order: ${JSON.stringify(outcome)}`);
  expect(outcome.transaction).toBeNull();
  return outcome.order;
}

/** With a worker at the jobs while `work` runs. */
async function withWorker<T>(work: () => Promise<T>): Promise<T> {
  const worker = await startOrderingWorker(databases.platform, databases.databaseUrl);
  try {
    return await work();
  } finally {
    await worker[Symbol.asyncDispose]();
  }
}

describe('EVENTUAL', () => {
  test('the order is seen at once, PENDING, with one job; then its transaction is there, once, and no job', async () => {
    const ada = await seed.user();
    const { id } = await create({ userId: ada.id, total: '3.5' });
    expect(await stands(id)).toEqual({
      transactionState: 'PENDING',
      transactionError: null,
      transactions: { nodes: [] },
    });
    expect((await remainsOf(databases.platform, id)).jobs).toHaveLength(1);
    await withWorker(async () => {
      await expect.poll(async () => (await stands(id))?.transactionState, { timeout: 5_000 }).toBe('RECORDED');
      await expect.poll(async () => (await remainsOf(databases.platform, id)).jobs, { timeout: 5_000 }).toEqual([]);
    });
    const transaction = { id: keyOf(id).toHexString(), amount: '3.50' };
    expect(await stands(id)).toMatchObject({ transactionError: null, transactions: { nodes: [transaction] } });
    expect((await remainsOf(databases.platform, id)).transactions).toMatchObject([{ userId: seed.objectId(ada) }]);
  });

  test('100 orders at once have 100 transactions, one each', async () => {
    const ada = await seed.user();
    const orders = await Promise.all(
      Array.from({ length: 100 }, (_, at) => create({ userId: ada.id, total: String(at) })),
    );
    const transactions = () =>
      databases.platform.mongo.run((db) =>
        db
          .collection('transactions')
          .find({ userId: seed.objectId(ada) })
          .toArray(),
      );
    await withWorker(() => expect.poll(async () => (await jobs()).length, { timeout: 15_000 }).toBe(0));
    const found = (await transactions()).map((document) => String(document['orderId']));
    expect(found.sort()).toEqual(orders.map(({ id }) => id as string).sort());
  });

  test('an order whose insert fails leaves no job', async () => {
    const ada = await seed.user();
    await seed.order({ orderNumber: 'TAKEN' });
    const before = (await jobs()).length;
    const { ordering } = createScope(databases.platform);
    const taken = { userId: ada.id, total: '1', orderNumber: 'TAKEN', transaction: 'EVENTUAL' } as const;
    expect(await ordering.createOrder(taken)).toMatchObject({ kind: 'orderNumberTaken' });
    await sql(databases.databaseUrl, 'ALTER TABLE orders ADD CONSTRAINT small CHECK (total < 1000)');
    expect(await ordering.createOrder({ ...taken, orderNumber: null, total: '1000' })).toMatchObject({
      kind: 'writeRefused',
    });
    await sql(databases.databaseUrl, 'ALTER TABLE orders DROP CONSTRAINT small');
    expect(await jobs()).toHaveLength(before);
  });

  test('a failure of its job fails the order: neither is there without the other', async () => {
    const ada = await seed.user();
    await sql(
      databases.databaseUrl,
      `CREATE FUNCTION no_jobs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no jobs today'; END $$`,
      'CREATE TRIGGER no_jobs BEFORE INSERT ON graphile_worker._private_jobs FOR EACH ROW EXECUTE FUNCTION no_jobs()',
    );
    const outcome = await createScope(databases.platform)
      .ordering.createOrder({ userId: ada.id, total: '1', transaction: 'EVENTUAL' })
      .catch((error: unknown) => error);
    await sql(databases.databaseUrl, 'DROP TRIGGER no_jobs ON graphile_worker._private_jobs');
    expect(outcome).not.toMatchObject({ kind: 'created' });
    expect(await sql(databases.databaseUrl, `SELECT 1 FROM orders WHERE "userId" = '${ada.id}'`)).toEqual([]);
  });

  test('what MongoDB refuses is told while it is tried again, is FAILED after 4 attempts, and is replayed', async () => {
    const ada = await seed.user();
    const { id } = await create({ userId: ada.id, total: '1' });
    const job = async () => (await remainsOf(databases.platform, id)).jobs[0] ?? {};
    const reason = expect.stringMatching(/^WRITE_REFUSED: /) as string;
    // Refused from the first attempt on: the worker comes when the rule is there.
    await refusing(databases.platform, () =>
      withWorker(async () => {
        await expect.poll(() => stands(id)).toMatchObject({ transactionState: 'PENDING', transactionError: reason });
        const attempted = async () => {
          // The library's own pause between two attempts is not waited for.
          await sql(
            databases.databaseUrl,
            'UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL',
          );
          const { attempts, locked_at } = await job();
          return { attempts, locked_at };
        };
        await expect.poll(attempted, { timeout: 15_000, interval: 200 }).toEqual({ attempts: 4, locked_at: null });
        expect(await stands(id)).toMatchObject({ transactionState: 'FAILED', transactionError: reason });
      }),
    );
    expect(await remainsOf(databases.platform, id)).toMatchObject({ transactions: [], tombstones: [] });

    const { id: job_id } = await job();
    await sql(
      databases.databaseUrl,
      `SELECT graphile_worker.reschedule_jobs(ARRAY[${String(job_id)}]::bigint[], run_at := now(), attempts := 0)`,
    );
    await withWorker(async () => {
      await expect
        .poll(() => stands(id))
        .toMatchObject({
          transactionState: 'RECORDED',
          transactionError: null,
          transactions: { nodes: [{ amount: '1.00' }] },
        });
      await expect.poll(async () => (await remainsOf(databases.platform, id)).jobs).toEqual([]);
    });
  });
});
