import { orderOfJob } from '../../ordering/order-job.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';

/** An id that no parked job has; the message says which, and that nothing was replayed. */
export class UnknownJobError extends Error {
  readonly code = 'UNKNOWN_JOB';
}

/**
 * Puts parked jobs back, and the orders that they are about to where they wait for them.
 *
 * @param ids null for all that are parked
 * @returns how many were put back
 * @throws {UnknownJobError} when one of the ids is no parked job's; then none is put back
 */
export async function replay(queue: JobQueue, ids: readonly string[] | null): Promise<number> {
  if (ids !== null) {
    const parked = new Set((await queue.parked()).map(({ id }) => id));
    const unknown = ids.filter((id) => !parked.has(id));
    if (unknown.length > 0) {
      throw new UnknownJobError(
        `No parked job has the id ${unknown.join(' or ')}. Nothing was replayed; "npm run jobs" lists those that are parked.`,
      );
    }
  }
  return queue.replay(ids, pendingAgain);
}

function pendingAgain(parked: string): string {
  return `
    UPDATE "orders" SET "transactionState" = 'PENDING', "transactionError" = NULL
    WHERE "transactionState" = 'FAILED'
      AND "id" IN (SELECT ${orderOfJob('"key"')} FROM ${parked} AS "parked")`;
}
