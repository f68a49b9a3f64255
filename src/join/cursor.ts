import type { Position } from './page.js';
import type { SortTerm, Source } from './source.js';

/** The position of a row as an opaque string. It names its list, so that a cursor of another list or sort is told apart. */
export function encodeCursor(source: Source, orderBy: readonly SortTerm[], position: Position): string {
  return Buffer.from(JSON.stringify([listName(source, orderBy), ...position])).toString('base64url');
}

/** The position that a cursor holds, or null when it is none of this list's. Its values come from outside: the source's
 * reader says whether they can be compared. */
export function decodeCursor(source: Source, orderBy: readonly SortTerm[], cursor: string): Position | null {
  const parts = parse(cursor);
  if (!Array.isArray(parts)) return null;
  const [name, ...position] = parts as unknown[];
  if (name !== listName(source, orderBy) || position.length !== orderBy.length) return null;
  return position.every(isPositionValue) ? position : null;
}

function listName({ name }: Source, orderBy: readonly SortTerm[]): string {
  return [name, ...orderBy.map(({ field, direction }) => `${direction} ${field}`)].join();
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
