import type { FastifyInstance, FastifyServerOptions } from 'fastify';

/** For how long a client is waited for, in milliseconds. */
export interface Patience {
  /** For a request's head, from the connection on, or from the request's first byte. */
  readonly head: number;
  /** For the whole request. */
  readonly request: number;
  /** How often it is looked for those that take longer: Node looks every 30 s unless told otherwise. */
  readonly look: number;
  /** For the next request on a connection: more than the 60 s of most proxies, which must be the first to hang up. */
  readonly next: number;
  /** For any of an answer to be taken. */
  readonly taking: number;
}

/** Who is slow is gone within 20 s: the time itself, and the time until it is looked at. */
export const USUAL_PATIENCE: Patience = { head: 10_000, request: 17_000, look: 2_000, next: 72_000, taking: 30_000 };

type HttpOptions = Pick<FastifyServerOptions, 'requestTimeout' | 'keepAliveTimeout'> & { http: object };

/** What the server is made with, so that a client that dawdles costs a socket, and that not for long. */
export function withPatience({ head, request, look, next }: Patience): HttpOptions {
  return {
    requestTimeout: request,
    keepAliveTimeout: next,
    http: { headersTimeout: head, connectionsCheckingInterval: look },
  };
}

/** Closes connections whose client takes nothing of its answer, which is kept in memory meanwhile. */
export function refuseIdleReaders(app: FastifyInstance, { taking }: Patience): void {
  app.addHook('onSend', async (_request, reply) => {
    // Node itself puts the time for the next request in this one's place once the answer is out.
    reply.raw.setTimeout(taking);
  });
}
