import { badUserInput } from '../errors/app-error.js';
import { quote } from './id-argument.js';

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
