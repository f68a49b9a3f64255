import type { ErrorCode } from './codes.js';

/**
 * An error that a client may see: its message and code go out as they are, its `cause` never does. The message says
 * the contract, the offence and the remedy.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** For BAD_USER_INPUT: the argument or input field, as a path (`input.total`). */
  readonly field: string | undefined;
  /** What else a client can go by, beside the code. */
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.field = options.field;
    this.details = options.details ?? {};
  }
}

export interface AppErrorOptions extends ErrorOptions {
  readonly field?: string;
  readonly details?: AppError['details'];
}

/** Whether an error is one of ours with this code. */
export function isAppError(error: unknown, code: ErrorCode): error is AppError {
  return error instanceof AppError && error.code === code;
}

const PASSING: ReadonlySet<string> = new Set([
  'POSTGRES_UNAVAILABLE',
  'MONGO_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
  'DEADLINE_EXCEEDED',
]);

/** Whether an error says that a database is away, or did not answer in time, which passes by itself. */
export function isPassing(error: unknown): error is AppError {
  return error instanceof AppError && PASSING.has(error.code);
}

/** A value that is not allowed, with the argument or input field that holds it. */
export function badUserInput(field: string, message: string): AppError {
  return new AppError('BAD_USER_INPUT', message, { field });
}

/** For what the asker may not do. @throws {AppError} FORBIDDEN */
export function forbidden(message: string, field?: string): AppError {
  return new AppError('FORBIDDEN', message, field === undefined ? {} : { field });
}

/** For a filter or a sort by what the asker may not read in every row. */
export function hidden(
  source: { readonly type: string },
  name: string,
  path: string,
  act: 'filter' | 'sort',
): AppError {
  return forbidden(`${path}: ${source.type}.${name} is not yours to read, so you cannot ${act} by it`, path);
}

/** For a mutation's target that is not there. @throws {AppError} NOT_FOUND */
export function notFound(what: string, id: string): never {
  throw new AppError('NOT_FOUND', `no ${what} has the id "${id}"; nothing was changed`, { field: 'id' });
}

/** For a write in whose middle the connection broke. */
export function outcomeUnknown(what: string, cause: unknown): AppError {
  const message = `the connection broke while ${what}; check whether it was done before you try again`;
  return new AppError('OUTCOME_UNKNOWN', message, { cause });
}

/** For a write that a table's or collection's own rules have refused; which ones, the log says. */
export function writeRefused(what: string, cause: unknown): AppError {
  const message = `the database's own rules refused ${what}; nothing was written`;
  return new AppError('WRITE_REFUSED', message, { cause });
}

/** For a write by an id that several rows or documents have. @throws {AppError} NOT_UNIQUE */
export function notUnique(what: string, id: string): never {
  const message =
    `several rows or documents have the id "${id}", so ${what} could meet more than one; nothing was written: ` +
    'give each an id of its own ("npx tandem doctor" counts those that share one)';
  throw new AppError('NOT_UNIQUE', message);
}

/** For a write to a database in which the gateway's user may only read. */
export function readOnly(what: string, cause: unknown): AppError {
  const message = `the gateway may only read this database, which refused ${what}; nothing was written`;
  return new AppError('READ_ONLY', message, { cause });
}
