import type { Plan } from './plan.js';
import { Random } from './random.js';

/** A user as they are made; what of it is stored in which way, `documents.model.ts` says. */
export interface SeededUser extends Person {
  readonly id: string;
  readonly locCode: string;
  readonly power: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** What is wrong with the document. */
  readonly fault: UserFault | null;
}

export interface Person {
  readonly username: string;
  readonly email: string;
}

export type UserFault = (typeof FAULTS)[number];

const FAULTS = [
  'sharedEmail',
  'noUsername',
  'usernameNull',
  'noEmail',
  'noLocCode',
  'locCodeAsNumber',
  'noPower',
  'powerAsText',
  'noCreatedAt',
  'createdAtAsText',
] as const;

const FIRST_NAMES = (
  'Ada Alan Amélie Anita Barbara Björn Carol Chloé Clara Dana Donald Edith Edsger Elena Emre Evelyn Fatima Frances ' +
  'Grace Hedy Inês Jean Jim Joan John José Karen Katherine Ken Kofi Lena Leslie Lynn Margaret Marie Mei Niklaus ' +
  'Noor Octavia Priya Radia Renée Robin Sofie Thandiwe Tomás Yuki Zoë'
).split(' ');
const LAST_NAMES = (
  'Allen Bartik Blum Boole Borg Cerf Codd Conway Dahl Diffie Engelbart Estrin Floyd García Goldberg Gray Hamilton ' +
  'Hoare Holberton Hopper Iverson Jackson Johnson Kahn Kay Keller Knuth Lamport Liskov Lovelace Mendes Milner ' +
  "Müller Nakamura Naur Nguyen Novák O'Brien Okafor Papert Perlman Rabin Ritchie Sammet Scott Silva Tanaka Tarjan " +
  'Thompson Wing'
).split(' ');
const NAMES = FIRST_NAMES.length * LAST_NAMES.length;
/** Shares no factor with the number of names: the first so many users have different ones, neighbours unlike ones. */
const STRIDE = 1_009;

const LOC_CODES = 12;
const MINUTE = 60_000;

/** The user with this index; a pure function of it and the plan, as everything here is. */
export function userOf(plan: Plan, index: number): SeededUser {
  const random = new Random(plan.streams.users, index);
  const createdAt = joinedAt(plan, index);
  const fault = random.isIn(plan.dirt) ? random.pick(FAULTS) : null;
  const { username, email } = personOf(plan, index);
  return {
    id: plan.ids.users.of(index),
    username,
    // Of whoever joined before.
    email: fault === 'sharedEmail' ? personOf(plan, Math.max(0, index - 1)).email : email,
    // The lower a code, the more people have it.
    locCode: `LOC${Math.floor(LOC_CODES * random.unit() * random.unit()) + 1}`,
    power: random.below(100) + 1,
    createdAt: new Date(createdAt),
    updatedAt: new Date(Math.min(createdAt + (random.isIn(0.3) ? random.below(90 * 1_440) * MINUTE : 0), endOf(plan))),
    fault,
  };
}

/** How a user is called. No two have one address. */
export function personOf({ streams, mailHost }: Plan, index: number): Person {
  const name = (index * STRIDE + streams.users) % NAMES;
  const first = FIRST_NAMES[Math.floor(name / LAST_NAMES.length)] ?? '';
  const last = LAST_NAMES[name % LAST_NAMES.length] ?? '';
  const round = Math.floor(index / NAMES);
  const mailbox = `${plain(first)}.${plain(last)}${round === 0 ? '' : round + 1}`;
  return { username: `${first} ${last}`, email: `${mailbox}@${mailHost}` };
}

/**
 * When a user joined, in milliseconds. Later users joined later, all through a time twice as long as that of the orders:
 * half of them were there before it.
 */
export function joinedAt(plan: Plan, index: number): number {
  const { start, until } = plan.calendar;
  const [beginning, whole] = [2 * start - until, 2 * (until - start)];
  const jitter = new Random(~plan.streams.users, index).unit() * Math.min(1, plan.users / 20);
  return Math.floor(beginning + ((index + jitter) / plan.users) * whole);
}

/** The last millisecond that anything may bear. */
export function endOf({ calendar }: Plan): number {
  return calendar.until - 1;
}

/** Without accents and apostrophes, in lower case. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/[^A-Za-z]/g, '')
    .toLowerCase();
}
