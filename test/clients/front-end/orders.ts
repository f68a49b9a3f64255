import type { ObservableQuery } from '@apollo/client';
import type { ResultOf, VariablesOf } from '@graphql-typed-document-node/core';
import { gql } from './gql/gql.js';

export const ORDERS = gql(`
  query Orders($first: Int, $after: String, $where: OrderWhere) {
    orders(first: $first, after: $after, where: $where) {
      totalCount
      edges { cursor node { id orderNumber total user { id username } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

/** Adds the next page to the orders that are shown; false when there is none. */
export async function showMore(
  shown: ObservableQuery<ResultOf<typeof ORDERS>, VariablesOf<typeof ORDERS>>,
): Promise<boolean> {
  const page = shown.getCurrentResult().data?.orders?.pageInfo;
  if (page?.hasNextPage !== true) return false;
  await shown.fetchMore({ variables: { after: page.endCursor } });
  // What was fetched is shown in the next turn of the event loop.
  await new Promise((resolve) => setTimeout(resolve));
  return true;
}
