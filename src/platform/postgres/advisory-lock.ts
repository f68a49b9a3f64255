/** Who may have a lock at the same time: all who take it `shared`, or one alone. */
export type Sharing = 'shared' | 'exclusive';

/**
 * An expression that takes an advisory lock until the end of the transaction. Two names may share a lock, which costs a
 * wait and nothing else.
 *
 * @param name the expression of a text
 */
export function locking(name: string, how: Sharing): string {
  const take = how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  return `${take}(hashtextextended(${name}, 0))`;
}

/**
 * A statement that takes locks and gives a row. The caller reads no lock: a function without a value gives nothing that
 * can be read.
 *
 * @param locks expressions of {@link locking}
 * @param from what they are taken for, row by row: `FROM ...`
 */
export function taking(locks: string, from = ''): string {
  return `SELECT 1 FROM (SELECT ${locks} ${from}) AS "held"`;
}
