import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';

type Formatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/**
 * How an error leaves the process. One of ours goes out with its message and code; what GraphQL itself says of a query
 * goes out as it is; anything else is a fault of ours, which the client knows by a `logId` only: no stack, SQL, host
 * name or driver text ever goes out.
 */
export function errorFormatter(logger: Logger): Formatter {
  return (formatted, error) => {
    const appError = causedBy(error);
    if (appError !== null) return present(formatted, appError, logger);
    if (isQuerysOwn(error)) return { ...formatted, extensions: { code: codeOf(formatted) } };
    const logId = randomUUID();
    logger.error({ logId, path: formatted.path, err: unwrapResolverError(error) }, 'a resolver failed');
    return {
      ...formatted,
      message: `A fault on our side; the log has its details under ${logId}`,
      extensions: { code: 'INTERNAL_SERVER_ERROR', logId },
    };
  };
}

function present(formatted: GraphQLFormattedError, error: AppError, logger: Logger): GraphQLFormattedError {
  if (error.cause !== undefined)
    logger.warn({ code: error.code, path: formatted.path, err: error.cause }, error.message);
  const field = error.field ?? variablePath(formatted.message);
  return {
    ...formatted,
    message: error.message,
    extensions: { code: error.code, ...(field === undefined ? {} : { field }) },
  };
}

/** A scalar does not know which input field it stands in; GraphQL says it of a variable: `... at "input.total"; ...`. */
function variablePath(message: string): string | undefined {
  return /^Variable "\$[^"]*" got invalid value .* at "([^"]+)";/.exec(message)?.[1];
}

/** The AppError behind an error, however deep GraphQL has wrapped it. */
function causedBy(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  return error instanceof GraphQLError ? causedBy(error.originalError) : null;
}

/** Whether GraphQL found the fault in the query: nothing was thrown by a resolver. */
function isQuerysOwn(error: unknown): boolean {
  return (
    error instanceof GraphQLError && (error.originalError === undefined || error.originalError instanceof GraphQLError)
  );
}

function codeOf({ extensions }: GraphQLFormattedError): string {
  const code = extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
