import { addJob, removeJob } from '../platform/jobs/job-sql.js';
import { SETTLE_USER } from './protocol.js';

/**
 * The key of the one job that a user has at most.
 *
 * @param userId an expression of the user's id
 */
export function userJobKey(userId: string): string {
  return `'user ' || ${userId}`;
}

/**
 * The call that enqueues the job of a user who is being deleted, and gives its id.
 *
 * @param schema of the tables
 * @param userId an expression of the user's id
 * @param delay in how many seconds it is due
 */
export function addUserJob(schema: string, userId: string, delay: number): string {
  const payload = `json_build_object('userId', ${userId})`;
  return addJob(schema, { task: SETTLE_USER, key: userJobKey(userId), payload, delay });
}

/** The call that takes a user's job back. */
export function removeUserJob(schema: string, userId: string): string {
  return removeJob(schema, userJobKey(userId));
}
