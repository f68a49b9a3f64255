import { expect, test } from 'vitest';
import { OrderingHousekeeping } from '../../src/ordering/housekeeping.js';
import { TransactionRepository } from '../../src/ordering/transaction.repository.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { keyOf, remainsOf } from '../support/remains.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);
const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);

function housekeeping(): OrderingHousekeeping {
  const { postgres, mongo } = databases.platform;
  return new OrderingHousekeeping({ postgres, transactions: new TransactionRepository(mongo), keyRetention: 24 });
}

async function promised(idempotencyKey: string): Promise<string> {
  const { id: userId } = await seed.user();
  const { ordering } = createScope(databases.platform);
  const outcome = await ordering.createOrder({ userId, total: '1', transaction: 'EVENTUAL', idempotencyKey });
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  return outcome.order.id;
}

test('an order for which something is to be done, and that has no job, gets one; another keeps its own', async () => {
  const [lost, kept] = [await promised('lost'), await promised('kept')];
  await run(`DELETE FROM graphile_worker._private_jobs WHERE key = 'order ${lost}'`);
  const before = (await remainsOf(databases.platform, kept)).jobs;
  await housekeeping().run();
  expect((await remainsOf(databases.platform, lost)).jobs).toHaveLength(1);
  expect((await remainsOf(databases.platform, kept)).jobs).toEqual(before);
});

test('answers are forgotten when they are old, unless the call is still open', async () => {
  await promised('old');
  await promised('young');
  await run(
    `UPDATE tandem_idempotency_keys SET "createdAt" = now() - interval '25 hours' WHERE key = 'old'`,
    `INSERT INTO tandem_idempotency_keys ("actor", "key", "fingerprint", "createdAt")
     VALUES ('anybody', 'open', '', now() - interval '25 hours')`,
  );
  await housekeeping().run();
  const keys = await run('SELECT key FROM tandem_idempotency_keys ORDER BY key');
  expect(keys.map(({ key }) => key)).not.toContain('old');
  expect(keys.map(({ key }) => key)).toEqual(expect.arrayContaining(['open', 'young']));
});

test('a tombstone goes after an hour, a transaction never', async () => {
  const [young, old] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
  for (const id of [young, old]) await seed.document('transactions', { _id: keyOf(id), voidedAt: new Date() });
  await run(
    `INSERT INTO tandem_tombstones VALUES ('${young}', now() - interval '50 minutes'), ('${old}', now() - interval '61 minutes')`,
  );
  const paid = await promised('paid');
  await createScope(databases.platform).settlement.settle(paid as never, performance.now() + 5_000);
  await run(`INSERT INTO tandem_tombstones VALUES ('${paid}', now() - interval '2 hours')`);
  await housekeeping().run();
  expect((await remainsOf(databases.platform, young)).tombstones).toHaveLength(1);
  expect((await remainsOf(databases.platform, old)).tombstones).toEqual([]);
  expect((await remainsOf(databases.platform, paid)).transactions).toHaveLength(1);
  expect(await run('SELECT 1 FROM tandem_tombstones')).toHaveLength(1);
});

test('a deletion of a user that has no job gets one', async () => {
  await run(`INSERT INTO tandem_user_deletions ("userId") VALUES ('00000000000000000000abcd')`);
  await housekeeping().run();
  await housekeeping().run();
  const jobs = await run(
    `SELECT payload FROM graphile_worker._private_jobs WHERE key = 'user 00000000000000000000abcd'`,
  );
  expect(jobs).toEqual([{ payload: { userId: '00000000000000000000abcd' } }]);
});
