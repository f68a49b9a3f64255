import { Client, fetchExchange } from '@urql/core';

/** Queries go by GET. Without the header such a request is refused: any page could make a browser send it. */
export function createUrqlClient(url: string): Client {
  return new Client({
    url,
    exchanges: [fetchExchange],
    preferGetMethod: true,
    fetchOptions: { headers: { 'apollo-require-preflight': 'true' } },
  });
}
