import type { Sql } from '../platform/postgres/postgres.js';

/**
 * Takes the right to copy users until the end of the transaction: all copiers have it at once (`shared`), and who notes
 * that nothing is left of a person has it alone (`exclusive`). It waits for those who began before, and sees what they
 * have written; who comes after it sees that the person was erased.
 */
export function heldCopying(how: 'shared' | 'exclusive'): Sql {
  const lock = how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  return { sql: `SELECT 1 FROM (SELECT ${lock}(hashtextextended('tandem copying', 0))) AS "held"`, parameters: [] };
}
