import underPressure from '@fastify/under-pressure';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config.js';
import { AppError } from '../../errors/app-error.js';
import type { Feature } from '../../gateway/feature.js';
import { refuseForNow } from '../../security/refusal.js';

/** How often the event loop is looked at, in milliseconds. */
const SAMPLE_INTERVAL = 500;
/** When who was refused may come again, in seconds. */
const RETRY_AFTER = 2;

/**
 * Refuses requests to the graph while the event loop is behind by more than it may: who is let in is answered in time.
 * Everything else (`/health`, `/metrics`) is answered still.
 */
export function feature({ security }: Pick<Config, 'security'>): Feature {
  return {
    extendHttp: (app, graphPath) => {
      void app.register(underPressure, {
        maxEventLoopDelay: security.eventLoopDelay,
        sampleInterval: SAMPLE_INTERVAL,
        // What it returns is sent; the library's types do not say so.
        pressureHandler: (request: FastifyRequest, reply: FastifyReply) => {
          if (request.routeOptions.url !== graphPath) return;
          const error = new AppError('OVERLOADED', `the gateway is overloaded; come again in ${RETRY_AFTER} s`);
          refuseForNow(reply, 503, error, RETRY_AFTER);
        },
      });
    },
  };
}
