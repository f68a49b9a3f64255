import { ClientError, GraphQLClient } from 'graphql-request';
import { gql } from './gql/gql.js';

const USER_OF_ORDER = gql(`
  query UserOfOrder($id: ID!) {
    order(id: $id) { orderNumber user { username email } }
  }
`);

/** Whose order it is, or the code of what went wrong. */
export async function userOfOrder(url: string, id: string) {
  try {
    const { order } = await new GraphQLClient(url).request(USER_OF_ORDER, { id });
    return order?.user?.username ?? 'nobody';
  } catch (error) {
    if (error instanceof ClientError) return error.response.errors?.[0]?.extensions['code'];
    throw error;
  }
}
