import type { ApolloServer } from '@apollo/server';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { DocumentNode } from 'graphql';
import { afterAll } from 'vitest';
import { createApollo } from '../../src/gateway/server.js';
import type { Platform } from '../../src/platform/platform.js';
import { createScope, type Scope } from '../../src/scope.js';
import { USUAL_SECURITY, type SecuritySettings } from '../../src/security/settings.js';
import { answerOf, type Answer } from '../../src/testing/answer.js';

export type { Answer };

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
export function useGraph(
  databases: { readonly platform: Platform },
  security: SecuritySettings = USUAL_SECURITY,
): Execute {
  let apollo: ApolloServer<Scope> | undefined;
  afterAll(() => apollo?.stop());
  const run = <Data>(operation: string | DocumentNode, variables: object = {}): Promise<Answer<Data>> => {
    const { platform } = databases;
    return answerOf<Data, object>(
      (apollo ??= createApollo({ platform, security })),
      createScope(platform),
      operation,
      variables,
    );
  };
  return Object.assign(run, { text: run });
}
