import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { AppError } from '../../errors/app-error.js';
import type { Limits } from '../settings.js';
import { isOverflow, refusal, tooDeep, tooLarge } from './refusal.js';

type Formatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/** What the parser says of a document with too many tokens. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more that? \d+ tokens/;

/**
 * Lets what the parser stops at go out as the limit that it is; for the parser itself it is an error of syntax. And what
 * is too deep for whoever reads it behind the parser: how deep the stack goes, nobody knows before.
 */
export function explainingLimits(limits: Limits, format: Formatter): Formatter {
  return (formatted, error) => {
    const exceeded = exceededBy(error, limits);
    if (exceeded === null) return format(formatted, error);
    const { path } = formatted;
    return format({ message: exceeded.message, ...(path === undefined ? {} : { path }) }, refusal(exceeded));
  };
}

function exceededBy(error: unknown, limits: Limits): AppError | null {
  if (!(error instanceof GraphQLError)) return null;
  if (isStackOverflow(error.originalError)) return tooDeep();
  if (error.extensions['code'] !== 'GRAPHQL_PARSE_FAILED') return null;
  if (TOO_MANY_TOKENS.test(error.message)) return tooLarge('tokens', limits.tokens, null);
  // The parser goes as deep as the stack, and values are nested as fields are.
  return isOverflow(error) ? tooDeep() : null;
}

/** In a resolver: there a RangeError may be anything else. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/i.test(error.message);
}
