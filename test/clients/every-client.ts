import { CombinedGraphQLErrors } from '@apollo/client';
import { Client as UrqlClient, fetchExchange, type OperationResult } from '@urql/core';
import { getOperationAST, OperationTypeNode, parse, type DocumentNode } from 'graphql';
import { ClientError, GraphQLClient } from 'graphql-request';
import { createClient } from './front-end/client.js';
import { createSignedInClient } from './front-end/signed-in.js';

export interface Question {
  readonly url: string;
  readonly text: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Null for who has not signed in. */
  readonly token: string | null;
}

/** What a client tells its caller: what could be read, and of what could not be, the code and the path. */
export interface Told {
  readonly data: unknown;
  readonly problems: readonly (readonly [code: unknown, path: string])[];
}

/** Asks by a client; what that does not tell as an error of the graph is thrown. */
export type Ask = (question: Question) => Promise<Told>;

const byApollo: Ask = async ({ url, text, variables = {}, token }) => {
  const client = token === null ? createClient(url) : createSignedInClient(url, () => token);
  const document = parse(text);
  const { data, error } = isMutation(document)
    ? await client.mutate({ mutation: document, variables, errorPolicy: 'all' })
    : await client.query({ query: document, variables, errorPolicy: 'all' });
  if (error !== undefined && !CombinedGraphQLErrors.is(error)) throw new Error(error.name, { cause: error });
  return told(data, error?.errors);
};

const byUrql =
  ({ preferGetMethod }: { readonly preferGetMethod: boolean }): Ask =>
  async ({ url, text, variables = {}, token }) => {
    const headers = { 'apollo-require-preflight': 'true', ...bearer(token) };
    const client = new UrqlClient({ url, exchanges: [fetchExchange], preferGetMethod, fetchOptions: { headers } });
    const document = parse(text);
    const { data, error }: OperationResult<unknown> = isMutation(document)
      ? await client.mutation(document, variables)
      : await client.query(document, variables);
    if (error?.networkError !== undefined) throw error.networkError;
    return told(data, error?.graphQLErrors);
  };

const byGraphqlRequest: Ask = async ({ url, text, variables = {}, token }) => {
  try {
    return told(await new GraphQLClient(url, { headers: bearer(token) }).request(text, variables));
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return told(error.response.data, error.response.errors);
  }
};

export const EVERY_CLIENT: readonly [name: string, Ask][] = [
  ['Apollo Client', byApollo],
  ['urql by GET', byUrql({ preferGetMethod: true })],
  ['urql by POST', byUrql({ preferGetMethod: false })],
  ['graphql-request', byGraphqlRequest],
];

interface Problem {
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

function told(data: unknown, errors: readonly Problem[] = []): Told {
  return {
    data: data ?? null,
    problems: errors.map(({ extensions, path = [] }) => [extensions?.['code'], path.join('.')]),
  };
}

function bearer(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

function isMutation(document: DocumentNode): boolean {
  return getOperationAST(document)?.operation === OperationTypeNode.MUTATION;
}
