import { describe, expect, test } from 'vitest';
import type { OrderId } from '../../src/domains/order/order.source.js';
import type { UserId } from '../../src/domains/user/user.source.js';
import type { TransactionMode } from '../../src/ordering/protocol.js';
import { TransactionRepository } from '../../src/ordering/transaction.repository.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { useLinks } from '../support/linked-platform.js';
import { refusing, remainsOf } from '../support/remains.js';
import { Seed } from '../support/seed.js';
import { useWorker } from '../support/worker.js';

const databases = useDatabases();
const links = useLinks(databases);
const worker = useWorker(databases);
const execute = useGraph(databases);
const seed = new Seed(databases);

const ORDER = gql(`query AmountOfOrder($id: ID!) {
  order(id: $id) { total updatedAt transactionState transactionError transactions { nodes { amount } } }
}`);

const stands = async (id: string) => (await execute(ORDER, { id })).data.order;
const update = (id: string, total: string, platform = databases.platform) =>
  createScope(platform).ordering.updateOrder(id, { total });
const recorded = (amount: string) => ({
  total: amount,
  transactionState: 'RECORDED',
  transactionError: null,
  transactions: { nodes: [{ amount }] },
});

async function create(transaction: TransactionMode): Promise<OrderId> {
  const ada = await seed.user();
  const outcome = await createScope(databases.platform).ordering.createOrder({
    userId: ada.id,
    total: '1',
    transaction,
  });
  if (outcome.kind !== 'created') throw new Error(`there is no order: ${JSON.stringify(outcome)}`);
  return outcome.order.id;
}

describe('the amount follows the total', () => {
  test('before updateOrder returns, of a transaction that is recorded', async () => {
    const id = await create('REQUIRED');
    for (const total of ['2.50', '0.00', '99999999.99']) {
      const outcome = await update(id, total);
      expect(outcome).toMatchObject({ kind: 'updated', order: { total, transactionState: 'RECORDED' } });
      expect(await stands(id)).toMatchObject(recorded(total));
    }
    await expect.poll(async () => (await remainsOf(databases.platform, id)).jobs, { timeout: 10_000 }).toEqual([]);
  });

  test('of an order without one nothing is written to MongoDB', async () => {
    const id = await create('NONE');
    await update(id, '7');
    expect(await stands(id)).toMatchObject({ total: '7.00', transactionState: 'NONE', transactions: { nodes: [] } });
    expect((await remainsOf(databases.platform, id)).jobs).toEqual([]);
  });

  test.each(['REQUIRED', 'EVENTUAL'] as const)(
    'of 20 changes at once to an order that is %s the last one holds',
    async (mode) => {
      for (let round = 0; round < 5; round += 1) {
        const id = await create(mode);
        await Promise.all(Array.from({ length: 20 }, (_, at) => update(id, String(at + 2))));
        await expect.poll(() => stands(id), { timeout: 10_000 }).toMatchObject({ transactionState: 'RECORDED' });
        const total = (await stands(id))?.total ?? '';
        expect(await stands(id), `round ${round}`).toMatchObject(recorded(total));
      }
    },
  );

  test('transactions of others that the order has stay as they are', async () => {
    const id = await create('REQUIRED');
    await seed.transaction({ id }, { amount: 42 });
    await update(id, '5');
    const amounts = (await stands(id))?.transactions?.nodes.map((node) => node?.amount);
    expect(amounts?.sort()).toEqual(['42.00', '5.00']);
  });
});

describe('an older amount never wins', () => {
  const at = (second: number) => new Date(Date.UTC(2030, 0, 1, 0, 0, second));
  const ORIGINAL = { amount: '10.00', amountAsOf: null };
  const [OLDER, NEWER] = [
    { amount: '20.00', amountAsOf: at(1) },
    { amount: '30.00', amountAsOf: at(2) },
  ];

  test.each([
    ['the original', [ORIGINAL, NEWER, ORIGINAL]],
    ['an older one', [ORIGINAL, NEWER, OLDER]],
    ['an older one, twice', [ORIGINAL, OLDER, NEWER, OLDER, OLDER]],
    ['the original, behind a first one that is newer', [NEWER, ORIGINAL]],
    ['an older one, behind a first one that is newer', [NEWER, OLDER]],
  ])('%s comes late', async (_name, writes) => {
    const order = await seed.order();
    const transactions = new TransactionRepository(databases.platform.mongo);
    const userId = (await seed.user()).id as UserId;
    for (const write of writes) {
      const transaction = { orderId: order.id as OrderId, userId, createdAt: at(0), ...write };
      expect(await transactions.record(transaction)).toBe('recorded');
    }
    expect((await stands(order.id))?.transactions?.nodes).toEqual([{ amount: NEWER.amount }]);
  });
});

describe('MongoDB does not take the new amount', () => {
  test('because it is away: the order is PENDING, and recorded with the right amount once it is back', async () => {
    const id = await create('REQUIRED');
    // Its own way to MongoDB is sound.
    await worker.stop();
    links.mongo.refuse();
    links.mongo.cut();
    const outcome = await update(id, '8', links.platform);
    expect(outcome).toMatchObject({ kind: 'updated', order: { total: '8.00', transactionState: 'PENDING' } });
    expect(await stands(id)).toMatchObject({ total: '8.00', transactions: { nodes: [{ amount: '1.00' }] } });
    links.mongo.heal();
    await worker.start();
    await expect.poll(() => stands(id), { timeout: 10_000 }).toMatchObject(recorded('8.00'));
  });

  test('because a rule refuses it: the order is PENDING and says why, and recorded once the rule is gone', async () => {
    const id = await create('REQUIRED');
    const rule = { amount: { $lte: 100 } };
    const reason = expect.stringMatching(/^WRITE_REFUSED: /) as string;
    const outcome = await refusing(databases.platform, () => update(id, '101'), rule);
    expect(outcome).toMatchObject({
      order: { total: '101.00', transactionState: 'PENDING', transactionError: reason },
    });
    await expect.poll(() => stands(id), { timeout: 10_000 }).toMatchObject(recorded('101.00'));
  });
});

describe('updatedAt', () => {
  test('is not changed by what is recorded of the transaction', async () => {
    const id = await create('EVENTUAL');
    const { updatedAt } = (await remainsOf(databases.platform, id)).row ?? {};
    await expect.poll(() => stands(id), { timeout: 10_000 }).toMatchObject(recorded('1.00'));
    expect((await remainsOf(databases.platform, id)).row).toMatchObject({ updatedAt });
  });

  test('as it was read before a change by another refuses the change, and the amount stays', async () => {
    const id = await create('REQUIRED');
    const expectedUpdatedAt = new Date((await stands(id))?.updatedAt ?? 0);
    const changes = await Promise.all(
      ['2', '3', '4'].map((total) =>
        createScope(databases.platform).ordering.updateOrder(id, { total, expectedUpdatedAt }),
      ),
    );
    expect(changes.map(({ kind }) => kind).sort()).toEqual(['changedMeanwhile', 'changedMeanwhile', 'updated']);
    const updated = changes.find(({ kind }) => kind === 'updated');
    const total = updated?.kind === 'updated' ? updated.order.total : '';
    expect(await stands(id)).toMatchObject(recorded(total));
  });
});
