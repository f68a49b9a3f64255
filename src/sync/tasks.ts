import { setTimeout as rest } from 'node:timers/promises';
import type { JobHelpers, TaskList } from 'graphile-worker';
import type { Logger } from 'pino';
import { isPassing } from '../errors/app-error.js';
import type { JobHandler } from '../platform/jobs/handler.js';
import { jobSchema } from '../platform/jobs/job-schema.js';
import { MAX_ATTEMPTS } from '../platform/jobs/job-sql.js';
import { quoted } from '../platform/postgres/columns.js';

interface TaskOptions {
  /** Of the tables. */
  readonly schema: string;
  readonly logger: Logger;
}

/** How long a job waits for a database that is away, in seconds; somewhat more, so that they do not come at once. */
const WAIT = 1;

/** How often the jobs are asked or told something, and the pause between, in milliseconds. */
const ATTEMPTS = 3;
const PAUSE = 200;

/** What graphile-worker calls for each job, by the name of its task. */
export function tasksOf(handlers: Readonly<Record<string, JobHandler>>, options: TaskOptions): TaskList {
  const tasks = Object.entries(handlers).map(([task, handle]) => [task, taskOf(task, handle, options)] as const);
  return Object.fromEntries(tasks);
}

/**
 * A job that fails because a database is away comes again soon, and however often: that is not its fault. One that fails
 * for another reason comes a few times more, and is then parked, for people to look at.
 */
function taskOf(task: string, handle: JobHandler, { logger, schema }: TaskOptions) {
  return async (payload: unknown, helpers: JobHelpers): Promise<void> => {
    const { job } = helpers;
    const isLast = job.attempts >= job.max_attempts;
    try {
      await handle(payload as Record<string, unknown>, { number: job.attempts, isLast });
    } catch (error) {
      const about = { task, job: job.id, payload, attempt: job.attempts, err: error };
      if (!isPassing(error)) {
        if (isLast)
          logger.error(about, 'a job is parked: npm run jobs lists it, and replays it once its cause is fixed');
        else logger.warn(about, 'a job failed, and will be tried again');
        throw error;
      }
      logger.debug(about, 'a job waits for a database that is away');
      await enqueuedAgain(helpers, task, schema);
    }
    if (!(await isOurs(helpers, schema))) throw new Error('the job was given to another worker meanwhile');
  };
}

/** By the clock of PostgreSQL, which says when it is due. */
async function enqueuedAgain(helpers: JobHelpers, task: string, schema: string): Promise<void> {
  const { payload, key } = helpers.job;
  await tried(() =>
    helpers.query(
      `SELECT ${quoted(jobSchema(schema))}.add_job($1, $2::json, job_key := $3, max_attempts := $4,
         run_at := clock_timestamp() + make_interval(secs => $5::float8))`,
      [task, JSON.stringify(payload), key, MAX_ATTEMPTS, WAIT * (1 + Math.random())],
    ),
  );
}

/**
 * Whether the job is still this worker's. The library removes a job that is done by its id alone: of one that was given to
 * others while this process was frozen or cut off, that would remove what has been enqueued in its place since.
 */
async function isOurs(helpers: JobHelpers, schema: string): Promise<boolean> {
  const { id, locked_by, attempts } = helpers.job;
  const { rows } = await tried(() =>
    helpers.query(
      `SELECT 1 FROM ${quoted(jobSchema(schema))}."jobs"
       WHERE "id" = $1::bigint AND "locked_by" = $2 AND ("attempts" = $3 OR "key" IS NULL)`,
      [id, locked_by, attempts],
    ),
  );
  return rows.length > 0;
}

/** A connection that breaks here would count as an attempt of the job. */
async function tried<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await rest(PAUSE);
    }
  }
}
