import type { SyncStateRepository } from '../copies/sync-state.repository.js';
import { JobQueue, jobStates } from '../platform/jobs/job-queue.js';
import { jobSchema } from '../platform/jobs/job-schema.js';
import { quoted } from '../platform/postgres/columns.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';

/** What is still to be done, and since when. */
export interface Backlog {
  /** So many seconds ago the copies of users were known to be complete; null where nobody knows. */
  readonly streamLagSeconds: number | null;
  /** How old the oldest job is that waits, in seconds; 0 where none does. */
  readonly queueLagSeconds: number;
  readonly waitingJobs: number;
  /** Jobs that nobody works on until people put them back. */
  readonly parkedJobs: number;
}

/** @throws {AppError} POSTGRES_UNAVAILABLE */
export async function readBacklog(postgres: PostgresDatabase, states: SyncStateRepository): Promise<Backlog> {
  const [state, counts, [oldest]] = await Promise.all([
    states.read(),
    new JobQueue(postgres).counts(),
    postgres.query(
      `SELECT EXTRACT(EPOCH FROM clock_timestamp() - min("created_at"))::float8 AS "age"
       FROM ${quoted(jobSchema(postgres.schema))}."jobs" JOIN ${jobStates(postgres.schema)} AS "states" USING ("id")
       WHERE "state" = 'waiting'`,
    ),
  ]);
  const freshAt = state?.freshAt ?? null;
  return {
    streamLagSeconds: freshAt === null ? null : Math.max(0, Date.now() - freshAt.getTime()) / 1_000,
    queueLagSeconds: Math.max(0, Number(oldest?.['age'] ?? 0)),
    waitingJobs: counts.waiting,
    parkedJobs: counts.parked,
  };
}
