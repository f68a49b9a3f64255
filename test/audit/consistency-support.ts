import type mongoose from 'mongoose';
import { expect } from 'vitest';
import type { ConsistencyAudit } from '../../src/audit/consistency.service.js';
import { KINDS, type InconsistencyKind } from '../../src/audit/inconsistency.js';
import type { Platform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import type { TestDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { backfilled, startSync } from '../sync/user-sync-support.js';

const TABLES =
  'orders, users, tandem_idempotency_keys, tandem_tombstones, tandem_user_deletions, tandem_repairs, tandem_sync, ' +
  'tandem_kept_rows, graphile_worker._private_jobs';

/** Both databases without anything in them. */
export async function nothingIn({ platform, databaseUrl }: TestDatabases): Promise<void> {
  await sql(databaseUrl, `TRUNCATE ${TABLES}`);
  for (const name of ['users', 'transactions']) await platform.mongo.run((db) => db.collection(name).deleteMany({}));
}

export function collection({ mongo }: Platform, name: string): mongoose.mongo.Collection {
  return mongo.connection.collection(name);
}

/** Copies all users once, and follows them no more; no job is left. */
export async function copiedOnce(databases: TestDatabases): Promise<void> {
  const sync = startSync(databases);
  await backfilled(databases);
  await sync[Symbol.asyncDispose]();
  await sql(databases.databaseUrl, 'TRUNCATE graphile_worker._private_jobs');
}

export function consistencyOf(platform: Platform): Promise<ConsistencyAudit> {
  return createScope(platform).audit.audit();
}

/** How much was found of each kind. */
export function countsIn(audit: Partial<ConsistencyAudit>): Readonly<Record<InconsistencyKind, number>> {
  const counts = KINDS.map((kind) => [kind, audit[kind]?.count ?? 0] as const);
  return Object.fromEntries(counts) as Record<InconsistencyKind, number>;
}

/** An audit that finds these, as `reason id`, and nothing else. */
export async function onlyFinds(
  platform: Platform,
  wanted: Partial<Record<InconsistencyKind, readonly string[]>>,
): Promise<ConsistencyAudit> {
  const audit = await consistencyOf(platform);
  const found = KINDS.map((kind) => [kind, audit[kind].examples.map(({ reason, id }) => `${reason} ${id}`).sort()]);
  const expected = KINDS.map((kind) => [kind, [...(wanted[kind] ?? [])].sort()]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  return audit;
}
