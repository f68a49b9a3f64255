import { Calendar } from './calendar.js';
import { digestOf, objectIds, uuids, type Ids } from './ids.js';
import { contractNumbers, type OrderNumbers } from './order-numbers.js';

/** What somebody asks for. The same of it is the same rows, to the byte. */
export interface SeedOptions {
  readonly users: number;
  readonly orders: number;
  readonly transactions: number;
  /** Another one, other rows. */
  readonly seed: number;
  /** All times lie in the two years before this day (UTC): `2026-01-01`. */
  readonly until: string;
  /** Which share of the rows has a fault, from 0 to 1. */
  readonly dirt: number;
  /** Which share of the orders has no user, and of the transactions no order, from 0 to 1. */
  readonly orphans: number;
}

/** Everything that a row follows from, beside its index. */
export interface Plan extends Pick<SeedOptions, 'users' | 'orders' | 'transactions' | 'dirt' | 'orphans'>, Manner {
  readonly streams: Streams;
  /** Steps of this width through the users meet each of them once. */
  readonly userStride: number;
}

/** How a seeding's rows look. */
export interface Manner {
  readonly ids: { readonly users: Ids; readonly orders: Ids; readonly transactions: Ids };
  /** When the orders come. */
  readonly calendar: Calendar;
  /** What follows the @ in e-mail addresses. */
  readonly mailHost: string;
  readonly orderNumbers: OrderNumbers;
  /** Whether the copies on orders follow their users, as on those that Tandem creates; else they are an import's. */
  readonly copiesFollow: boolean;
}

/** A stream of random numbers for each thing that is drawn. */
type Streams = Readonly<Record<(typeof STREAMS)[number], number>>;

const STREAMS = ['users', 'orders', 'transactions', 'imports', 'sales'] as const;

/** Years of orders. */
const DAYS = 2 * 365;

/** To be raised when the same options make other rows than before: theirs must not pass for the old ones'. */
const FORM = 1;

/** @param manner where it is not to be the usual one */
export function planOf(options: SeedOptions, manner: Partial<Manner> = {}): Plan {
  const { users, orders, transactions, seed, until, dirt, orphans } = options;
  const key = [FORM, users, orders, transactions, seed, until, dirt, orphans].join(':');
  const streams = streamsOf(key);
  return {
    ...{ users, orders, transactions, dirt, orphans, streams },
    userStride: strideOf(users),
    ids: {
      users: objectIds(digestOf(`${key}:users`)),
      orders: uuids(digestOf(`${key}:orders`)),
      transactions: objectIds(digestOf(`${key}:transactions`)),
    },
    calendar: new Calendar({ until: dayOf(until), days: DAYS, stream: streams.sales }),
    // A collection may take an address once only: two seedings share none.
    mailHost: `mail-${digestOf(key).slice(0, 6)}.example.com`,
    orderNumbers: contractNumbers(streams.orders),
    copiesFollow: false,
    ...manner,
  };
}

/** The beginning of a day (UTC), in milliseconds. */
export function dayOf(text: string): number {
  return Date.parse(`${text}T00:00:00Z`);
}

function streamsOf(key: string): Streams {
  const entries = STREAMS.map((name) => [name, Number.parseInt(digestOf(`${key}:${name}`).slice(-8), 16)] as const);
  return Object.fromEntries(entries) as Streams;
}

/** About the golden section of a number, and without a factor in common with it. */
function strideOf(count: number): number {
  let stride = Math.max(1, Math.floor(count * 0.618));
  while (greatestDivisor(stride, count) > 1) stride += 1;
  return stride;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
