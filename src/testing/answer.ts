import type { ApolloServer } from '@apollo/server';
import type { DocumentNode, GraphQLFormattedError } from 'graphql';
import { recordStatements, type Statement } from '../platform/statements.js';
import type { Scope } from '../scope.js';

/** An answer as a client gets it, and the statements that it cost. */
export interface Answer<Data> {
  readonly data: Data;
  readonly errors: readonly GraphQLFormattedError[];
  readonly statements: readonly Statement[];
}

/** A query as text, or as a document that knows the types of its answer and variables (a TypedDocumentNode). */
export type Operation<Data, Variables> = string | (DocumentNode & { __apiType?: (variables: Variables) => Data });

/** Answers an operation without HTTP, as the gateway does over it, and records its statements. */
export async function answerOf<Data, Variables extends object>(
  apollo: ApolloServer<Scope>,
  scope: Scope,
  operation: Operation<Data, Variables>,
  variables?: Variables,
): Promise<Answer<Data>> {
  const request = { query: operation, variables: { ...variables } };
  const { result, statements } = await recordStatements(() =>
    apollo.executeOperation(request, { contextValue: scope }),
  );
  if (result.body.kind !== 'single') throw new Error('an answer comes in one piece');
  // As it goes over the wire: a scalar may hand out what only becomes a string there.
  const { data, errors = [] } = JSON.parse(JSON.stringify(result.body.singleResult)) as Partial<Answer<Data>>;
  return { data: data as Data, errors, statements };
}
