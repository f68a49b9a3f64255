import { randomInt } from 'node:crypto';

/** Crockford's base 32: no I, L, O, U, so that a number survives being read aloud. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** With it a number has 20 characters, which people's columns hold. */
const LENGTH = 7;

/**
 * A new order number, `ORD-20261122-7F3K9Q2`: the day (UTC) for people, 35 random bits for everybody else. No
 * counter is shared, so any number of processes make them side by side; the unique key on the column has the last word,
 * and who loses to it takes another.
 */
export function newOrderNumber(now: Date): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  const random = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length)));
  return `ORD-${day}-${random.join('')}`;
}
