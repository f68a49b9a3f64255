import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';
import { adapterCause, type AdapterCause } from '../platform/postgres/postgres-errors.js';

/** What refused a row, by names that people have given, and by nothing that the row holds. */
interface Refusal {
  /** SQLSTATE. */
  readonly code?: string | undefined;
  readonly constraint?: string | undefined;
  readonly column?: string | undefined;
}

/**
 * Says in the log that the table takes nothing of a user. The words of PostgreSQL, and of triggers, stay out of it:
 * they quote the row, and so names and e-mail addresses.
 */
export function logRefused(logger: Logger): (id: string, error: unknown) => void {
  return (id, error) => {
    const { code, constraint, column } = refusalOf(error);
    logger.error({ user: id, code, constraint, column }, 'the table users takes no copy of a user');
  };
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof AppError) return refusalOf(error.cause);
  const told = adapterCause(error);
  return told === undefined ? (error as Refusal) : ofAdapter(told);
}

/** Of most constraints it keeps the name in the message alone. */
function ofAdapter({ originalCode, originalMessage = '', code, column, constraint }: AdapterCause): Refusal {
  return {
    code: originalCode ?? code,
    constraint: constraint?.index ?? CONSTRAINT.exec(originalMessage)?.[1],
    column: column ?? COLUMN.exec(originalMessage)?.[1],
  };
}

/** PostgreSQL's own messages, from their first word to their last: what is like them in part may quote the row. */
const CONSTRAINT = /^(?:new row for relation "[^"]+"|value for domain \S+) violates check constraint "([^"]+)"$/;
const COLUMN = /^null value in column "([^"]+)" of relation "[^"]+" violates not-null constraint$/;
