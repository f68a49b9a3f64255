import mongoose from 'mongoose';
import type { Position } from '../../join/page.js';

const { BSONValue, Code, DBRef, deserialize, serialize } = mongoose.mongo.BSON;

/** Texts are sorted by, and may be long; what is larger or deeper than this was not made here. */
const MAX_ENCODED = 65_536;
const MAX_DEPTH = 5;

/** An empty array has nothing to sort it by: the server puts it before null. */
export const EMPTY_ARRAY = '[]';

/** A value that the server sorted by, as BSON: exact, and of its own type. */
export function encodedValue(value: unknown): string | null {
  if (value === undefined) return EMPTY_ARRAY;
  return value === null ? null : Buffer.from(serialize({ value })).toString('base64');
}

export function decodedValue(text: string): unknown {
  try {
    return deserialize(Buffer.from(text, 'base64'), { promoteValues: false })['value'];
  } catch {
    return undefined;
  }
}

/** Whether every value of a position that came from outside can be read back. */
export function isPosition(position: Position): boolean {
  return position.every(
    (value) =>
      value === null ||
      value === EMPTY_ARRAY ||
      (typeof value === 'string' && value.length <= MAX_ENCODED && isReadable(value)),
  );
}

function isReadable(value: string): boolean {
  const decoded = decodedValue(value);
  return decoded !== undefined && isShallow(decoded, MAX_DEPTH) && isSendable(decoded);
}

/** Whether the driver takes back what it has read: not a document that calls itself a type of BSON's, say. */
function isSendable(value: unknown): boolean {
  try {
    serialize({ value });
    return true;
  } catch {
    return false;
  }
}

/** Whether the server takes it: it refuses what is nested too deep. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date) return true;
  // These two hold values of their own.
  if (value instanceof BSONValue && !(value instanceof Code || value instanceof DBRef)) return true;
  return depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1));
}
