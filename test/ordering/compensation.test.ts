import { describe, expect, test, vi } from 'vitest';
import type { OrderId } from '../../src/domains/order/order.source.js';
import type { CreateOrder } from '../../src/ordering/checked-order.js';
import type { CreateOrderOutcome } from '../../src/ordering/ordering.service.js';
import type { Platform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import type { Direction } from '../support/link.js';
import { useLinks } from '../support/linked-platform.js';
import { keyOf, orderIdOf, refusing, remainsOf } from '../support/remains.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

useTimings({ ordering: { call: 2_000, lease: 1_200 } });
const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);

const settle = (id: string) =>
  createScope(databases.platform).settlement.settle(id as OrderId, performance.now() + 10_000);

/** The linked platform, whose link to MongoDB is held at a step of the protocol. */
function heldAt(step: string, ...directions: Direction[]): Platform {
  const onStep = (at: string) => {
    if (at === step) links.mongo.hold(...directions);
  };
  return { ...links.platform, onStep };
}

const input = async (idempotencyKey: string) =>
  ({ userId: (await seed.user()).id, total: '5', transaction: 'REQUIRED', idempotencyKey }) as const;

/** As if the call had been made so long ago that nobody waits for it any more. */
const age = (id: string) =>
  sql(databases.databaseUrl, `UPDATE orders SET "createdAt" = "createdAt" - interval '2 minutes' WHERE id = '${id}'`);

/** A transaction that arrives now, as it was sent long ago. */
const arrive = (id: string) => seed.document('transactions', { _id: keyOf(id), orderId: id, createdAt: new Date() });

/** What a call comes to: where that is not known yet, it is made again, as its client would. */
async function told(outcome: Promise<CreateOrderOutcome>, order: CreateOrder): Promise<CreateOrderOutcome> {
  const first = await outcome;
  return first.kind === 'pending' ? createScope(databases.platform).ordering.createOrder(order) : first;
}

async function begun(key: string): Promise<string> {
  return vi.waitFor(() => orderIdOf(databases.platform, key), { timeout: 3_000 });
}

describe('MongoDB carries the insert out, and its answer does not come', () => {
  test('the client is told that it is pending, and with the same key that both are there', async () => {
    const order = await input('no answer');
    const outcome = await createScope(heldAt('orderInserted', 'answers')).ordering.createOrder(order);
    expect(outcome).toEqual({ kind: 'pending', idempotencyKey: 'no answer' });
    links.mongo.heal();
    const again = await createScope(databases.platform).ordering.createOrder(order);
    expect(again).toMatchObject({ kind: 'created', order: { transactionState: 'RECORDED' } });
    const remains = await remainsOf(databases.platform, await orderIdOf(databases.platform, 'no answer'));
    expect(remains).toMatchObject({ row: { unfinished: null, transactionState: 'RECORDED' }, tombstones: [] });
    expect(remains.transactions).toHaveLength(1);
  });

  test('when nobody asks again and it is too late, what has arrived counts: both are there', async () => {
    const order = await input('arrived');
    await createScope(heldAt('orderInserted', 'answers')).ordering.createOrder(order);
    const id = await orderIdOf(databases.platform, 'arrived');
    await age(id);
    expect(await settle(id)).toMatchObject({ kind: 'settled' });
    const remains = await remainsOf(databases.platform, id);
    expect(remains).toMatchObject({
      row: { unfinished: null, transactionState: 'RECORDED' },
      tombstones: [],
      jobs: [],
    });
    expect(remains.transactions).toHaveLength(1);
  });
});

describe('the insert is held back', () => {
  test('within the patience of the call: it is answered, and there is one', async () => {
    const order = await input('held back');
    const outcome = createScope(heldAt('orderInserted', 'requests')).ordering.createOrder(order);
    const id = await begun('held back');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    links.mongo.heal();
    expect(await told(outcome, order)).toMatchObject({ kind: 'created', order: { id } });
    const remains = await remainsOf(databases.platform, id);
    expect(remains).toMatchObject({ row: { unfinished: null }, tombstones: [] });
    expect(remains.transactions).toHaveLength(1);
  });

  test('and the order is completed by another meanwhile: the one that arrives late changes nothing', async () => {
    const order = await input('completed by another');
    const outcome = createScope(heldAt('orderInserted', 'requests')).ordering.createOrder(order);
    const id = await begun('completed by another');
    expect(await settle(id)).toMatchObject({ kind: 'settled' });
    links.mongo.heal();
    expect(await told(outcome, order)).toMatchObject({ kind: 'created', order: { id } });
    expect((await remainsOf(databases.platform, id)).transactions).toHaveLength(1);
  });

  test('and the order is taken back meanwhile: a tombstone keeps it out, and the client is told', async () => {
    const order = await input('taken back');
    const outcome = createScope(heldAt('orderInserted', 'requests')).ordering.createOrder(order);
    const id = await begun('taken back');
    await age(id);
    expect(await settle(id)).toEqual({ kind: 'absent' });
    links.mongo.heal();
    expect(await told(outcome, order)).toMatchObject({ kind: 'transactionFailed' });
    const remains = await remainsOf(databases.platform, id);
    expect(remains).toMatchObject({ row: null, transactions: [], jobs: [] });
    expect(remains.tombstones).toEqual([{ _id: keyOf(id), voidedAt: expect.any(Date) as Date }]);
    await expect(arrive(id)).rejects.toThrow('E11000');
    expect(await listed(id)).toBe(true);
  });

  test('and the order is completed and deleted meanwhile: it does not come', async () => {
    const order = await input('deleted');
    const outcome = createScope(heldAt('orderInserted', 'requests')).ordering.createOrder(order);
    const id = await begun('deleted');
    await settle(id);
    expect(await createScope(databases.platform).ordering.deleteOrder(id)).toMatchObject({ kind: 'deleted' });
    links.mongo.heal();
    expect(await told(outcome, order)).toMatchObject({ kind: 'created', order: { id } });
    expect(await remainsOf(databases.platform, id)).toMatchObject({ row: null, transactions: [], jobs: [] });
  });
});

test('where the collection takes no tombstones, an order that is too old goes forward', async () => {
  const order = await input('no tombstones');
  await createScope(heldAt('orderInserted', 'requests')).ordering.createOrder(order);
  const id = await orderIdOf(databases.platform, 'no tombstones');
  await age(id);
  const settled = await refusing(databases.platform, () => settle(id), { voidedAt: { $exists: false } });
  expect(settled).toMatchObject({ kind: 'settled' });
  links.mongo.heal();
  const remains = await remainsOf(databases.platform, id);
  expect(remains).toMatchObject({ row: { unfinished: null, transactionState: 'RECORDED' }, tombstones: [], jobs: [] });
  expect(remains.transactions).toHaveLength(1);
});

/** Whether the tombstone is known where tombstones are removed from. */
async function listed(id: string): Promise<boolean> {
  const rows = await databases.platform.postgres.query(
    'SELECT 1 FROM "tandem_tombstones" WHERE "orderId" = $1::uuid',
    id,
  );
  return rows.length === 1;
}
