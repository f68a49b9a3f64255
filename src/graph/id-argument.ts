import { badUserInput } from '../errors/app-error.js';
import { fieldOf, normalizeKey, type Source } from '../join/source.js';

const SHAPES: Readonly<Record<string, string>> = {
  objectId: '24 hex characters',
  uuid: 'a UUID (8-4-4-4-12 hex characters)',
};

/**
 * An argument as the id of a source's row, in the spelling in which ids are compared.
 *
 * @param field how the argument or input field is called in the error
 * @throws {AppError} BAD_USER_INPUT for what can be no id of that source
 */
export function idArgument<R extends { id: string }>(source: Source<R>, value: string, field: string): R['id'] {
  const { kind } = fieldOf(source, source.key);
  const id = normalizeKey(kind, value);
  if (id === null) throw badUserInput(field, `${field} takes ${SHAPES[kind] ?? 'an id'}, got ${quote(value)}`);
  return id;
}

/** A value from outside as a message quotes it: short, whatever came in. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : typeof value;
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
