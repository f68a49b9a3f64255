/**
 * The random numbers of one row. They depend on the stream and the row's index alone, so that any row can be made at any
 * time, in any order, and is always the same.
 */
export class Random {
  #state: number;

  /** @param stream 32 bits: what is drawn for, of which seeding */
  constructor(stream: number, index: number) {
    this.#state = mixed(stream ^ mixed(index + 1));
  }

  /** From 0 to below 1. */
  unit(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return (mixed(this.#state) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** True in this share of all cases: always for 1, never for 0. */
  isIn(share: number): boolean {
    return this.unit() < share;
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0];
  }
}

/** Spreads 32 bits over 32 bits, no two alike: the last step of MurmurHash3. */
export function mixed(bits: number): number {
  let state = bits ^ (bits >>> 16);
  state = Math.imul(state, 0x85ebca6b);
  state ^= state >>> 13;
  state = Math.imul(state, 0xc2b2ae35);
  return state ^ (state >>> 16);
}
