import { createHash } from 'node:crypto';

/**
 * The ids of one seeding in one table or collection: all begin alike and end with the row's place, from 1 on. So rows are
 * told from other people's by a range, and made twice they are the same rows.
 */
export interface Ids {
  readonly of: (index: number) => string;
  /** No id of this seeding is smaller than the first, or greater than the last. */
  readonly first: string;
  readonly last: string;
}

/** UUIDs of version 4 but for their last 12 digits. @param digest 15 hex digits or more */
export function uuids(digest: string): Ids {
  const prefix = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(12, 15)}-8${digest.slice(15, 18)}-`;
  return idsOf(prefix, 12);
}

/** In an ObjectId: 2024-01-01. Then come five bytes that stand for a process, and its counter. */
const ID_TIME = '65920080';

/** ObjectIds, all made at one time by one process. @param digest 10 hex digits or more */
export function objectIds(digest: string): Ids {
  return idsOf(`${ID_TIME}${digest.slice(0, 10)}`, 6);
}

export function idsOf(prefix: string, digits: number): Ids {
  const of = (index: number) => `${prefix}${(index + 1).toString(16).padStart(digits, '0')}`;
  return { of, first: of(0), last: `${prefix}${'f'.repeat(digits)}` };
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
