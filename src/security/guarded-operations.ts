import type { ApolloServerOptions, ApolloServerPlugin } from '@apollo/server';
import type { Logger } from 'pino';
import type { Access } from './access.js';
import { errorFormatter } from './errors.js';
import { oneError } from './hidden-schema.js';
import { refusingStrangers } from './identity.js';
import { costLimit } from './limits/cost-limit.js';
import { explainingLimits } from './limits/parsing.js';
import { shapeRule } from './limits/shape-rule.js';
import type { Limits } from './settings.js';
import { sparingMutations } from './time-limit.js';

interface GuardedContext {
  readonly access: Access;
}

/**
 * What Apollo Server is made with so that an operation asks for no more than the limits, comes from somebody, and hears of
 * what went wrong nothing of the inside.
 *
 * @param isHidden whether the schema is nobody's business
 */
export function guardedOperations<C extends GuardedContext>(limits: Limits, isHidden: boolean, logger: Logger) {
  const plugins: ApolloServerPlugin<C>[] = [
    ...(isHidden ? [oneError<C>()] : []),
    refusingStrangers,
    costLimit<C>(limits.cost),
    sparingMutations,
  ];
  return {
    parseOptions: { maxLexicalTokens: limits.tokens },
    validationRules: [shapeRule(limits)],
    allowBatchedHttpRequests: limits.batch > 1,
    formatError: explainingLimits(limits, errorFormatter(logger, isHidden)),
    includeStacktraceInErrorResponses: false,
    introspection: !isHidden,
    hideSchemaDetailsFromClientErrors: isHidden,
    plugins,
  } satisfies Partial<ApolloServerOptions<C>>;
}
