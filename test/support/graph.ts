import type { ApolloServer } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
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

export type Execute = <Data = Record<string, unknown>>(
  query: string,
  variables?: Record<string, unknown>,
) => Promise<Answer<Data>>;

/** Runs operations as the gateway does, each in a scope of its own, and records their statements. */
export function useGraph(databases: { readonly platform: Platform }): Execute {
  let apollo: ApolloServer<Scope> | undefined;
  afterAll(() => apollo?.stop());
  return async <Data>(query: string, variables: Record<string, unknown> = {}) => {
    const { platform } = databases;
    const server = (apollo ??= createApollo(platform, false));
    const { result, statements } = await recordStatements(() =>
      server.executeOperation({ query, variables }, { contextValue: createScope(platform) }),
    );
    if (result.body.kind !== 'single') throw new Error('an answer comes in one piece');
    // As it goes over the wire: a scalar may hand out what only becomes a string there.
    const { data, errors = [] } = JSON.parse(JSON.stringify(result.body.singleResult)) as WireResult;
    return { data: data as Data, errors, statements };
  };
}
