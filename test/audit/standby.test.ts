import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { auditTransactions } from '../../src/audit/transactions.js';
import { createLogger } from '../../src/platform/logger.js';
import { applyMigrations } from '../../src/platform/postgres/migrations.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.js';
import { createScope } from '../../src/scope.js';
import { temporaryFolder } from '../platform/embedded-support.js';
import { freshName } from '../support/databases.js';
import { withDatabase } from '../support/global-setup.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { consistencyOf, countsIn } from './consistency-support.js';

/** A PostgreSQL that only follows another: with the rows of when it was made, and none that came since. */
async function startStandby(): Promise<string> {
  const options = { directory: await temporaryFolder(), durable: false };
  const primary = await startEmbeddedPostgres(options);
  await applyMigrations(primary.url);
  const [row] = await sql(primary.url, `SELECT current_setting('data_directory') AS "directory"`);
  await primary.stop();
  await writeFile(path.join(String(row?.['directory']), 'standby.signal'), '', { mode: 0o644 });
  const standby = await startEmbeddedPostgres(options);
  onTestFinished(() => standby.stop());
  return standby.url;
}

test('an order that a standby lacks is not proved to be absent', { timeout: 60_000 }, async () => {
  const mongodbUri = withDatabase(inject('mongoUrl'), freshName());
  const platform: Platform = await openPlatform({
    databaseUrl: await startStandby(),
    mongodbUri,
    logger: createLogger('silent'),
  });
  onTestFinished(async () => {
    await platform.mongo.run((db) => db.dropDatabase());
    await platform[Symbol.asyncDispose]();
  });
  await new Seed({ platform }).transaction({ id: '00000000-0000-4000-8000-000000000001' });
  const audit = await consistencyOf(platform);
  expect(countsIn(audit).orphanTransactions).toBe(0);
  expect(audit).toMatchObject({ isSound: false, isComplete: false });
  expect(audit.unproved[0]).toMatchObject({ about: 'orders', problem: expect.stringContaining('standby') as string });
  expect(await auditTransactions(platform, { pause: 0 })).toMatchObject({ isSound: false, strangers: { count: 0 } });
  await createScope(platform)
    .repair.run({ isDry: false, orphanTransactions: 'DELETE' })
    .catch(() => undefined);
  expect(await platform.mongo.run((db) => db.collection('transactions').countDocuments())).toBe(1);
});
