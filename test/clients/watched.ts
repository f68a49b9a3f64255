import type { ApolloClient, ObservableQuery, OperationVariables } from '@apollo/client';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { expect, onTestFinished } from 'vitest';

/** A query as a page shows it: what the cache says about it from now on, once the server has answered first. */
export async function watched<Data, Variables extends OperationVariables>(
  client: ApolloClient,
  query: TypedDocumentNode<Data, Variables>,
  variables: NoInfer<Variables>,
): Promise<ObservableQuery<Data, Variables>> {
  const options = { query, variables } as ApolloClient.WatchQueryOptions<Data, Variables>;
  const shown = client.watchQuery(options);
  const subscription = shown.subscribe({});
  onTestFinished(() => {
    subscription.unsubscribe();
  });
  await expect.poll(() => shown.getCurrentResult().loading).toBe(false);
  return shown;
}
