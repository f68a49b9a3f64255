import { describe, expect, test } from 'vitest';
import type { CreateOrder } from '../../src/ordering/checked-order.js';
import type { CreateOrderOutcome } from '../../src/ordering/ordering.service.js';
import { PROGRAM } from '../../src/security/actor.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { useLinks } from '../support/linked-platform.js';
import { remainsOf } from '../support/remains.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useWorker } from '../support/worker.js';

const databases = useDatabases();
const links = useLinks(databases);
useWorker(databases);
const execute = useGraph(databases);
const seed = new Seed(databases);

const MODES = ['NONE', 'REQUIRED', 'EVENTUAL'] as const;
const create = (input: CreateOrder, name = 'anybody') =>
  createScope(databases.platform, { actor: { ...PROGRAM, name } }).ordering.createOrder(input);

function orderOf(outcome: CreateOrderOutcome) {
  if (outcome.kind !== 'created') throw new Error(`there is no order: ${JSON.stringify(outcome)}`);
  return outcome.order;
}

async function ordersOf(userId: string): Promise<number> {
  const [row] = await databases.platform.postgres.query(
    'SELECT count(*)::int AS "count" FROM "orders" WHERE "userId" = $1',
    userId,
  );
  return Number(row?.['count']);
}

describe.each(MODES)('a call with a key, %s', (transaction) => {
  test('50 at once make one order, with one transaction at most, and all are told of it', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '10', transaction, idempotencyKey: `50 ${transaction}` };
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => create(input)));
    const [id, ...others] = new Set(outcomes.map((outcome) => orderOf(outcome).id));
    expect(others).toEqual([]);
    expect(await ordersOf(ada.id)).toBe(1);
    const expected = transaction === 'NONE' ? 0 : 1;
    await expect
      .poll(async () => (await remainsOf(databases.platform, id ?? '')).transactions.length, { timeout: 10_000 })
      .toBe(expected);
  });

  test('is told the same of the order after it was changed, and after it was deleted', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const input = { userId: ada.id, total: '10', transaction, idempotencyKey: `gone ${transaction}` };
    const first = orderOf(await create(input));
    const told = (order: typeof first) => ({ ...order, transactionState: null });
    await expect
      .poll(async () => (await remainsOf(databases.platform, first.id)).row?.['transactionState'], { timeout: 10_000 })
      .toBe(transaction === 'NONE' ? 'NONE' : 'RECORDED');
    const { ordering } = createScope(databases.platform);
    await ordering.updateOrder(first.id, { total: '20', orderNumber: `changed ${transaction}` });
    expect(told(orderOf(await create(input)))).toEqual(told(first));
    expect(await ordering.deleteOrder(first.id)).toMatchObject({ kind: 'deleted' });
    expect(told(orderOf(await create(input)))).toEqual(told(first));
    expect(await ordersOf(ada.id)).toBe(0);
  });
});

describe('the same input', () => {
  test('is told by its meaning: "10" is "10.00", an id is the same in upper case, and NONE is what is not said', async () => {
    const ada = await seed.user();
    const key = { idempotencyKey: 'canonical' };
    const first = orderOf(await create({ userId: ada.id, total: '10', ...key }));
    const spellings = [
      { userId: ada.id.toUpperCase(), total: '10.00', ...key },
      { userId: ada.id, total: '10.0', transaction: 'NONE', ...key },
      { userId: ada.id, total: '10', transaction: null, orderNumber: null, ...key },
    ] as const;
    for (const input of spellings) expect(orderOf(await create(input)).id).toBe(first.id);
  });

  test('which is other input is BAD_USER_INPUT that names the key, and nothing is written', async () => {
    const [ada, eve] = [await seed.user(), await seed.user()];
    const input = { userId: ada.id, total: '10', idempotencyKey: 'mine' };
    await create(input);
    const others = [
      { ...input, total: '10.01' },
      { ...input, userId: eve.id },
      { ...input, orderNumber: 'N-1' },
      { ...input, transaction: 'REQUIRED' },
    ] as const;
    for (const other of others) {
      const answer = await execute(
        gql(`mutation CreateByUsedKey($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }`),
        { input: other },
      );
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'input.idempotencyKey' } }]);
    }
    expect([await ordersOf(ada.id), await ordersOf(eve.id)]).toEqual([1, 0]);
  });

  test.each(['', 'x'.repeat(256), 'a\nb', 'a\u0000b', ' padded', 'half \ud800'])(
    'is not taken with the key %j',
    async (key) => {
      const ada = await seed.user();
      await expect(create({ userId: ada.id, total: '1', idempotencyKey: key })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        field: 'input.idempotencyKey',
      });
      expect(await ordersOf(ada.id)).toBe(0);
    },
  );

  test('is taken with a key of 255 characters of any script', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '1', idempotencyKey: 'ключ'.repeat(63) + 'キー!' };
    expect(orderOf(await create(input)).id).toBe(orderOf(await create(input)).id);
  });
});

describe('a refusal is kept under its key', () => {
  test('USER_NOT_FOUND, also when the user is there by then', async () => {
    const input = { userId: 'a'.repeat(24), total: '1', idempotencyKey: 'early' };
    const refusal = { kind: 'userNotFound', userId: input.userId };
    expect(await create(input)).toEqual(refusal);
    await seed.user({ _id: seed.objectId({ id: input.userId }) });
    expect(await create(input)).toEqual(refusal);
    expect(await create({ ...input, idempotencyKey: 'later' })).toMatchObject({ kind: 'created' });
  });

  test('ORDER_NUMBER_TAKEN, also when the number is free by then', async () => {
    const ada = await seed.user();
    const taken = await seed.order({ orderNumber: 'TAKEN' });
    const input = { userId: ada.id, total: '1', orderNumber: 'TAKEN', idempotencyKey: 'taken' };
    const refusal = { kind: 'orderNumberTaken', orderNumber: 'TAKEN' };
    expect(await create(input)).toEqual(refusal);
    await createScope(databases.platform).ordering.deleteOrder(taken.id);
    expect(await create(input)).toEqual(refusal);
  });

  test('WRITE_REFUSED, by a rule of the table', async () => {
    const ada = await seed.user();
    await sql(databases.databaseUrl, 'ALTER TABLE orders ADD CONSTRAINT small CHECK (total < 1000)');
    const input = { userId: ada.id, total: '5000', idempotencyKey: 'large' };
    expect(await create(input)).toMatchObject({ kind: 'writeRefused' });
    await sql(databases.databaseUrl, 'ALTER TABLE orders DROP CONSTRAINT small');
    expect(await create(input)).toMatchObject({ kind: 'writeRefused' });
    expect(await ordersOf(ada.id)).toBe(0);
  });

  test('but not that a user could not be looked for', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '1', idempotencyKey: 'away' };
    links.mongo.refuse();
    links.mongo.cut();
    const outcome = await createScope(links.platform).ordering.createOrder(input);
    expect(outcome).toEqual({ kind: 'userUnverifiable', userId: ada.id });
    expect(await create(input)).toMatchObject({ kind: 'created' });
  });
});

describe('a key', () => {
  test('belongs to an actor', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '1', idempotencyKey: 'shared' };
    const ids = [await create(input), await create(input, 'other'), await create(input, 'other'), await create(input)];
    const [first, second, third, fourth] = ids.map((outcome) => orderOf(outcome).id);
    expect(second).not.toBe(first);
    expect([third, fourth]).toEqual([second, first]);
    expect(await create({ ...input, total: '2' }, 'a third')).toMatchObject({ kind: 'created' });
  });

  test('is free again once its answer is older than answers are kept', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '1', idempotencyKey: 'old' };
    const keeping = (keyRetention: number) => createScope({ ...databases.platform, keyRetention }).ordering;
    const first = orderOf(await keeping(2).createOrder(input));
    await age('old', 3);
    expect(orderOf(await keeping(4).createOrder(input)).id).toBe(first.id);
    await expect(keeping(4).createOrder({ ...input, total: '2' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const fresh = orderOf(await keeping(2).createOrder({ ...input, total: '2' }));
    expect(fresh.id).not.toBe(first.id);
    expect(orderOf(await keeping(2).createOrder({ ...input, total: '2' })).id).toBe(fresh.id);
  });

  test('under which a write is under way is never free, however old', async () => {
    const ada = await seed.user();
    const input = { userId: ada.id, total: '1', transaction: 'REQUIRED', idempotencyKey: 'under way' } as const;
    const dying = { ...databases.platform, onStep: () => Promise.reject(new Error('the process dies')) };
    await expect(createScope(dying).ordering.createOrder(input)).rejects.toThrow('the process dies');
    await age('under way', 1_000);
    const { id } = orderOf(await create(input));
    // Answers are kept for so long from when they were given.
    expect(orderOf(await create(input)).id).toBe(id);
    expect(await ordersOf(ada.id)).toBe(1);
  });

  const age = (key: string, hours: number) =>
    sql(
      databases.databaseUrl,
      `UPDATE tandem_idempotency_keys SET "createdAt" = "createdAt" - interval '${hours} hours' WHERE "key" = '${key}'`,
    );
});
