import { expect, test, vi } from 'vitest';
import type { OrderId } from '../../src/domains/order/order.source.js';
import { createScope } from '../../src/scope.js';
import { HeldOrderRepository } from '../../src/ordering/held-order.repository.js';
import { useDatabases } from '../support/databases.js';
import { remainsOf } from '../support/remains.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

useTimings({ ordering: { lease: 1_000 } });
const databases = useDatabases();
const seed = new Seed(databases);
const repository = () => new HeldOrderRepository(databases.platform.postgres);

async function promised(): Promise<OrderId> {
  const { id: userId } = await seed.user();
  const { ordering } = createScope(databases.platform);
  const outcome = await ordering.createOrder({ userId, total: '1', transaction: 'EVENTUAL' });
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  return outcome.order.id;
}

async function held(id: OrderId) {
  const acquired = await repository().acquire(id);
  if (acquired.kind !== 'held') throw new Error(acquired.kind);
  return acquired.held;
}

test('of twenty who want an order at once, one has it', async () => {
  const id = await promised();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => repository().acquire(id)));
  expect(outcomes.map(({ kind }) => kind).sort()).toEqual([...Array<string>(19).fill('busy'), 'held']);
});

test('who has given an order back leaves no trace; who has given it up does', async () => {
  const id = await promised();
  await repository().release(await held(id), true);
  const second = await held(id);
  expect(second.isAbandoned).toBe(false);
  await repository().release(second, false);
  expect((await held(id)).isAbandoned).toBe(true);
});

test('a lease runs out by itself, and whoever had the order can do nothing for it any more', async () => {
  const id = await promised();
  const first = await held(id);
  const second = await vi.waitFor(() => held(id), { timeout: 6_000, interval: 200 });
  expect(second.isAbandoned).toBe(true);
  expect(await repository().recorded(first, true)).toBeNull();
  await repository().release(first, true);
  expect(await repository().acquire(id)).toEqual({ kind: 'busy' });
  expect(await repository().recorded(second, true)).toMatchObject({ transactionState: 'RECORDED' });
});

test('where nothing is to be done, nobody has to have an order', async () => {
  const id = await promised();
  await createScope(databases.platform).settlement.settle(id, performance.now() + 5_000);
  expect(await repository().acquire(id)).toMatchObject({ kind: 'settled', order: { transactionState: 'RECORDED' } });
  expect((await remainsOf(databases.platform, id)).row).toMatchObject({ settlingUntil: null });
  expect(await repository().acquire('00000000-0000-4000-8000-000000000000' as OrderId)).toEqual({ kind: 'absent' });
});
