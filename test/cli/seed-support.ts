import { createHash } from 'node:crypto';
import type { SeedOptions } from '../../src/cli/seeding/plan.js';
import type { Platform } from '../../src/platform/platform.js';
import type { Task } from '../../src/platform/task.js';

/** A task that nobody watches. */
export const quietly: Task = (_title, work) => work(() => undefined);

export const SMALL: SeedOptions = {
  ...{ users: 300, orders: 4_500, transactions: 3_000 },
  ...{ seed: 1, until: '2026-01-01', dirt: 0, orphans: 0 },
};

/** All that is in both databases, to the last byte. */
export async function contentOf({ postgres, mongo }: Platform): Promise<string> {
  const [row] = await postgres.query('SELECT string_agg(orders::text, chr(10) ORDER BY id) AS rows FROM orders');
  const hashes = await mongo.run((db) => db.command({ dbHash: 1, collections: ['users', 'transactions'] }));
  return `${createHash('sha256').update(String(row?.['rows'])).digest('hex')} ${JSON.stringify(hashes['collections'])}`;
}

/** How many users, orders and transactions there are, of anybody's. */
export async function countsOf({ postgres, mongo }: Platform): Promise<[number, number, number]> {
  const [row] = await postgres.query('SELECT count(*)::int AS count FROM orders');
  const [users, transactions] = await mongo.run((db) =>
    Promise.all(['users', 'transactions'].map((name) => db.collection(name).countDocuments())),
  );
  return [users ?? 0, Number(row?.['count']), transactions ?? 0];
}

/** Leaves nothing in either database. */
export async function empty({ postgres, mongo }: Platform): Promise<void> {
  await postgres.query('TRUNCATE orders');
  await mongo.run((db) => Promise.all(['users', 'transactions'].map((name) => db.collection(name).deleteMany({}, {}))));
}
