import { addFollowJob } from '../copies/follow-job.js';

/**
 * Parts of the statement that creates an order: a job for its copies, where the user is another by now than the one that
 * was read. The parameters 2, 5 and 6 are the user's id, name and address. The user's row is held, so that whoever changes
 * it comes before, and is seen here, or after, and sees the order. A user who has no row yet may be getting one.
 *
 * @param schema of the tables
 */
export function followCopies(schema: string): string {
  return `
      "copy" AS (SELECT * FROM "users" WHERE "mongoId" = $2::text FOR SHARE),
      "follow" AS (
        SELECT ${addFollowJob(schema, '$2::text')} FROM "order"
        WHERE CASE WHEN EXISTS (SELECT FROM "copy")
          THEN EXISTS (
            SELECT FROM "copy" WHERE "username"::text IS DISTINCT FROM $5::text OR "email"::text IS DISTINCT FROM $6::text
              OR "syncProblem" IS NOT NULL OR "emailConflict")
          ELSE EXISTS (SELECT FROM "tandem_sync" WHERE "problem" IS NULL) END),`;
}
