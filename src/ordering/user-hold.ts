import type { Sql } from '../platform/postgres/postgres.js';

/**
 * Takes a user's id until the end of the transaction: orders are created for it by many at once (`shared`), and it is
 * deleted by one alone (`exclusive`). What runs after it sees what others had committed before they let go. Two ids may
 * share a lock, which costs a wait and nothing else.
 */
export function heldUser(userId: string, how: 'shared' | 'exclusive'): Sql {
  const lock = how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  return { sql: taking(`${lock}(${userKey('$1')})`), parameters: [userId] };
}

/**
 * Like `heldUser` (`shared`), and takes a new order's number alone. Indexes can be missing, invalid or per partition, and
 * can go while the gateway runs: the lock keeps two calls from giving one number, whatever the table has.
 */
export function heldUserAndNumber(userId: string, orderNumber: string): Sql {
  const locks = `pg_advisory_xact_lock_shared(${userKey('$1')}), pg_advisory_xact_lock(${numberKey('$2')})`;
  return { sql: taking(locks), parameters: [userId, orderNumber] };
}

/** Takes an order number alone, until the end of the transaction. */
export function heldNumber(orderNumber: string): Sql {
  return { sql: taking(`pg_advisory_xact_lock(${numberKey('$1')})`), parameters: [orderNumber] };
}

/** The lock of a user's id. @param id the expression of the id, which is in lower case */
export function userKey(id: string): string {
  return `hashtextextended('tandem user ' || ${id}::text, 0)`;
}

function numberKey(parameter: string): string {
  return `hashtextextended('tandem order number ' || ${parameter}::text, 0)`;
}

/** Reads no lock, for a function without a value gives nothing that can be read. */
function taking(locks: string): string {
  return `SELECT 1 FROM (SELECT ${locks}) AS "held"`;
}
