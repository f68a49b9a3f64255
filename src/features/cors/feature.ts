import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config.js';
import type { Feature } from '../../gateway/feature.js';
import { checkedOrigins } from './origins.js';

/** What a page may send beside what every page may. */
const REQUEST_HEADERS = [
  'content-type',
  'authorization',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'apollographql-client-name',
  'apollographql-client-version',
  'x-consistency-token',
  'x-operation-cost',
];

/** What it may read of an answer beside what every page may. */
const RESPONSE_HEADERS = 'retry-after, www-authenticate';

/** The answer to a preflight; browsers keep it for two hours at most. */
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': REQUEST_HEADERS.join(', '),
  'access-control-max-age': '7200',
};

/**
 * Lets pages of the origins in CORS_ORIGINS, and of no other, read the graph's answers. Without credentials: what a
 * browser sends by itself, cookies above all, is nothing that the graph goes by.
 *
 * @throws {ConfigError} for what is no origin
 */
export function feature({ corsOrigins }: Pick<Config, 'corsOrigins'>): Feature {
  const origins = checkedOrigins(corsOrigins);
  const isListed = ({ headers }: FastifyRequest) => headers.origin !== undefined && origins.has(headers.origin);
  return {
    extendHttp: (app, graphPath) => {
      app.addHook('onRequest', async (request, reply) => {
        if (request.routeOptions.url !== graphPath || !isPreflight(request)) return undefined;
        return reply
          .code(204)
          .headers(isListed(request) ? PREFLIGHT : {})
          .send();
      });
      // At the very end, so that no other answer (the playground's page, an error) goes without.
      app.addHook('onSend', async (request, reply) => {
        if (request.routeOptions.url !== graphPath) return;
        varyByOrigin(reply);
        if (!isListed(request)) return;
        reply.header('access-control-allow-origin', request.headers.origin);
        if (!isPreflight(request)) reply.header('access-control-expose-headers', RESPONSE_HEADERS);
      });
    },
  };
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Else a cache would give one origin's answer to another. */
function varyByOrigin(reply: FastifyReply): void {
  const others = reply.getHeader('vary');
  reply.header('vary', others === undefined ? 'origin' : `${String(others)}, origin`);
}
