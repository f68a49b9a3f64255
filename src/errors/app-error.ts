import type { ErrorCode } from './catalogue.js';

/**
 * An error that a client may see: its message and code go out as they are, its `cause` never does. The message says
 * the contract, the offence and the remedy.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** For BAD_USER_INPUT: the argument or input field, as a path (`input.total`). */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { field?: string } = {}) {
    super(message, options);
    this.code = code;
    this.field = options.field;
  }
}

/** A value that is not allowed, with the argument or input field that holds it. */
export function badUserInput(field: string, message: string): AppError {
  return new AppError('BAD_USER_INPUT', message, { field });
}
