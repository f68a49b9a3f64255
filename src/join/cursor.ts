import type { Position, Source } from './source.js';

/** The position of a row as an opaque string. It names its source, so that a cursor of another list is told apart. */
export function encodeCursor(source: Source, position: Position): string {
  return Buffer.from(JSON.stringify([source.name, ...position])).toString('base64url');
}

/** The position that a cursor holds, or null when it is none of this source's. Its values come from outside: the
 * source's reader says whether they can be compared. */
export function decodeCursor(source: Source, cursor: string): Position | null {
  const parts = parse(cursor);
  if (!Array.isArray(parts)) return null;
  const [name, ...position] = parts as unknown[];
  if (name !== source.name || position.length !== source.orderBy.length) return null;
  return position.every(isPositionValue) ? position : null;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
}

function isPositionValue(value: unknown): value is string | number | null {
  return value === null || typeof value === 'string' || typeof value === 'number';
}
