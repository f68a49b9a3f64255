import { randomInt } from 'node:crypto';

/** Crockford's base 32: no I, L, O, U, so that a number survives being read aloud. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 10;

/**
 * A new order number, `ORD-20261122-7F3K9Q2MXA`: the day (UTC) for people, 50 random bits for everybody else. No
 * counter is shared, so any number of processes make them side by side; the unique key on the column has the last word,
 * and who loses to it takes another.
 */
export function newOrderNumber(now: Date): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  const random = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length)));
  return `ORD-${day}-${random.join('')}`;
}
