import { ApolloClient, HttpLink } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { createCache } from './client.js';

/** Asks in the name of who is signed in. For each request `token` is called: one that has been renewed is sent at once. */
export function createSignedInClient(uri: string, token: () => string | Promise<string>): ApolloClient {
  const signed = new SetContextLink(async ({ headers }) => ({
    headers: { ...(headers as object), authorization: `Bearer ${await token()}` },
  }));
  return new ApolloClient({ link: signed.concat(new HttpLink({ uri })), cache: createCache() });
}
