import type { Sql } from '../platform/postgres/postgres.js';

/**
 * Takes a user's id until the end of the transaction: orders are created for it by many at once (`shared`), and it is
 * deleted by one alone (`exclusive`). What runs after it sees what others had committed before they let go. Two ids may
 * share a lock, which costs a wait and nothing else.
 */
export function heldUser(userId: string, how: 'shared' | 'exclusive'): Sql {
  const lock = how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  // A row, for what a function without a value gives cannot be read.
  const sql = `SELECT 1 FROM (SELECT ${lock}(hashtextextended('tandem user ' || $1::text, 0))) AS "held"`;
  return { sql, parameters: [userId] };
}
