import { badUserInput } from '../errors/app-error.js';
import { isStorable, normalizeKey } from '../join/key.js';
import type { Position } from '../join/page.js';
import { decodedKey } from '../platform/mongo/encoded-key.js';
import { isPosition } from '../platform/mongo/position.js';
import type { Place } from './consistency-scan.js';
import { KINDS_OF, type WalkName } from './consistency-walk.js';
import type { InconsistencyKind } from './inconsistency.js';

/** A place in a list of inconsistencies of one kind, as an opaque string. */
export function encodePlace(kind: InconsistencyKind, { walk, start, id }: Place): string {
  return Buffer.from(JSON.stringify([kind, walk, start, id])).toString('base64url');
}

/** @throws {AppError} BAD_USER_INPUT for what this list has not given out */
export function decodePlace(kind: InconsistencyKind, cursor: string): Place {
  const parts = parsed(Buffer.from(cursor, 'base64url').toString());
  const [ofKind, walk, start, id] = Array.isArray(parts) ? (parts as readonly unknown[]) : [];
  const isOurs = ofKind === kind && isWalkOf(kind, walk) && isText(start) && isText(id);
  if (isOurs && (start === null || CHECKS[walk](start))) return { walk, start, id };
  throw badUserInput('after', `${kind}(after:) takes a cursor that this list gave out; start again without it`);
}

/** Whether what comes from outside can be a place there. */
const CHECKS: Readonly<Record<WalkName, (start: string) => boolean>> = {
  orders: (start) => normalizeKey('uuid', start) !== null,
  transactions: (start) => {
    const position = parsed(start);
    return Array.isArray(position) && isPosition(position as Position);
  },
  users: isKey,
  copies: isStorable,
};

function isWalkOf(kind: InconsistencyKind, walk: unknown): walk is WalkName {
  const names = Object.keys(KINDS_OF) as readonly WalkName[];
  const name = names.find((one) => one === walk);
  return name !== undefined && (KINDS_OF[name] as readonly InconsistencyKind[]).includes(kind);
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isKey(start: string): boolean {
  try {
    return decodedKey(start) !== undefined;
  } catch {
    return false;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
