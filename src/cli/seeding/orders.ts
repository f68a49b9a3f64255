import type { Plan } from './plan.js';
import { Random } from './random.js';
import { endOf, joinedAt, personOf, type Person } from './users.js';

/** A row of `orders`, by the names of its columns. */
export interface SeededOrder {
  readonly id: string;
  readonly userId: string;
  readonly orderNumber: string;
  readonly total: string;
  readonly userName: string | null;
  readonly userEmail: string | null;
  /** ISO 8601 with microseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What an order is about: as much of it as its transactions have to agree with. */
export interface Purchase {
  /** The index of the user; null for an order of nobody. */
  readonly buyer: number | null;
  readonly cents: number;
  /** In microseconds. */
  readonly time: number;
}

/** So many users in ten ever order anything. */
const BUYERS = 0.7;
/** Orders that one statement wrote, at the same microsecond: so many each time, one time in so many. */
const IMPORT = 16;
const IMPORT_EVERY = 32;
/** A draw that hits somebody who had not joined yet is repeated; half of them always had. */
const DRAWS = 64;

const CHEAPEST = 199;
const DEAREST = 250_000;

/** In what a column of 24 characters holds. */
const MALFORMED = ['', 'unknown', '12345', '507f1f77bcf86cd79943901', 'zzzzzzzzzzzzzzzzzzzzzzzz', 'None'] as const;
/** Above the index of any user. */
const NOBODY = 0xf00000;

const DAY = 86_400_000_000;

/** The order with this index; number `attempt` where others have those before. */
export function orderOf(plan: Plan, index: number, attempt = 0): SeededOrder {
  const { buyer, cents, time } = purchaseOf(plan, index);
  const random = new Random(~plan.streams.orders, index);
  const changed = random.isIn(0.2) ? time + random.below(10 * DAY) : time;
  return {
    id: plan.ids.orders.of(index),
    orderNumber: plan.orderNumbers(index, new Date(Math.floor(time / 1_000)), attempt),
    total: money(cents),
    createdAt: isoTime(time),
    updatedAt: isoTime(Math.max(time, Math.min(changed, endOf(plan) * 1_000))),
    ...(buyer === null ? ofNobody(plan, random) : ofUser(plan, buyer, random)),
  };
}

/** Orders are made in the order of their indexes. */
export function purchaseOf(plan: Plan, index: number): Purchase {
  const random = new Random(plan.streams.orders, index);
  const time = timeOf(plan, index);
  const [price, size] = [random.unit(), random.unit()];
  return {
    buyer: random.isIn(plan.orphans) ? null : buyerAt(plan, time / 1_000, random),
    // Most are small.
    cents: CHEAPEST + Math.floor(DEAREST * price * price * price * size),
    time,
  };
}

/** An amount in cents as an exact decimal. */
export function money(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

function timeOf({ calendar, orders, streams }: Plan, index: number): number {
  const group = Math.floor(index / IMPORT);
  const isImport = new Random(streams.imports, group).isIn(1 / IMPORT_EVERY);
  const first = isImport ? group * IMPORT : index;
  const random = new Random(~streams.imports, first);
  return calendar.timeOf((first + random.unit()) / orders) * 1_000 + random.below(1_000);
}

/**
 * Who orders at a time: among those who had joined, by the square of a random number. So of 10,000 users the first 1 %
 * of those who order have 10 % of the orders, the first 10 % have 32 %. Who is first has nothing to do with the index.
 */
function buyerAt(plan: Plan, time: number, random: Random): number {
  const buyers = Math.ceil(plan.users * BUYERS);
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const unit = random.unit();
    const index = shuffled(Math.floor(buyers * unit * unit), plan);
    if (joinedAt(plan, index) <= time) return index;
  }
  return 0;
}

/** Each user's index once, by their rank. */
function shuffled(rank: number, { users, userStride, streams }: Plan): number {
  return (rank * userStride + (streams.users % users)) % users;
}

type UserColumns = Pick<SeededOrder, 'userId' | 'userName' | 'userEmail'>;

const FAULTS = ['upperCase', 'noCopies', 'staleCopies'] as const;

function ofUser(plan: Plan, buyer: number, random: Random): UserColumns {
  const userId = plan.ids.users.of(buyer);
  const person = personOf(plan, buyer);
  switch (random.isIn(plan.dirt) ? random.pick(FAULTS) : null) {
    case null:
      return { userId, ...copiesOf(person) };
    case 'upperCase':
      return { userId: userId.toUpperCase(), ...copiesOf(person) };
    case 'noCopies':
      return { userId, userName: null, userEmail: null };
    case 'staleCopies':
      return { userId, userName: person.username, userEmail: `former.${person.email}` };
  }
}

/** Half of them refer to somebody who has left, half to nothing that could be anybody. */
function ofNobody(plan: Plan, random: Random): UserColumns {
  const somebody = random.below(NOBODY);
  const userId = random.isIn(0.5) ? nobody(plan, random) : random.pick(MALFORMED);
  return { userId, ...copiesOf(personOf(plan, plan.users + somebody)) };
}

/** A sound id of a user that is not there. */
export function nobody({ ids }: Plan, random: Random): string {
  return ids.users.of(NOBODY + random.below(0x100000));
}

function copiesOf({ username, email }: Person) {
  return { userName: username, userEmail: email };
}

function isoTime(microseconds: number): string {
  const milliseconds = new Date(Math.floor(microseconds / 1_000)).toISOString();
  return milliseconds.replace('Z', `${String(microseconds % 1_000).padStart(3, '0')}Z`);
}
