import { ApolloClient, HttpLink } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { createCache } from './client.js';

/** Sends a query's hash instead of its text, by GET; mutations go by POST. */
export function createPersistingClient(uri: string): ApolloClient {
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
  return new ApolloClient({ link: persisted.concat(new HttpLink({ uri })), cache: createCache() });
}

/** Works where `crypto.subtle` is: on https pages, on localhost and in Node. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
