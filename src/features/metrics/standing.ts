import { JobQueue, jobStates } from '../../platform/jobs/job-queue.js';
import { jobSchema } from '../../platform/jobs/job-schema.js';
import { quoted } from '../../platform/postgres/columns.js';
import type { PostgresDatabase } from '../../platform/postgres/postgres.js';

/** How writes to both databases stand, as PostgreSQL knows it. */
export interface Standing {
  readonly waiting: number;
  readonly parked: number;
  /** Seconds since the waiting job that is due the longest became due. */
  readonly oldestDue: number;
  readonly openCalls: number;
  readonly workers: number;
  readonly tombstones: number;
  /** Seconds since the copy of users was known to be complete; null before it ever was. */
  readonly copyLag: number | null;
  /** Whether something keeps users from being copied. */
  readonly hasCopyProblem: boolean;
}

/** @throws {AppError} POSTGRES_UNAVAILABLE */
export async function standing(postgres: PostgresDatabase): Promise<Standing> {
  const [counts, [row]] = await Promise.all([
    new JobQueue(postgres).counts(),
    postgres.query(`
      SELECT
        (SELECT COALESCE(GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - min("run_at"))), 0)::int
         FROM ${quoted(jobSchema(postgres.schema))}."jobs" JOIN ${jobStates(postgres.schema)} AS "states" USING ("id")
         WHERE "state" = 'waiting') AS "oldestDue",
        (SELECT count(*)::int FROM "tandem_idempotency_keys" WHERE "outcome" IS NULL) AS "openCalls",
        (SELECT count(*)::int FROM "tandem_workers"
         WHERE "seenAt" > clock_timestamp() - interval '10 seconds') AS "workers",
        (SELECT count(*)::int FROM "tandem_tombstones") AS "tombstones",
        (SELECT GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - "freshAt"))::int FROM "tandem_sync") AS "copyLag",
        EXISTS (SELECT FROM "tandem_sync" WHERE "problem" IS NOT NULL) AS "hasCopyProblem"`),
  ]);
  return { ...counts, ...(row as unknown as Omit<Standing, 'waiting' | 'parked'>) };
}
