import { Readable } from 'node:stream';
import { HeaderMap, type ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UNLISTED, type PersistedOperations } from '../security/persisted-operations.js';
import { refuse } from '../security/refusal.js';

/** How long requests under way may take while the server stops, in milliseconds. */
const DRAIN_PATIENCE = 10_000;

/**
 * Serves the graph at a path, by the interface that Apollo Server has for whoever brings the HTTP: every operation, or the
 * persisted ones alone.
 */
export function serveGraph<C extends BaseContext>(
  app: FastifyInstance,
  path: string,
  apollo: ApolloServer<C>,
  newContext: (request: FastifyRequest) => C,
  persisted: PersistedOperations | null = null,
): void {
  app.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: path,
    handler: async (incoming, reply) => {
      const { method, url, headers: given, body: sent } = incoming;
      const request = { search: new URL(url, 'http://localhost').search, body: sent };
      const asked = persisted === null ? request : persisted.textual(request);
      if (asked === null) return refuse(reply, 400, 'PERSISTED_OPERATION_UNKNOWN', UNLISTED);
      const headers = new HeaderMap();
      for (const [name, value] of Object.entries(given)) headers.set(name, [value ?? ''].flat().join(', '));
      const httpGraphQLRequest = { method, headers, ...asked };
      const answer = await apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest,
        context: () => Promise.resolve(newContext(incoming)),
      });
      const { body, status = 200 } = answer;
      return reply
        .code(status)
        .headers(Object.fromEntries(answer.headers))
        .send(body.kind === 'complete' ? body.string : Readable.from(body.asyncIterator));
    },
  });
}

/** Stopping lets the requests under way finish. */
export function draining<C extends BaseContext>(app: FastifyInstance): ApolloServerPlugin<C> {
  const drainServer = async () => {
    const timer = setTimeout(() => {
      app.server.closeAllConnections();
    }, DRAIN_PATIENCE);
    await app.close();
    clearTimeout(timer);
  };
  return { serverWillStart: () => Promise.resolve({ drainServer }) };
}
