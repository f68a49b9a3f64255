import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { describe, expect, test } from 'vitest';
import type { OrderId } from '../../src/domains/order/order.source.js';
import { outcomeUnknown } from '../../src/errors/app-error.js';
import { KeptRows } from '../../src/ordering/kept-rows.js';
import { OrderRemoval } from '../../src/ordering/order-removal.js';
import { OrderRepository } from '../../src/ordering/order.repository.js';
import type { TransactionMode } from '../../src/ordering/protocol.js';
import type { Platform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import { identified, type Actor } from '../../src/security/actor.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { useLinks } from '../support/linked-platform.js';
import { remainsOf } from '../support/remains.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

useTimings({ ordering: { call: 2_000, lease: 1_000 } });
const databases = useDatabases();
const links = useLinks(databases);
const execute = useGraph(databases);
const seed = new Seed(databases);

const NOTHING = { row: null, transactions: [], tombstones: [], jobs: [] };
const remains = (id: string) => remainsOf(databases.platform, id);
const remove = (id: string, platform: Platform = databases.platform) => createScope(platform).ordering.deleteOrder(id);

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

const settle = (id: OrderId, platform: Platform) =>
  createScope(platform).settlement.settle(id, performance.now() + 10_000);

/** Whether the graph shows the order. */
async function isSeen(id: string): Promise<boolean> {
  const { data } = await execute(gql(`query OrderToBeDeleted($id: ID!) { order(id: $id) { id } }`), { id });
  return data.order !== null;
}

describe('deleteOrder takes the transactions of the order with it', () => {
  test('ours, and those of others, in whatever form they hold its id, and no one else’s', async () => {
    const id = await create('REQUIRED');
    const uuid = new mongoose.mongo.BSON.UUID(id);
    const other = await seed.order();
    const kept = await seed.transaction(other);
    for (const orderId of [id, id.toUpperCase(), uuid]) await seed.transaction({ id }, { orderId });
    expect(await remove(id)).toMatchObject({ kind: 'deleted', order: { id } });
    expect(await remains(id)).toEqual(NOTHING);
    const left = await databases.platform.mongo.run((db) =>
      db
        .collection('transactions')
        .find({ orderId: { $in: [id, id.toUpperCase(), uuid, other.id] } })
        .toArray(),
    );
    expect(left.map(({ _id }) => String(_id))).toEqual([kept.id]);
  });

  test('of two calls at once one deletes it, and nothing is left', async () => {
    const id = await create('REQUIRED');
    const kinds = (await Promise.all([remove(id), remove(id)])).map(({ kind }) => kind);
    expect(kinds).toContain('deleted');
    for (const kind of kinds) expect(['deleted', 'orderNotFound']).toContain(kind);
    expect(await remains(id)).toEqual(NOTHING);
  });

  test('an order that is not there is a value, and leaves nothing', async () => {
    const orderId = randomUUID();
    expect(await remove(orderId)).toEqual({ kind: 'orderNotFound', orderId });
    expect(await remains(orderId)).toEqual(NOTHING);
  });
});

describe('what cannot be deleted in both databases stays in both', () => {
  test('MongoDB is away: MONGO_UNAVAILABLE, and the order is seen again', async () => {
    const id = await create('REQUIRED');
    const onStep = async (step: string) => {
      if (step !== 'orderHidden') return;
      expect(await isSeen(id)).toBe(false);
      links.mongo.refuse();
      links.mongo.cut();
      await new Promise((resolve) => setTimeout(resolve, 300));
    };
    const outcome = await remove(id, { ...links.platform, onStep });
    expect(outcome).toMatchObject({ kind: 'transactionsKept', because: { code: 'MONGO_UNAVAILABLE' } });
    expect(await isSeen(id)).toBe(true);
    const left = await remains(id);
    expect(left).toMatchObject({ row: { unfinished: null, transactionState: 'RECORDED' }, jobs: [] });
    expect(left.transactions).toHaveLength(1);
  });

  // A constraint that is checked when the transaction ends says nothing before.
  test.each(['', 'DEFERRABLE INITIALLY DEFERRED'])(
    'a table that refers to the order does not let it go (%s): WRITE_REFUSED, and no transaction was touched',
    async (checked) => {
      const id = await create('REQUIRED');
      await sql(
        databases.databaseUrl,
        `CREATE TABLE invoices ("orderId" uuid REFERENCES orders ("id") ${checked})`,
        `INSERT INTO invoices VALUES ('${id}')`,
      );
      const refused = await remove(id).catch((error: unknown) => error);
      const [left, seen] = [await remains(id), await isSeen(id)];
      await sql(databases.databaseUrl, 'DROP TABLE invoices');
      expect(refused).toMatchObject({ code: 'WRITE_REFUSED' });
      expect(seen).toBe(true);
      expect(left.transactions).toHaveLength(1);
      expect(left.jobs).toEqual([]);
    },
  );
});

describe('MongoDB carries the deletion out, and its answer does not come', () => {
  test('the client is told that it is pending, nobody sees the order, and its job completes it', async () => {
    const id = await create('REQUIRED');
    const onStep = (step: string) => {
      if (step === 'orderHidden') links.mongo.hold('answers');
    };
    expect(await remove(id, { ...links.platform, onStep })).toEqual({ kind: 'pending' });
    expect(await isSeen(id)).toBe(false);
    expect((await remains(id)).jobs).toHaveLength(1);
    expect(await settle(id, databases.platform)).toEqual({ kind: 'absent' });
    expect(await remains(id)).toMatchObject({ row: null, transactions: [], jobs: [] });
  });

  test('the same call again goes on with it for its owner, and for nobody who never saw the order', async () => {
    const id = await create('REQUIRED');
    const owner = identified(String((await remains(id)).row?.['userId']), []);
    const removeAs = (actor: Actor, platform: Platform) => createScope(platform, { actor }).ordering.deleteOrder(id);
    const onStep = (step: string) => {
      if (step === 'orderHidden') links.mongo.hold('answers');
    };
    expect(await removeAs(owner, { ...links.platform, onStep })).toEqual({ kind: 'pending' });
    const notFound = { kind: 'orderNotFound', orderId: id };
    expect(await removeAs(identified((await seed.user()).id, []), databases.platform)).toEqual(notFound);
    expect((await remains(id)).row).toMatchObject({ unfinished: 'DELETE' });
    expect(await removeAs(owner, databases.platform)).toMatchObject({ kind: 'deleted', order: { id } });
    expect(await remains(id)).toMatchObject({ row: null, transactions: [], jobs: [] });
    expect(await removeAs(owner, databases.platform)).toEqual(notFound);
  });
});

describe('a transaction that is on its way does not come after its order is deleted', () => {
  test('sent by the job of an EVENTUAL order', async () => {
    const id = await create('EVENTUAL');
    links.mongo.hold('requests');
    const late = settle(id, links.platform).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await remove(id)).toMatchObject({ kind: 'deleted' });
    links.mongo.heal();
    await late;
    expect(await remains(id)).toMatchObject({ row: null, transactions: [], jobs: [] });
  });

  test('sent by that job, when a change of the order has recorded it meanwhile', async () => {
    const id = await create('EVENTUAL');
    links.mongo.hold('requests');
    const late = settle(id, links.platform).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await createScope(databases.platform).ordering.updateOrder(id, { total: '2' });
    await settle(id, databases.platform);
    expect((await remains(id)).row).toMatchObject({ transactionState: 'RECORDED' });
    expect(await remove(id)).toMatchObject({ kind: 'deleted' });
    links.mongo.heal();
    await late;
    expect(await remains(id)).toMatchObject({ row: null, transactions: [], jobs: [] });
  });

  test('sent by a change of the order, when another change has recorded it meanwhile', async () => {
    const id = await create('REQUIRED');
    const onStep = (step: string) => {
      if (step === 'orderChanged') links.mongo.hold('requests');
    };
    const late = createScope({ ...links.platform, onStep }).ordering.updateOrder(id, { total: '2' });
    await expect.poll(async () => (await remains(id)).row?.['transactionState']).toBe('PENDING');
    await createScope(databases.platform).ordering.updateOrder(id, { total: '3' });
    await settle(id, databases.platform);
    expect((await remains(id)).row).toMatchObject({ transactionState: 'RECORDED' });
    expect(await remove(id)).toMatchObject({ kind: 'deleted' });
    links.mongo.heal();
    await late;
    expect(await remains(id)).toMatchObject({ row: null, transactions: [], jobs: [] });
  });

  test('50 EVENTUAL orders are deleted at the moment that their jobs run: no transaction is left of any', async () => {
    for (let round = 0; round < 50; round += 1) {
      const id = await create('EVENTUAL');
      const pause = (round % 10) * 1.5;
      const job = settle(id, databases.platform).catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, pause));
      const deleted = await remove(id);
      await job;
      if (deleted.kind !== 'deleted') throw new Error(`round ${round}: ${deleted.kind}`);
      expect(await remains(id), `round ${round}`).toMatchObject({ row: null, transactions: [], jobs: [] });
    }
  });
});

describe('PostgreSQL does not answer', () => {
  test('in the middle of the first write, and not again: OUTCOME_UNKNOWN, for it may not have begun', async () => {
    const id = await create('REQUIRED');
    await sql(
      databases.databaseUrl,
      `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$`,
      `CREATE TRIGGER slow AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION slow()`,
    );
    const outcome = remove(id, links.platform);
    await new Promise((resolve) => setTimeout(resolve, 500));
    links.postgres.refuse();
    links.postgres.cut();
    const told = await outcome;
    await sql(databases.databaseUrl, 'DROP FUNCTION slow CASCADE');
    expect(told).toEqual({ kind: 'unknown' });
    expect(await isSeen(id)).toBe(true);
  });

  test('to the first attempt, which was made, and a job is faster than the second: it is pending, and gone', async () => {
    const id = await create('REQUIRED');
    const { postgres } = databases.platform;
    const { settlement } = createScope(databases.platform);
    class Unanswered extends OrderRepository {
      #attempts = 0;
      override async beginDelete(orderId: OrderId) {
        const order = await super.beginDelete(orderId);
        this.#attempts += 1;
        if (this.#attempts > 1) return order;
        await settle(orderId, databases.platform);
        throw outcomeUnknown('deleting an order', new Error('cut'));
      }
    }
    const parts = { orders: new Unanswered(postgres), settlement, kept: new KeptRows(postgres) };
    const removal = new OrderRemoval({ ...parts, onStep: () => undefined });
    expect(await removal.delete(id)).toEqual({ kind: 'pending' });
    expect(await remains(id)).toMatchObject({ row: null, transactions: [], jobs: [] });
  });
});
