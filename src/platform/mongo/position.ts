import mongoose from 'mongoose';
import type { Position } from '../../join/page.js';

const { deserialize, serialize } = mongoose.mongo.BSON;

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
  return decoded !== undefined && isShallow(decoded, MAX_DEPTH);
}

/** Whether the server takes it: it refuses what is nested too deep. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || '_bsontype' in value || value instanceof Date) return true;
  return depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1));
}
