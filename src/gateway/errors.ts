import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';
import { literalPath } from './literal-path.js';

type Formatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/**
 * How an error leaves the process. One of ours goes out with its message and code; what GraphQL itself says of a query
 * goes out as it is; anything else is a fault of ours, which the client knows by a `logId` only: no stack, SQL, host
 * name or driver text ever goes out.
 */
export function errorFormatter(logger: Logger): Formatter {
  // A database that is away fails every field of a batch with one error: it is logged once.
  const logged = new WeakSet<AppError>();
  return (formatted, error) => {
    const appError = causedBy(error);
    if (appError !== null) {
      if (appError.cause !== undefined && !logged.has(appError)) {
        logger.warn({ code: appError.code, path: formatted.path, err: appError.cause }, appError.message);
      }
      logged.add(appError);
      return present(formatted, appError, literalPath(error));
    }
    if (isQuerysOwn(error)) return presentQuerys(formatted, literalPath(error));
    const logId = randomUUID();
    logger.error({ logId, path: formatted.path, err: unwrapResolverError(error) }, 'a resolver failed');
    return {
      ...formatted,
      message: `A fault on our side; the log has its details under ${logId}`,
      extensions: { code: 'INTERNAL_SERVER_ERROR', logId },
    };
  };
}

function present(formatted: GraphQLFormattedError, error: AppError, literal: string | null): GraphQLFormattedError {
  const field = error.field ?? variablePath(formatted.message) ?? literal ?? undefined;
  return {
    ...formatted,
    message: error.message,
    extensions: { code: error.code, ...(field === undefined ? {} : { field }) },
  };
}

/**
 * What GraphQL says of a query goes out as it is. Of a value that its scalar refuses it also says which one, with one
 * code, wherever the value stood: GraphQL itself has one code for variables and another for what is written in the query.
 */
function presentQuerys(formatted: GraphQLFormattedError, literal: string | null): GraphQLFormattedError {
  const variable = variablePath(formatted.message);
  const refused = literal !== null && SCALAR_REFUSES.test(formatted.message);
  const code = refused ? 'BAD_USER_INPUT' : codeOf(formatted);
  const field = variable ?? (refused ? literal : undefined);
  return { ...formatted, extensions: { ...formatted.extensions, code, ...(field === undefined ? {} : { field }) } };
}

/** `Int cannot represent non 32-bit signed integer value: 2147483648` */
const SCALAR_REFUSES = /^\w+ cannot represent /;

/** A scalar does not know where it stands; GraphQL says it of a variable: `Variable "$input" ... at "input.total"; ...`. */
function variablePath(message: string): string | undefined {
  const [, variable, path] = /^Variable "\$([^"]*)" (?:got invalid value .*? at "([^"]+)";|)/s.exec(message) ?? [];
  return path ?? variable;
}

/** The AppError behind an error, however deep GraphQL has wrapped it. */
function causedBy(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  return error instanceof GraphQLError ? causedBy(error.originalError) : null;
}

/**
 * Whether GraphQL found the fault in the query, or a resolver said with a code what it was. What is thrown without one
 * while a value is written out is a GraphQLError too, but quotes the value, and the fault is ours.
 */
function isQuerysOwn(error: unknown): boolean {
  if (!(error instanceof GraphQLError)) return false;
  const isGraphQLs = error.originalError === undefined || error.originalError instanceof GraphQLError;
  return isGraphQLs && (error.path === undefined || 'code' in error.extensions);
}

function codeOf({ extensions }: GraphQLFormattedError): string {
  const code = extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
