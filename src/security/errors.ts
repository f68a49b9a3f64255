import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';
import { CATALOGUE, isRetryable } from '../errors/codes.js';
import { argumentPath } from './argument-path.js';
import { isCoercion, withoutSchema } from './hidden-schema.js';

type Formatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/**
 * How an error leaves the process. One of ours goes out with its message and code; what GraphQL itself says of a query
 * goes out as it is; anything else is a fault of ours, which the client knows by a `logId` only: no stack, SQL, host
 * name or driver text ever goes out. Where the schema is hidden, nothing by which it could be told goes out either.
 */
export function errorFormatter(logger: Logger, isHidden = false): Formatter {
  // A database that is away fails every field of a batch with one error: it is logged once.
  const logged = new WeakSet<AppError>();
  // Of people's data every row may have one: each field is logged once.
  const unreadables = new Set<string>();
  return (formatted, error) => {
    const appError = causedBy(error);
    // What failed at a place in the answer is not about how an argument was written.
    const argument = formatted.path === undefined ? argumentPath(error) : null;
    if (appError !== null) {
      if (appError.cause !== undefined && !logged.has(appError)) {
        logger.warn({ code: appError.code, path: formatted.path, err: appError.cause }, appError.message);
      }
      logged.add(appError);
      const presented = present(formatted, appError, argument);
      return isHidden && isCoercion(error, argument) ? withoutSchema(presented, argument) : presented;
    }
    if (isQuerysOwn(error)) {
      const presented = presentQuerys(formatted, argument);
      return isHidden ? withoutSchema(presented, argument) : presented;
    }
    const needing = NULL_GIVEN.exec(formatted.message)?.[1];
    if (needing !== undefined) {
      const extensions = { code: 'BAD_USER_INPUT', field: needing };
      return { ...formatted, message: `${needing} needs a value, and its variable is null`, extensions };
    }
    const unreadable = NULL_REFUSED.exec(formatted.message)?.[1];
    if (unreadable !== undefined) {
      const message = `${unreadable}: ${CATALOGUE[UNREADABLE]}`;
      if (!unreadables.has(unreadable)) logger.warn({ path: formatted.path }, message);
      unreadables.add(unreadable);
      return { ...formatted, message, extensions: { code: UNREADABLE } };
    }
    const logId = randomUUID();
    logger.error({ logId, path: formatted.path, err: unwrapResolverError(error) }, 'a resolver failed');
    return {
      ...formatted,
      message: `A fault on our side; the log has its details under ${logId}`,
      extensions: { code: 'INTERNAL_SERVER_ERROR', logId },
    };
  };
}

const UNREADABLE = 'VALUE_UNREADABLE';

/** Said by GraphQL of a field that has no value; in people's data that happens to what is declared to have one. */
const NULL_REFUSED = /^Cannot return null for non-nullable field ([\w.]+)\.$/;

/** Said of an argument that needs a value, once it runs, where its variable has a default and is given as null. */
const NULL_GIVEN = /^Argument "(\w+)" of (?:required|non-null) type /;

function present(formatted: GraphQLFormattedError, error: AppError, path: string | null): GraphQLFormattedError {
  const field = error.field ?? path ?? undefined;
  const retryable = isRetryable(error.code) ? { retryable: true } : {};
  return {
    ...formatted,
    message: error.message,
    extensions: { code: error.code, ...(field === undefined ? {} : { field }), ...retryable, ...error.details },
  };
}

/**
 * What GraphQL says of a query goes out as it is. Of a value that its type refuses it also says which one, with one code,
 * wherever the value stood: GraphQL itself has one code for variables and another for what is written in the query.
 */
function presentQuerys(formatted: GraphQLFormattedError, path: string | null): GraphQLFormattedError {
  const ownCode = formatted.extensions?.['code'];
  const isValue = path !== null && (ownCode === 'BAD_USER_INPUT' || SCALAR_REFUSES.test(formatted.message));
  if (isValue) return { ...formatted, extensions: { ...formatted.extensions, code: 'BAD_USER_INPUT', field: path } };
  // What Apollo Server has no code for, and was found before anything was run, is about the request.
  const isRequests = formatted.path === undefined && (ownCode === undefined || ownCode === 'INTERNAL_SERVER_ERROR');
  const code = isRequests ? 'BAD_REQUEST' : ownCode;
  return { ...formatted, extensions: { ...formatted.extensions, code } };
}

/** `Int cannot represent non 32-bit signed integer value: 2147483648` */
const SCALAR_REFUSES = /^\w+ cannot represent /;

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
