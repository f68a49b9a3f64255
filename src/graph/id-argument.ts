import { badUserInput } from '../errors/app-error.js';
import { normalizeKey } from '../join/key.js';
import { type FieldKind, fieldOf, KEY, type Source } from '../join/source.js';

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
