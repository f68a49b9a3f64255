import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../../config.js';
import { AppError } from '../../errors/app-error.js';
import type { Feature } from '../../gateway/feature.js';
import { refuseForNow } from '../../security/refusal.js';

const MINUTE = 60_000;

/**
 * Answers each caller so many requests to the graph in a minute, and no more. Every process counts for itself, and in
 * memory.
 */
export function feature({ security: { rateLimit: max } }: Pick<Config, 'security'>): Feature {
  return {
    extendHttp: (app, graphPath) => {
      void app.register(rateLimit, { global: false, max, timeWindow: MINUTE, keyGenerator: keyOf });
      let count: ReturnType<typeof app.createRateLimit> | undefined;
      app.addHook('onRequest', async (request, reply) => {
        if (request.routeOptions.url !== graphPath) return undefined;
        const counted = await (count ??= app.createRateLimit())(request);
        if (counted.isAllowed || !counted.isExceeded) return undefined;
        const message = `one takes ${max} requests in a minute; come again in ${counted.ttlInSeconds} s`;
        return refuseForNow(reply, 429, new AppError('RATE_LIMITED', message), counted.ttlInSeconds);
      });
    },
  };
}

/** Whose request it is: of who has proved an identity, that one's; else of the address. */
function keyOf({ actorKey, ip }: FastifyRequest): string {
  return actorKey === undefined ? `address ${rateLimit.normalizeIP(ip)}` : `actor ${actorKey}`;
}
