import { expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { showingAll, showingOnly, useGate } from '../support/gate.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { Diagnosis } from './doctor-support.js';

const databases = useDatabases();
const gate = useGate(databases);
const seed = new Seed(databases);
const rows = (...statements: string[]) => sql(databases.databaseUrl, ...statements);
const diagnosed = () => Diagnosis.of({ databaseUrl: gate.databaseUrl, mongodbUri: databases.mongodbUri });

test('the doctor names the policy that may hide orders, what it means, and what mends it', async () => {
  const ada = await seed.user();
  const [order, other] = [await seed.order({ user: ada }), await seed.order({ user: ada })];
  for (const one of [order, other]) await seed.transaction(one);
  expect((await diagnosed()).one('postgres.visibility')).toMatchObject({
    status: 'ok',
    data: { about: ['orders', 'users'] },
  });
  await rows(...showingOnly('orders', order.id));
  const diagnosis = await diagnosed();
  const check = diagnosis.one('postgres.visibility');
  expect(check).toMatchObject({ status: 'warning', data: { about: 'orders' } });
  expect(check.message).toContain(
    `orders has row level security (one), which may hide rows from ${gate.role}: audits are`,
  );
  expect(check.remedy).toBe(`ALTER ROLE "${gate.role}" BYPASSRLS; or give DATABASE_URL the role that owns orders`);
  const join = diagnosis.one('joins.transactions.order');
  expect(join.data).toMatchObject({ nobody: { count: 1 } });
  expect(join.remedy).toMatch(/^rows of orders may be hidden \(see postgres.visibility\)/);
  await rows(...showingAll('orders'));
  expect((await diagnosed()).one('joins.transactions.order').status).toBe('ok');
});

test('the doctor names a view of MongoDB that may leave users out', async () => {
  const { mongo } = databases.platform;
  await mongo.run((db) => db.createCollection('few', { viewOn: 'users', pipeline: [{ $match: { power: 1 } }] }));
  const { databaseUrl, mongodbUri } = databases;
  const diagnosis = await Diagnosis.of({ databaseUrl, mongodbUri, collections: { users: 'few' } });
  expect(diagnosis.one('mongo.visibility')).toMatchObject({ status: 'warning', data: { about: 'few' } });
  expect(diagnosis.one('mongo.visibility').message).toMatch(/^few is a view of MongoDB that may leave documents out/);
});
