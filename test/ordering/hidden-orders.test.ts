import { beforeEach, describe, expect, test } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { showingAll, showingOnly, useGate } from '../support/gate.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';

const databases = useDatabases();
const gate = useGate(databases);
const execute = useGraph(gate);
const seed = new Seed(databases);

const DELETE = gql(`mutation DeleteHidden($id: ID!, $orders: OrdersOfDeletedUser, $erase: Boolean) {
  deleteUser(id: $id, orders: $orders, erase: $erase) { user { id } }
}`);

const TABLES = ['orders', 'users', 'tandem_idempotency_keys', 'tandem_kept_rows'];

const rows = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const isThere = async ({ id }: Seeded) =>
  (await databases.platform.mongo.run((db) => db.collection('users').countDocuments({ _id: seed.objectId({ id }) }))) >
  0;
const names = async () => (await rows(`SELECT "userName" FROM orders ORDER BY 1`)).map(({ userName }) => userName);
const remove = async ({ id }: Seeded, how: { orders?: 'REFUSE' | 'KEEP'; erase?: boolean } = {}) =>
  (await execute(DELETE, { id, ...how })).errors.map(({ extensions }) => extensions?.['code']);

let ada: Seeded;
let shown: Seeded;

beforeEach(async () => {
  await rows(...TABLES.flatMap(showingAll), `TRUNCATE ${TABLES.join(', ')}, tandem_user_deletions`);
  ada = await seed.user();
  await seed.order({ user: ada, userName: 'Ada', userEmail: 'ada@example.com' });
  shown = await seed.order({ userName: 'Eve' });
});

describe('where a policy hides orders from the gateway', () => {
  test('deleteUser refuses rather than to delete the owner of hidden orders', async () => {
    await rows(...showingOnly('orders', shown.id));
    const { errors } = await execute(DELETE, { id: ada.id });
    expect(errors).toMatchObject([{ extensions: { code: 'ABSENCE_UNPROVED' } }]);
    expect(errors[0]?.message).toMatch(/rows of orders may be hidden .* npx tandem doctor/);
    expect(await isThere(ada)).toBe(true);
    expect(await rows('SELECT FROM tandem_user_deletions')).toEqual([]);
  });

  test('so it does where the policy fails without a setting', async () => {
    await rows(
      'ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
      `CREATE POLICY one ON orders USING ("userName" = current_setting('app.name'))`,
    );
    expect(await remove(ada)).toEqual(['ABSENCE_UNPROVED']);
    expect(await isThere(ada)).toBe(true);
  });

  test('orders that are to be kept need not be seen', async () => {
    await rows(...showingOnly('orders', shown.id));
    expect(await remove(ada, { orders: 'KEEP' })).toEqual([]);
    expect(await isThere(ada)).toBe(false);
    expect(await names()).toEqual(['Ada', 'Eve']);
  });

  test('a person is not reported as erased whose names may stand on hidden orders', async () => {
    await rows(...showingOnly('orders', shown.id));
    expect(await remove(ada, { orders: 'KEEP', erase: true })).toEqual(['ABSENCE_UNPROVED']);
    expect(await isThere(ada)).toBe(true);
    expect(await names()).toEqual(['Ada', 'Eve']);
    await rows(...showingAll('orders'));
    expect(await remove(ada, { orders: 'KEEP', erase: true })).toEqual([]);
    expect(await names()).toEqual(['Eve', null]);
  });

  test('nor is one of whom nothing is seen any more', async () => {
    await databases.platform.mongo.run((db) => db.collection('users').deleteOne({ _id: seed.objectId(ada) }));
    await rows(...showingOnly('orders', shown.id));
    expect(await remove(ada, { orders: 'KEEP', erase: true })).toEqual(['ABSENCE_UNPROVED']);
  });
});

test.each(['users', 'tandem_idempotency_keys', 'tandem_kept_rows'])(
  'a person is not reported as erased while a policy may hide rows of %s',
  async (table) => {
    await rows(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
    expect(await remove(ada, { orders: 'KEEP', erase: true })).toEqual(['ABSENCE_UNPROVED']);
    expect(await isThere(ada)).toBe(true);
    expect(await names()).toEqual(['Ada', 'Eve']);
  },
);

test.each(['userDeleted', 'copiesEmptied'])('an erasure is pending while orders are hidden since %s', async (last) => {
  const logger = createLogger('silent');
  await using platform = await openPlatform({
    databaseUrl: gate.databaseUrl,
    mongodbUri: databases.mongodbUri,
    logger,
    onStep: async (step) => {
      if (step === last) await rows(...showingOnly('orders', shown.id));
    },
  });
  const { userRemoval } = createScope(platform);
  expect(await userRemoval.deleteUser(ada.id, { orders: 'KEEP', erase: true })).toMatchObject({ kind: 'pending' });
  const isNoted = () => rows('SELECT FROM tandem_user_deletions WHERE isfinite("deletedAt")');
  expect(await isNoted()).toEqual([]);
  await rows(...showingAll('orders'));
  await createScope(gate.platform).userRemoval.settle(ada.id as UserId, performance.now() + 1_000);
  expect(await isNoted()).toHaveLength(1);
  expect(await names()).toEqual(['Eve', null]);
});

test('a deletion without erasing ends, whatever is hidden', async () => {
  await rows(...TABLES.map((table) => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`));
  expect(await remove(ada, { orders: 'KEEP' })).toEqual([]);
  expect(await rows('SELECT FROM tandem_user_deletions WHERE "deletedAt" IS NOT NULL')).toHaveLength(1);
});

test('a role that sees every row deletes as before', async () => {
  const free = await seed.user();
  expect(await remove(ada)).toEqual(['USER_HAS_ORDERS']);
  expect(await remove(free)).toEqual([]);
});

test('a view with a condition in the place of orders keeps their owners', async () => {
  await rows(
    'ALTER TABLE orders RENAME TO purchases',
    `CREATE VIEW orders AS SELECT * FROM purchases WHERE "userName" = 'Eve'`,
    `GRANT ALL ON orders TO ${gate.role}`,
  );
  try {
    expect(await remove(ada)).toEqual(['ABSENCE_UNPROVED']);
    await rows('CREATE OR REPLACE VIEW orders AS SELECT * FROM purchases');
    expect(await remove(ada)).toEqual(['USER_HAS_ORDERS']);
  } finally {
    await rows('DROP VIEW orders', 'ALTER TABLE purchases RENAME TO orders');
  }
});
