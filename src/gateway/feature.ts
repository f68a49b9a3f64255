import type { FastifyInstance } from 'fastify';

/** Something optional: `src/features/<name>/feature.ts` exports one as `feature`. The core runs without any of them. */
export interface Feature {
  /** Adds routes and hooks to the HTTP server, before the graph's own. */
  readonly extendHttp: (app: FastifyInstance, graphPath: string) => void;
}
