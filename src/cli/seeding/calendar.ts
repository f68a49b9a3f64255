import { Random } from './random.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How busy each hour of a day is (UTC), and each day of a week from Sunday on. */
const HOURS = [3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 14, 13, 12, 12, 12, 13, 14, 15, 14, 11, 8, 5];
const WEEKDAYS = [8, 10, 9, 9, 10, 12, 11];

/** One day in so many is a sale, so many times as busy as others. */
const SALE_EVERY = 45;
const SALE = 6;

export interface CalendarOptions {
  /** The end, in milliseconds. */
  readonly until: number;
  /** From the beginning to the end. */
  readonly days: number;
  /** Of random numbers, which say what days have a sale. */
  readonly stream: number;
  /** Milliseconds by which everything is later than it was worked out to be: alike whenever it is made to end. */
  readonly shift?: number;
}

/**
 * When things happen: twice as often at the end as at the beginning, by day more than by night, most on a Friday, and in
 * bursts on the days of a sale.
 */
export class Calendar {
  readonly start: number;
  readonly until: number;
  /** How much has happened by the end of each hour. Whole numbers: sums of them are exact. */
  readonly #sums: Float64Array;

  constructor({ until, days, stream, shift = 0 }: CalendarOptions) {
    const start = until - days * DAY;
    this.#sums = new Float64Array(days * 24);
    let sum = 0;
    for (const at of this.#sums.keys()) {
      sum += weightOf(start + at * HOUR, stream) * (this.#sums.length + at);
      this.#sums[at] = sum;
    }
    this.start = start + shift;
    this.until = until + shift;
  }

  /** The time, in milliseconds, by which this share (from 0 to below 1) of everything has happened. Never falls. */
  timeOf(share: number): number {
    const wanted = share * (this.#sums.at(-1) ?? 0);
    const hour = this.#hourOf(wanted);
    const before = this.#sums[hour - 1] ?? 0;
    const within = (wanted - before) / ((this.#sums[hour] ?? 0) - before);
    return Math.floor(this.start + (hour + within) * HOUR);
  }

  /** The first hour by whose end more than this has happened. */
  #hourOf(wanted: number): number {
    let [low, high] = [0, this.#sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sums[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function weightOf(time: number, stream: number): number {
  const day = Math.floor(time / DAY);
  const date = new Date(time);
  const usual = (HOURS[date.getUTCHours()] ?? 1) * (WEEKDAYS[date.getUTCDay()] ?? 1);
  return new Random(stream, day).isIn(1 / SALE_EVERY) ? usual * SALE : usual;
}
