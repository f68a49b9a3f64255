import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print, type DocumentNode } from 'graphql';
import { gql } from '../support/gql.js';
import type { Given } from '../support/graph.js';

/** Asks the graph that is served on this port; what is no data is an error. A text is for what has no types. */
export async function ask<Data, Variables extends object>(
  port: string,
  operation: TypedDocumentNode<Data, Variables>,
  ...variables: Given<Variables>
): Promise<Data>;
export async function ask<T>(port: string, query: string, variables?: object): Promise<T>;
export async function ask(port: string, operation: DocumentNode | string, variables: object = {}): Promise<unknown> {
  const query = typeof operation === 'string' ? operation : print(operation);
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown };
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

const NEWEST_USER = gql(`query UserOfNewestOrder { orders(first: 1) { nodes { user { id } } } }`);
const CREATE = gql(`mutation CreateOrderByNumber($input: CreateOrderInput!) {
  createOrder(input: $input) { order { orderNumber } }
}`);
const NEWEST = gql(`query NewestOrder { orders(first: 1) { totalCount nodes { orderNumber } } }`);

/** Creates an order for the newest order's user and returns its number. */
export async function createOrder(port: string): Promise<string> {
  const { orders } = await ask(port, NEWEST_USER);
  const userId = orders?.nodes[0]?.user?.id;
  if (userId === undefined) throw new Error('the newest order has no user');
  const { createOrder } = await ask(port, CREATE, { input: { userId, total: '12.50' } });
  return createOrder.order.orderNumber;
}

/** How many orders there are, and the number of the newest. */
export async function newestOrder(port: string): Promise<{ count: number; orderNumber: string | undefined }> {
  const { orders } = await ask(port, NEWEST);
  return { count: orders?.totalCount ?? 0, orderNumber: orders?.nodes[0]?.orderNumber };
}
