import { quoted } from '../postgres/columns.js';
import { jobSchema } from './job-schema.js';

/** A job as it is enqueued by SQL, in the transaction that makes it necessary. Each part is an expression. */
export interface JobSql {
  /** The task's name. */
  readonly task: string;
  /** What there is one job of at most: a second replaces the first, unless that is being worked on. */
  readonly key: string;
  /** JSON. */
  readonly payload: string;
  /** In how many seconds it is due. */
  readonly delay: number;
}

/** After so many tries a job is parked: 2.7, 7.4 and 20 s lie between them. */
export const MAX_ATTEMPTS = 4;

/** The call that enqueues a job, and gives its id. */
export function addJob(schema: string, { task, key, payload, delay }: JobSql): string {
  const due = delay === 0 ? '' : `run_at := clock_timestamp() + make_interval(secs => ${delay}), `;
  return (
    `(${quoted(jobSchema(schema))}.add_job('${task}', ${payload}, job_key := ${key}, ` +
    `${due}max_attempts := ${MAX_ATTEMPTS})).id`
  );
}

/** The call that takes a job back; one that is being worked on is not tried again. */
export function removeJob(schema: string, key: string): string {
  return `(${quoted(jobSchema(schema))}.remove_job(${key})).id`;
}
