import { addJob, removeJob } from '../platform/jobs/job-sql.js';
import { SETTLE_ORDER } from './protocol.js';

/** Of "orders": whether something is still to be done in MongoDB, so that the order has a job. */
export const HAS_JOB = `("unfinished" IS NOT NULL OR "transactionState" IN ('PENDING', 'FAILED'))`;

const PREFIX = 'order ';

/**
 * The key of the one job that an order has at most.
 *
 * @param id an expression of the order's id
 */
export function orderJobKey(id: string): string {
  return `'${PREFIX}' || ${id}::text`;
}

/** The id of the order that a job is about, by an expression of its key; of another job's, null. */
export function orderOfJob(key: string): string {
  return `CASE WHEN starts_with(${key}, '${PREFIX}') THEN substr(${key}, ${PREFIX.length + 1})::uuid END`;
}

/**
 * The call that enqueues an order's job, and gives its id.
 *
 * @param schema of the tables
 * @param id an expression of the order's id
 * @param delay in how many seconds it is due
 */
export function addOrderJob(schema: string, id: string, delay: number): string {
  const payload = `json_build_object('orderId', ${id})`;
  return addJob(schema, { task: SETTLE_ORDER, key: orderJobKey(id), payload, delay });
}

/** The call that takes an order's job back. */
export function removeOrderJob(schema: string, id: string): string {
  return removeJob(schema, orderJobKey(id));
}
