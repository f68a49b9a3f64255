import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

const CODE = 'GRAPHQL_VALIDATION_FAILED';

const MESSAGE =
  'The operation does not fit the graph: hold it, and its variables, against the schema.graphql of the version that runs. ' +
  'What the graph has is told here by introspection and by errors only where INTROSPECTION=on.';

/** What is said of every operation that does not fit, whatever it is that does not: no name, no place, no number. */
const UNFIT: GraphQLFormattedError = { message: MESSAGE, extensions: { code: CODE } };

/** A variable that is given fields which its type does not have, or not all that it needs. */
const SHAPE_REFUSED =
  /; Field "\w*" (?:is not defined by type "\w+"|of required type "[^"]+" was not provided)\.(?: Did you mean .*)?$/s;

/**
 * What goes out of an error of GraphQL's where the schema is nobody's business. `path` says where the client wrote a value
 * that is not allowed there: that it is told, by its own words, without the type that refuses it.
 *
 * Error messages alone would give a schema away, word by word, to whoever tries enough words.
 */
export function withoutSchema(formatted: GraphQLFormattedError, path: string | null): GraphQLFormattedError {
  const code = formatted.extensions?.['code'];
  if (code === 'BAD_USER_INPUT' && path !== null && !SHAPE_REFUSED.test(formatted.message)) {
    const { locations, extensions } = formatted;
    const message = `${path} has a value that it does not take, or none where it needs one`;
    return { message, ...(locations === undefined ? {} : { locations }), extensions: { ...extensions, field: path } };
  }
  return code === CODE || code === 'BAD_USER_INPUT' ? UNFIT : formatted;
}

/** Whether GraphQL refused it before it ran anything, for a value's type: what its scalar says may name the type. */
export function isCoercion(error: unknown, path: string | null): boolean {
  return path !== null && error instanceof GraphQLError && error.path === undefined;
}

/**
 * An operation that does not fit has one error. How many there are, and which values are wrong beside what does not fit,
 * would tell which of the words in it the graph knows.
 */
export function oneError<C extends BaseContext>(): ApolloServerPlugin<C> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse: ({ response: { body } }) => {
          const isUnfit = body.kind === 'single' && body.singleResult.errors?.includes(UNFIT) === true;
          if (isUnfit) body.singleResult.errors = [UNFIT];
          return Promise.resolve();
        },
      }),
  };
}
