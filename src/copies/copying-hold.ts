import { locking, taking, type Sharing } from '../platform/postgres/advisory-lock.js';
import type { Sql } from '../platform/postgres/postgres.js';

/**
 * Takes the right to copy users until the end of the transaction: all copiers have it at once (`shared`), and who notes
 * that nothing is left of a person has it alone (`exclusive`). It waits for those who began before, and sees what they
 * have written; who comes after it sees that the person was erased.
 */
export function heldCopying(how: Sharing): Sql {
  return { sql: taking(locking(`'tandem copying'`, how)), parameters: [] };
}
