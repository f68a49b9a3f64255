/** Of a job that is worked on. */
export interface JobAttempt {
  /** The first is 1. Attempts that failed because a database was away are not counted. */
  readonly number: number;
  /** Whether the job is parked when this one fails. */
  readonly isLast: boolean;
}

/**
 * Works on a job: a plain function of its payload that can be called again, and twice at once. It throws when the job is
 * to be tried again.
 */
export type JobHandler = (payload: Readonly<Record<string, unknown>>, attempt: JobAttempt) => Promise<void>;

/** What a worker does beside jobs, every minute. */
export type Housekeeping = (stopping: AbortSignal) => Promise<void>;
