import { describe, expect, test } from 'vitest';
import type { OrderId } from '../../src/domains/order/order.source.js';
import type { CopiedOrder } from '../../src/ordering/fresh-order-copies.js';
import type { Platform } from '../../src/platform/platform.js';
import { createScope, type Scope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const rename = (id: string, username: string) => createScope(databases.platform).users.update(id, { username });

async function order(userId: string, platform: Platform = databases.platform): Promise<CopiedOrder> {
  const outcome = await createScope(platform).ordering.createOrder({ userId, total: '1' });
  if (outcome.kind !== 'created') throw new Error('there is no order');
  return outcome.order;
}

/** Of a caller who has to see a write that no copy has yet. */
function late(platform: Platform = databases.platform): Scope {
  return createScope(platform, { consistencyToken: 'f'.repeat(16) });
}

async function readFrom({ orderCopies }: Scope, one: CopiedOrder) {
  const [userName, userEmail] = await Promise.all(
    (['userName', 'userEmail'] as const).map((field) => Promise.resolve(orderCopies.read(one, field))),
  );
  return { userName, userEmail };
}

describe('the copies on an order, for one who has to see a write', () => {
  test('are those of the user, as the primary has it', async () => {
    const { id } = await seed.user({ username: 'Ada', email: 'ada@example.com' });
    const mine = await order(id);
    const { platform } = databases;
    const stale = { findByKeys: () => Promise.resolve([{ id, username: 'Ada', email: 'ada@example.com' }]) };
    const elsewhere = { ...platform, readers: { ...platform.readers, mongo: stale } } as unknown as Platform;
    const request = late(elsewhere);
    await rename(id, 'Ada Lovelace');
    expect(await readFrom(request, mine)).toEqual({ userName: 'Ada Lovelace', userEmail: 'ada@example.com' });
    await rename(id, 'Countess');
    expect(await readFrom(request, mine)).toMatchObject({ userName: 'Countess' });
  });

  test('are those that it was made with, where these are frozen', async () => {
    const platform = { ...databases.platform, orderCopies: 'frozen' as const };
    const { id } = await seed.user({ username: 'Ada', email: 'ada@example.com' });
    const mine = await order(id, platform);
    await rename(id, 'Ada Lovelace');
    expect(await readFrom(late(platform), mine)).toEqual({ userName: 'Ada', userEmail: 'ada@example.com' });
  });

  test('of 50 orders cost one query in each database', async () => {
    const users = await seed.users(50);
    const orders = await Promise.all(users.map(({ id }) => order(id)));
    const { platform } = databases;
    const asked: string[] = [];
    const mongoPrimary: Platform['mongoPrimary'] = {
      findByKeys: (...query) => {
        asked.push('mongo');
        return platform.mongoPrimary.findByKeys(...query);
      },
    };
    const postgres = Object.assign(Object.create(platform.postgres) as Platform['postgres'], {
      schema: platform.postgres.schema,
      query: (...query: Parameters<Platform['postgres']['query']>) => {
        asked.push('postgres');
        return platform.postgres.query(...query);
      },
    });
    const request = late({ ...platform, mongoPrimary, postgres });
    await Promise.all(orders.map((one) => readFrom(request, one)));
    expect(asked).toEqual(['postgres', 'mongo']);
  });

  test('are found in whatever case the order has the id; where nobody has it, they are as they lie', async () => {
    const { id } = await seed.user({ username: 'Ada' });
    const lying = async (userId: string): Promise<CopiedOrder> => {
      const one = await seed.order({ userId, userName: 'Countess', copiedAt: new Date() });
      return { id: one.id as OrderId, userId, userName: 'Countess', userEmail: null };
    };
    const request = late();
    const [upper, malformed, nobody] = await Promise.all([id.toUpperCase(), 'Ada', '0'.repeat(24)].map(lying));
    const names = await Promise.all([upper, malformed, nobody].map((one) => readFrom(request, one as CopiedOrder)));
    expect(names.map(({ userName }) => userName)).toEqual(['Ada', 'Countess', 'Countess']);
    await run(`UPDATE "orders" SET "copiedAt" = NULL`);
    expect(await request.orderCopies.read(upper as CopiedOrder, 'userName')).toBe('Countess');
  });
});
