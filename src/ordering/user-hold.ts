import { locking, taking, type Sharing } from '../platform/postgres/advisory-lock.js';
import type { Sql } from '../platform/postgres/postgres.js';

/**
 * Takes a user's id until the end of the transaction: orders are created for it by many at once (`shared`), and it is
 * deleted by one alone (`exclusive`). What runs after it sees what others had committed before they let go.
 */
export function heldUser(userId: string, how: Sharing): Sql {
  return { sql: taking(lockingUser('$1', how)), parameters: [userId] };
}

/**
 * Like `heldUser` (`shared`), and takes a new order's number alone. Indexes can be missing, invalid or per partition, and
 * can go while the gateway runs: the lock keeps two calls from giving one number, whatever the table has.
 */
export function heldUserAndNumber(userId: string, orderNumber: string): Sql {
  return { sql: taking(`${lockingUser('$1', 'shared')}, ${lockingNumber('$2')}`), parameters: [userId, orderNumber] };
}

/** Takes an order number alone, until the end of the transaction. */
export function heldNumber(orderNumber: string): Sql {
  return { sql: taking(lockingNumber('$1')), parameters: [orderNumber] };
}

/** An expression that takes a user's id. @param id the expression of the id, which is in lower case */
export function lockingUser(id: string, how: Sharing): string {
  return locking(`'tandem user ' || ${id}::text`, how);
}

function lockingNumber(orderNumber: string): string {
  return locking(`'tandem order number ' || ${orderNumber}::text`, 'exclusive');
}
