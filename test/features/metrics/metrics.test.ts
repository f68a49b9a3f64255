import { afterAll, beforeAll, expect, test } from 'vitest';
import { feature } from '../../../src/features/metrics/feature.js';
import { startGateway, type Gateway } from '../../../src/gateway/server.js';
import { createScope } from '../../../src/scope.js';
import { useDatabases } from '../../support/databases.js';
import { sql } from '../../support/rows.js';
import { Seed } from '../../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);
let gateway: Gateway;

beforeAll(async () => {
  const { platform } = databases;
  gateway = await startGateway({ platform, host: '127.0.0.1', port: 0, features: [feature] });
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function scrape(): Promise<string> {
  const answer = await fetch(new URL('/metrics', gateway.url));
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return answer.text();
}

test('jobs are counted by what becomes of them', async () => {
  const ada = await seed.user();
  const create = () =>
    createScope(databases.platform).ordering.createOrder({ userId: ada.id, total: '1', transaction: 'EVENTUAL' });
  expect(await scrape()).toContain('tandem_jobs{state="waiting"} 0\n');
  await create();
  await create();
  await sql(
    databases.databaseUrl,
    `UPDATE graphile_worker._private_jobs SET attempts = max_attempts
     WHERE id = (SELECT min(id) FROM graphile_worker._private_jobs)`,
    `UPDATE graphile_worker._private_jobs SET run_at = now() - interval '90 s' WHERE attempts = 0`,
  );
  const text = await scrape();
  expect(text).toContain('tandem_postgres_up 1\n');
  expect(text).toContain('tandem_jobs{state="waiting"} 1\n');
  expect(text).toContain('tandem_jobs{state="parked"} 1\n');
  expect(text).toMatch(/^tandem_jobs_oldest_due_seconds 9\d$/m);
  expect(text).toContain('tandem_calls_open 0\n');
});

test('how late the copy of users is, once it was complete, and whether something keeps it from it', async () => {
  const text = await scrape();
  expect(text).not.toContain('tandem_user_copy_lag_seconds');
  expect(text).toContain('tandem_user_copy_problem 0\n');
  await sql(
    databases.databaseUrl,
    `INSERT INTO "tandem_sync" ("source", "freshAt", "problem") VALUES ('users', now() - interval '90 s', 'no replica set')`,
  );
  const late = await scrape();
  expect(late).toMatch(/^tandem_user_copy_lag_seconds 9\d$/m);
  expect(late).toContain('tandem_user_copy_problem 1\n');
});

test('every line is one of the format', async () => {
  const lines = (await scrape()).trimEnd().split('\n');
  expect(lines.filter((line) => !/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="\w+"\})? \d+)$/.test(line))).toEqual([]);
});
