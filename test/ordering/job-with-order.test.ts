import { expect, test } from 'vitest';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);

test.each(['REQUIRED', 'EVENTUAL'] as const)(
  '%s: where the job cannot be enqueued, there is no order either',
  async (transaction) => {
    const ada = await seed.user();
    const rename = (from: string, to: string) =>
      sql(databases.databaseUrl, `ALTER FUNCTION graphile_worker.${from} RENAME TO ${to}`);
    const order = { userId: ada.id, total: '1', transaction };
    await rename('add_jobs', 'no_jobs');
    await expect(createScope(databases.platform).ordering.createOrder(order)).rejects.toThrow();
    await rename('no_jobs', 'add_jobs');
    expect(await sql(databases.databaseUrl, 'SELECT 1 FROM orders')).toEqual([]);
    expect(await sql(databases.databaseUrl, 'SELECT 1 FROM tandem_idempotency_keys')).toEqual([]);
  },
);
