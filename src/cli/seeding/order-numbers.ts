import { mixed } from './random.js';

/**
 * The number of an order, by its index and when it was made. Two orders of one seeding never have the same; where
 * somebody else's order has it, there is another for each attempt.
 */
export type OrderNumbers = (index: number, createdAt: Date, attempt: number) => string;

/** Crockford's base 32, as in the numbers that the graph makes. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What an index may be at most: with the attempts before it, it has 35 bits at most. */
const INDEX_BITS = 24;

/** `ORD-20251224-7F3K9Q2`, as the graph makes them: the day, and 35 bits that look random. */
export function contractNumbers(stream: number): OrderNumbers {
  return (index, createdAt, attempt) => {
    const day = createdAt.toISOString().slice(0, 10).replaceAll('-', '');
    return `ORD-${day}-${scrambled(index + attempt * 2 ** INDEX_BITS, stream)}`;
  };
}

/**
 * 35 bits as seven characters; other bits, other characters. A Feistel network: each half is changed by what the other
 * says, and so could be changed back.
 */
function scrambled(bits: number, stream: number): string {
  let [high, low] = [Math.floor(bits / 2 ** 20), bits % 2 ** 20];
  for (const round of [1, 2]) {
    high ^= mixed(low ^ stream ^ round) & 0x7fff;
    low ^= mixed(high ^ stream ^ -round) & 0xfffff;
  }
  return inBase32(high, 3) + inBase32(low, 4);
}

function inBase32(bits: number, length: number): string {
  return Array.from({ length }, (_, at) => ALPHABET.charAt((bits >> (5 * (length - 1 - at))) & 31)).join('');
}
