import type { FieldKind } from './source.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const OBJECT_ID = /^[0-9a-f]{24}$/i;
const INTEGER = /^(0|-?[1-9]\d{0,14})$/;

/**
 * The one spelling of a key under which rows are compared; ids in lower case. Null for whatever is none of the kind (a
 * malformed reference, null): nobody is there, and one such value never reaches a query, where it would fail the whole
 * batch. `0` and `''` are keys.
 */
export function normalizeKey(kind: FieldKind, value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const key = String(value);
  switch (kind) {
    case 'uuid':
      return UUID.test(key) ? key.toLowerCase() : null;
    case 'objectId':
      return OBJECT_ID.test(key) ? key.toLowerCase() : null;
    case 'int':
      return INTEGER.test(key) ? key : null;
    default:
      return isStorable(key) ? key : null;
  }
}

/** A stored id as it goes out: in the spelling of its kind where it is one, else as it was written. */
export function presentedId<T>(kind: FieldKind, value: T): T | string {
  return normalizeKey(kind, value) ?? value;
}

/** PostgreSQL holds no NUL and no half surrogate pair in a text; as a parameter they would fail the statement. */
export function isStorable(value: string): boolean {
  return storableText(value) === value;
}

/** A text as PostgreSQL can hold it: MongoDB holds what it cannot, and a copy must not fail for that. */
export function storableText<T extends string | null>(value: T): T | string {
  return value === null ? value : value.replaceAll('\0', '').toWellFormed();
}
