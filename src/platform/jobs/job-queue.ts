import { quoted } from '../postgres/columns.js';
import type { PostgresDatabase } from '../postgres/postgres.js';
import { jobSchema } from './job-schema.js';
import { MAX_ATTEMPTS } from './job-sql.js';

/** How many jobs there are, by what becomes of them. */
export interface JobCounts {
  /** Jobs that are worked on, or will be. */
  readonly waiting: number;
  /** Jobs that were tried as often as they may be, and wait for people. */
  readonly parked: number;
}

/** A job that nobody works on any more until it is replayed. */
export interface ParkedJob {
  readonly id: string;
  readonly task: string;
  /** What it is about: `order 0192...`. */
  readonly key: string;
  readonly attempts: number;
  readonly lastTriedAt: Date;
  readonly lastError: string | null;
}

/** The names of all tasks of ours begin so; others may keep jobs of their own in the same schema. */
export const OURS = 'tandem_';

/**
 * Our jobs with what becomes of each, for a FROM: "id", "key" and "state", which is `waiting`, `parked` or `superseded`.
 * A job that lost its key, and was not tried again, has another one in its place: it means nothing.
 */
export function jobStates(schema: string): string {
  return `(
    SELECT "id", "key", CASE
      WHEN "attempts" < "max_attempts" OR "locked_at" IS NOT NULL THEN 'waiting'
      WHEN "key" IS NULL THEN 'superseded'
      ELSE 'parked' END AS "state"
    FROM ${quoted(jobSchema(schema))}."jobs" WHERE starts_with("task_identifier", '${OURS}'))`;
}

/** What people see of the jobs, and do to them. */
export class JobQueue {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** @throws {AppError} POSTGRES_UNAVAILABLE */
  async counts(): Promise<JobCounts> {
    const [row] = await this.#postgres.query(
      `SELECT count(*) FILTER (WHERE "state" = 'waiting')::int AS "waiting",
         count(*) FILTER (WHERE "state" = 'parked')::int AS "parked"
       FROM ${jobStates(this.#postgres.schema)} AS "jobs"`,
    );
    return { waiting: Number(row?.['waiting']), parked: Number(row?.['parked']) };
  }

  /** The jobs that are parked, the oldest first; a superseded one is none of them. @throws {AppError} as {@link counts} does */
  async parked(): Promise<readonly ParkedJob[]> {
    const rows = await this.#postgres.query(
      `SELECT "id"::text AS "id", "task_identifier" AS "task", "key", "attempts"::int AS "attempts",
         "updated_at" AS "lastTriedAt", "last_error" AS "lastError"
       FROM ${quoted(jobSchema(this.#postgres.schema))}."jobs"
       JOIN ${this.#parked()} AS "parked" USING ("id", "key")
       ORDER BY "jobs"."id"`,
      null,
    );
    return rows as unknown as readonly ParkedJob[];
  }

  /**
   * Puts parked jobs back, with as many tries as new ones have, and runs `together` in the same transaction.
   *
   * @param ids null for all that are parked
   * @param together makes a statement of what has the "id" and "key" of those jobs, for a FROM
   * @returns how many were put back
   * @throws {AppError} POSTGRES_UNAVAILABLE when none was; OUTCOME_UNKNOWN when the connection broke in the middle
   */
  async replay(ids: readonly string[] | null, together: (parked: string) => string): Promise<number> {
    const schema = quoted(jobSchema(this.#postgres.schema));
    const [, replayed = []] = await this.#postgres.transaction('replaying jobs', [
      // Before the jobs: whoever changes an order locks it first, and its job then.
      { sql: together(this.#parked()), parameters: [ids] },
      {
        sql: `SELECT "id" FROM ${schema}.reschedule_jobs(
          ARRAY(SELECT "id" FROM ${this.#parked()} AS "parked"),
          run_at := clock_timestamp(), attempts := 0, max_attempts := ${MAX_ATTEMPTS})`,
        parameters: [ids],
      },
    ]);
    return replayed.length;
  }

  /** Those of the jobs in $1 that are parked; all that are where it is null. */
  #parked(): string {
    const isMeant = '$1::bigint[] IS NULL OR "id" = ANY($1::bigint[])';
    return `(
      SELECT "id", "key" FROM ${jobStates(this.#postgres.schema)} AS "states"
      WHERE "state" = 'parked' AND (${isMeant}))`;
  }
}
