import { addJob } from '../platform/jobs/job-sql.js';

/** The task whose jobs bring the copies on a user's orders up to date. */
export const FOLLOW_USER = 'tandem_follow_user';

const PREFIX = 'copies ';

/**
 * The call that enqueues the one job that a user has for the copies on orders, and gives its id.
 *
 * @param schema of the tables
 * @param userId an expression of the user's id
 */
export function addFollowJob(schema: string, userId: string): string {
  const payload = `json_build_object('userId', ${userId})`;
  return addJob(schema, { task: FOLLOW_USER, key: `'${PREFIX}' || ${userId}`, payload, delay: 0 });
}

/** Whether a job is one of these, by an expression of its key. */
export function isFollowJob(key: string): string {
  return `starts_with(${key}, '${PREFIX}')`;
}
