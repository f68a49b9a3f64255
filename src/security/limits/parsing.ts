import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { AppError } from '../../errors/app-error.js';
import type { Limits } from '../settings.js';
import { isOverflow, refusal, tooDeep, tooLarge } from './refusal.js';

type Formatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/** What the parser says of a document with too many tokens. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more that? \d+ tokens/;

/** Lets what the parser stops at go out as the limit that it is; for the parser itself it is an error of syntax. */
export function explainingLimits(limits: Limits, format: Formatter): Formatter {
  return (formatted, error) => {
    const exceeded = exceededBy(error, limits);
    if (exceeded === null) return format(formatted, error);
    return format({ message: exceeded.message }, refusal(exceeded));
  };
}

function exceededBy(error: unknown, limits: Limits): AppError | null {
  if (!(error instanceof GraphQLError) || error.extensions['code'] !== 'GRAPHQL_PARSE_FAILED') return null;
  if (TOO_MANY_TOKENS.test(error.message)) return tooLarge('tokens', limits.tokens, null);
  // The parser goes as deep as the stack, and values are nested as fields are.
  return isOverflow(error) ? tooDeep() : null;
}
