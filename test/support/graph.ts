import type { ApolloServer } from '@apollo/server';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { DocumentNode, GraphQLFormattedError } from 'graphql';
import { afterAll } from 'vitest';
import { createApollo } from '../../src/gateway/server.js';
import type { Platform } from '../../src/platform/platform.js';
import { recordStatements, type Statement } from '../../src/platform/statements.js';
import { createScope, type Scope } from '../../src/scope.js';

/** An answer and what it cost. */
export interface Answer<Data> {
  readonly data: Data;
  readonly errors: readonly GraphQLFormattedError[];
  readonly statements: readonly Statement[];
}

interface WireResult {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
}

/** Runs operations, each with the types of its answer and of its variables: `execute(gql(`...`), { id })`. */
export interface Execute {
  <Data, Variables extends object>(
    operation: TypedDocumentNode<Data, Variables>,
    ...variables: Given<Variables>
  ): Promise<Answer<Data>>;
  <Data = Record<string, unknown>>(query: string, variables?: Record<string, unknown>): Promise<Answer<Data>>;
  /** For what has no types: operations and variables that are put together, or wrong on purpose. */
  readonly text: <Data = Record<string, unknown>>(
    query: string,
    variables?: Record<string, unknown>,
  ) => Promise<Answer<Data>>;
}

/** What has to be said of the variables: nothing where none is required. */
export type Given<Variables> =
  Variables extends Record<string, never> ? [] : Partial<Variables> extends Variables ? [Variables?] : [Variables];

/** Runs operations as the gateway does, each in a scope of its own, and records their statements. */
export function useGraph(databases: { readonly platform: Platform }): Execute {
  let apollo: ApolloServer<Scope> | undefined;
  afterAll(() => apollo?.stop());
  const run = async <Data>(query: string | DocumentNode, variables: object = {}): Promise<Answer<Data>> => {
    const { platform } = databases;
    const server = (apollo ??= createApollo(platform, false));
    const request = { query, variables: { ...variables } };
    const { result, statements } = await recordStatements(() =>
      server.executeOperation(request, { contextValue: createScope(platform) }),
    );
    if (result.body.kind !== 'single') throw new Error('an answer comes in one piece');
    // As it goes over the wire: a scalar may hand out what only becomes a string there.
    const { data, errors = [] } = JSON.parse(JSON.stringify(result.body.singleResult)) as WireResult;
    return { data: data as Data, errors, statements };
  };
  return Object.assign(run, { text: run });
}
