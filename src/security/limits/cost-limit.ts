import type { ApolloServerPlugin, BaseContext, GraphQLRequestContextDidResolveOperation } from '@apollo/server';
import { getVariableValues, GraphQLError, Kind } from 'graphql';
import { badUserInput } from '../../errors/app-error.js';
import { Cost } from './cost.js';
import { isOverflow, refusal, tooCostly, tooDeep } from './refusal.js';

/** Who sends it, with whatever value, is told the operation's cost, under `extensions.cost`. */
const COST_HEADER = 'x-operation-cost';

/** Refuses what may cost more rows than the limit, before anything of it is run. */
export function costLimit<C extends BaseContext>(limit: number): ApolloServerPlugin<C> {
  return {
    requestDidStart: () => {
      let cost: number | null = null;
      return Promise.resolve({
        didResolveOperation: (context) => {
          const found = costOf(context);
          // A size that no list takes costs as much as it says, and what is wrong with it is the size.
          if (found !== null && found.rows > limit) throw refusal(found.refusedPage ?? tooCostly(limit, found.rows));
          cost = found?.rows ?? null;
          return Promise.resolve();
        },
        willSendResponse: ({ request: { http }, response: { body } }) => {
          if (cost !== null && body.kind === 'single' && http?.headers.has(COST_HEADER) === true) {
            body.singleResult.extensions = { ...body.singleResult.extensions, cost };
          }
          return Promise.resolve();
        },
      });
    },
  };
}

/**
 * Null for what the executor will not run: an operation name that is not in the document, or variables that are none that
 * the operation takes.
 */
function costOf({ schema, document, operation, request }: GraphQLRequestContextDidResolveOperation<BaseContext>) {
  if (operation === undefined) return null;
  const { variableDefinitions = [] } = operation;
  const { coerced, errors = [] } = getVariableValues(
    schema,
    variableDefinitions,
    { ...request.variables },
    { maxErrors: 1 },
  );
  if (errors.some(isOverflow)) throw refusal(tooDeep());
  if (coerced === undefined) return null;
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  try {
    return new Cost({
      schema,
      operation,
      fragments: Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment])),
      variables: coerced,
    });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    // Of all that is valid, the executor refuses one thing before it runs a field.
    throw refusal(badUserInput('if', '@skip(if:) and @include(if:) take true or false, and the variable is null'));
  }
}
