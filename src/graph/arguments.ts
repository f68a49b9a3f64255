import { badUserInput } from '../errors/app-error.js';
import { normalizeKey } from '../join/key.js';
import { fieldOf, KEY, type FieldKind, type Source } from '../join/source.js';

const SHAPES: Partial<Record<FieldKind, string>> = {
  objectId: '24 hex characters',
  uuid: 'a UUID (8-4-4-4-12 hex characters)',
  int: 'a whole number',
};

/**
 * An argument as the id of a source's row, in the spelling in which ids are compared.
 *
 * @param path how the argument or input field is called in the error
 * @throws {AppError} BAD_USER_INPUT for what can be no id of that source
 */
export function idArgument<R extends { id: string }>(source: Source<R>, value: string, path: string): R['id'] {
  return checkedId(fieldOf(source, KEY).kind, value, path);
}

/** A value as an id of its kind. @throws {AppError} BAD_USER_INPUT for what can be none */
export function checkedId(kind: FieldKind, value: string, path: string): string {
  const id = normalizeKey(kind, value);
  if (id === null) throw badUserInput(path, `${path} takes ${SHAPES[kind] ?? 'an id'}, got ${quote(value)}`);
  return id;
}

/** A value from outside as a message quotes it: short, whatever came in. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : typeof value;
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

/**
 * A text that a person has typed: without control characters (NUL among them), half surrogate pairs and blanks at its
 * ends.
 *
 * @param path how the argument or input field is called in the error
 * @param remedy what else can be done, at the end of the error
 * @throws {AppError} BAD_USER_INPUT for one that is empty, longer than `max` characters or has any of those
 */
export function textArgument(value: string, path: string, max: number, remedy = ''): string {
  const fits = value.length > 0 && value.length <= max;
  if (fits && value.isWellFormed() && !/\p{Cc}/u.test(value) && value.trim() === value) return value;
  throw badUserInput(
    path,
    `${path} takes 1 to ${max} characters without control characters or blanks at its ends, got ${quote(value)}${remedy}`,
  );
}

/**
 * A time as ISO 8601 in UTC.
 *
 * @param path how the argument or input field is called in the error
 * @throws {AppError} BAD_USER_INPUT for one beyond the years that both databases and ISO 8601 agree on
 */
export function timeArgument(value: Date, path: string): string {
  const year = value.getUTCFullYear();
  if (year >= 1 && year <= 9_999) return value.toISOString();
  throw badUserInput(path, `${path} takes a time in the years 0001 to 9999 (UTC)`);
}
