import { badUserInput } from '../errors/app-error.js';

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
