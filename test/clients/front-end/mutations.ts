import type { ApolloClient } from '@apollo/client';
import type { VariablesOf } from '@graphql-typed-document-node/core';
import { gql } from './gql/gql.js';
import { ORDERS } from './orders.js';

const CREATE_ORDER = gql(`
  mutation CreateOrder($input: CreateOrderInput!) {
    createOrder(input: $input) { order { id orderNumber total user { id username } } }
  }
`);

const DELETE_ORDER = gql(`
  mutation DeleteOrder($id: ID!) {
    deleteOrder(id: $id) { order { id } }
  }
`);

const RENAME_USER = gql(`
  mutation RenameUser($id: ID!, $username: String!) {
    updateUser(id: $id, input: { username: $username }) { user { id username } }
  }
`);

/** The new order heads the list of all orders, where orders are newest first. */
export function createOrder(client: ApolloClient, input: VariablesOf<typeof CREATE_ORDER>['input']) {
  return client.mutate({
    mutation: CREATE_ORDER,
    variables: { input },
    update: (cache, { data }) => {
      cache.updateQuery({ query: ORDERS }, (shown) => {
        const [list, node] = [shown?.orders ?? null, data?.createOrder.order];
        if (list === null || node === undefined) return null;
        const edges = [{ cursor: '', node }, ...list.edges];
        return { orders: { ...list, edges, totalCount: (list.totalCount ?? 0) + 1 } };
      });
    },
  });
}

/** The order leaves every list that shows it: what is evicted is skipped. */
export function deleteOrder(client: ApolloClient, id: string) {
  return client.mutate({
    mutation: DELETE_ORDER,
    variables: { id },
    update: (cache) => {
      cache.updateQuery({ query: ORDERS }, (shown) => {
        const list = shown?.orders ?? null;
        return list === null ? null : { orders: { ...list, totalCount: (list.totalCount ?? 1) - 1 } };
      });
      const evicted = cache.identify({ __typename: 'Order', id });
      if (evicted !== undefined) cache.evict({ id: evicted });
      cache.gc();
    },
  });
}

/** Every order that shows the user shows the new name: the answer updates the one user that they share. */
export function renameUser(client: ApolloClient, id: string, username: string) {
  return client.mutate({ mutation: RENAME_USER, variables: { id, username } });
}
