import { ApolloClient, HttpLink, InMemoryCache, type FieldMergeFunction, type FieldPolicy } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';

const pages = relayStylePagination(['where', 'orderBy']);
const addPage = pages.merge as FieldMergeFunction<unknown>;

/** One list for each filter and sort, to which pages are added. A list that could not be read is null, not empty. */
const list: FieldPolicy<unknown> = {
  ...(pages as FieldPolicy<unknown>),
  merge: (existing = null, incoming, options) => (incoming === null ? existing : addPage(existing, incoming, options)),
};

export function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      Query: { fields: { orders: list, users: list, transactions: list } },
      User: { fields: { orders: list, transactions: list } },
      Order: { fields: { transactions: list } },
    },
  });
}

export function createClient(uri: string): ApolloClient {
  return new ApolloClient({ link: new HttpLink({ uri }), cache: createCache() });
}
