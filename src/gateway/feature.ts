import type { FastifyInstance } from 'fastify';
import type { Platform } from '../platform/platform.js';

/** Something optional: `src/features/<name>/feature.ts` exports one as `feature`. The core runs without any of them. */
export interface Feature {
  /** True where it is of no use without introspection, which it then switches on in production too. */
  readonly needsIntrospection?: boolean;
  /** Adds routes and hooks to the HTTP server, before the graph's own. */
  readonly extendHttp?: (app: FastifyInstance, graphPath: string, platform: Platform) => void;
  /** Puts something around what every request shares. */
  readonly extendPlatform?: (platform: Platform) => Platform;
}
