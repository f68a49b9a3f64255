import { setTimeout as rest } from 'node:timers/promises';
import type { SyncState } from '../copies/sync-state.js';
import { SyncStateRepository } from '../copies/sync-state.repository.js';
import type { Platform } from '../platform/platform.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { CommandOptions, Progress } from '../platform/task.js';
import { number } from './doctor/words.js';
import { NotMigratedError } from './prepare.js';
import { describeSync, syncAsJson } from './sync-report.js';
import { refuseWords } from './usage.js';
import { startUserSyncOn } from './user-sync.js';
import { withPlatform, withPostgres } from './with-platform.js';
import { TIMINGS } from '../platform/timings.js';

const USAGE = 'usage: npm run sync [-- --status] [--json] [--help]';

const HELP = `${USAGE}

Copies all users of MongoDB to PostgreSQL, and finds those who are gone: what a gateway or a worker does by itself when it
starts for the first time, and whenever it has lost its place in MongoDB's history. It can be stopped and run again at any
time, beside gateways and workers: whoever copies users already does the work, and this shows how far it is.

  --status   shows how the copy stands, and copies nothing
  --json     one JSON document on standard output, for programs
  --help     this
`;

/** Users are not copied: the message says why. */
class NotSyncedError extends Error {
  readonly code = 'NOT_SYNCED';
}

/** `npm run sync`: copies all users once more, and ends when they are copied. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  if (argv.includes('--help')) {
    process.stdout.write(HELP);
    return;
  }
  refuseWords(argv, ['--status', '--json'], USAGE);
  const isForPrograms = argv.includes('--json');
  if (argv.includes('--status')) {
    await withPostgres({ task }, isForPrograms, async (postgres) => {
      await refuseUnmigrated(postgres);
      await show(new SyncStateRepository(postgres), isForPrograms);
    });
    return;
  }
  await withPlatform({ task }, isForPrograms, async (platform, { databases, tell }) => {
    const states = new SyncStateRepository(platform.postgres);
    await tell('Copy users', (update) => copyAll(platform, databases.databaseUrl, states, update));
    await show(states, isForPrograms);
  });
}

async function show(states: SyncStateRepository, isForPrograms: boolean): Promise<void> {
  const [state, isLed] = [await states.read(), await states.isLed()];
  process.stdout.write(isForPrograms ? `${syncAsJson(state, isLed)}\n` : `\n${describeSync(state, isLed)}\n`);
}

/** @throws {NotMigratedError} when the database has nothing to tell it by */
async function refuseUnmigrated(postgres: PostgresDatabase): Promise<void> {
  const [row] = await postgres.query(`SELECT to_regclass('tandem_sync') IS NOT NULL AS "isThere"`);
  if (row?.['isThere'] === true) return;
  throw new NotMigratedError(
    'The database of DATABASE_URL lacks tandem_sync. Nothing was changed; "npm run migrate" adds it.',
  );
}

/** By this process, unless another one copies users already. @throws {NotSyncedError} */
async function copyAll(platform: Platform, url: string, states: SyncStateRepository, update: Progress): Promise<void> {
  const before = await states.read();
  await states.requestBackfill();
  const sync = startUserSyncOn(platform, url);
  try {
    await copied(states, before, update);
  } finally {
    await sync[Symbol.asyncDispose]();
  }
}

async function copied(states: SyncStateRepository, before: SyncState | null, update: Progress): Promise<void> {
  let doneAt: number | null = null;
  let [soundAt, movedAt, last] = [performance.now(), performance.now(), ''];
  for (;;) {
    const state = await states.read();
    if (state !== null && isDone(state, before)) {
      doneAt ??= performance.now();
      if (state.freshAt !== null || performance.now() - doneAt > TIMINGS.syncCommand.freshness) return;
    }
    const problem = state?.problem ?? null;
    if (problem === null) soundAt = performance.now();
    else if (performance.now() - soundAt > TIMINGS.syncCommand.patience) throw new NotSyncedError(problem);
    const place = JSON.stringify([state?.phase, state?.after, state?.token]);
    if (place !== last) movedAt = performance.now();
    else if (performance.now() - movedAt > TIMINGS.syncCommand.silence) throw new NotSyncedError(silent(state));
    last = place;
    if (state !== null) tellProgress(state, update);
    await rest(TIMINGS.syncCommand.interval);
  }
}

function silent(state: SyncState | null): string {
  const leader = state?.leader ?? null;
  const minutes = TIMINGS.syncCommand.silence / 60_000;
  return (
    `nothing was copied for ${minutes} minutes, and nobody says why; ` +
    (leader === null ? 'nobody copies users' : `the log of ${leader}, which copies users, may say more`)
  );
}

function isDone({ phase, requestedAt, backfilledAt }: SyncState, before: SyncState | null): boolean {
  return phase === null && requestedAt === null && backfilledAt !== null && !isSame(backfilledAt, before?.backfilledAt);
}

function isSame(time: Date, other: Date | null | undefined): boolean {
  return time.getTime() === other?.getTime();
}

function tellProgress({ phase, backfillDone, backfillTotal }: SyncState, update: Progress): void {
  if (phase === 'deletions') update(1, 'looking for users who are gone');
  if (phase !== 'users') return;
  const total = Math.max(backfillTotal ?? 0, backfillDone);
  update(total === 0 ? undefined : backfillDone / total, `${number(backfillDone)} of ${number(total)} users`);
}
