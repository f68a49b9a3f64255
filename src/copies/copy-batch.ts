import { storableText } from '../join/key.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import { COPIED } from './user-copy.source.js';
import type { CopiedUser, UserSnapshot } from './user-snapshot.repository.js';

/** A user as it is written: what PostgreSQL cannot hold is left out, and said. */
export interface CopyRow extends CopiedUser {
  readonly emailConflict: boolean;
  readonly syncProblem: string | null;
  /** Whether nobody has the id in MongoDB any more. */
  readonly isGone: boolean;
}

/** What is written at once: all of one moment. */
export interface CopyBatch {
  readonly at: ClusterTime;
  readonly rows: readonly CopyRow[];
}

/** How many characters the columns of an adopted table take, by their names; a text takes any number. */
export type Lengths = ReadonlyMap<string, number>;

/**
 * A snapshot as rows that PostgreSQL can hold, in the order of their ids: so writers never wait for each other in a
 * circle.
 */
export function batchOf({ at, users, gone }: Pick<UserSnapshot, 'at' | 'users' | 'gone'>, lengths: Lengths): CopyBatch {
  const rows = new Map<string, CopyRow>();
  for (const user of users) rows.set(user.id, rowOf(user, lengths));
  for (const id of gone) rows.set(id, { id, ...EMPTY, emailConflict: false, syncProblem: null, isGone: true });
  return { at, rows: [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

const EMPTY = { username: null, email: null, locCode: null, power: null };

function rowOf(user: CopiedUser, lengths: Lengths): CopyRow {
  const copied: Record<string, string | number | null> = {};
  const problems: string[] = [];
  for (const name of COPIED) {
    const { value, problem } = held(user[name], lengths.get(name) ?? Number.POSITIVE_INFINITY);
    copied[name] = value;
    if (problem !== null) problems.push(`${name}: ${problem}`);
  }
  const { username, email, locCode, power } = copied as unknown as CopiedUser;
  const syncProblem = problems.length === 0 ? null : problems.join('; ');
  return { id: user.id, username, email, locCode, power, emailConflict: false, syncProblem, isGone: false };
}

function held<V extends string | number | null>(value: V, length: number) {
  if (typeof value !== 'string') return { value, problem: null };
  const text = storableText(value);
  const characters = text.length > length ? Array.from(text) : [];
  const isCut = characters.length > length;
  const problems = [
    ...(text === value ? [] : ['characters that PostgreSQL cannot hold are left out']),
    ...(isCut ? [`cut to ${length} characters, which is what the column takes`] : []),
  ];
  return {
    value: isCut ? characters.slice(0, length).join('') : text,
    problem: problems.length === 0 ? null : problems.join(', '),
  };
}

/** What a row is written without when the table refuses it, best first: mostly another row has the e-mail address. */
export const LEFT_OUT: readonly (readonly (typeof COPIED)[number][])[] = [
  ['email'],
  ['username'],
  ['locCode'],
  ['power'],
  ['email', 'username'],
  COPIED,
];

/** A row without some of its values, which says so. @param isTaken whether the e-mail address is another row's */
export function without(row: CopyRow, names: (typeof LEFT_OUT)[number], isTaken: boolean): CopyRow {
  const isConflict = isTaken && names.includes('email') && row.email !== null;
  const refused = names.filter((name) => row[name] !== null && !(isConflict && name === 'email'));
  return {
    ...row,
    ...Object.fromEntries(names.map((name) => [name, null])),
    emailConflict: isConflict,
    syncProblem: refused.reduce((problem, name) => noted(problem, refusalOf(name)), row.syncProblem),
  };
}

/** What is said of a value that the table refuses, for the values of other rows or for a rule of its own. */
export function refusalOf(name: (typeof COPIED)[number]): string {
  return `${name}: the table refuses it`;
}

function noted(known: string | null, problem: string): string {
  return known === null ? problem : `${known}; ${problem}`;
}
