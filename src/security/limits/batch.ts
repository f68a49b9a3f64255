import type { FastifyInstance } from 'fastify';
import { refuseBy } from '../refusal.js';
import { tooManyOperations } from './refusal.js';

/** Refuses a request with too many operations, before the first of them is looked at. Each has the other limits. */
export function limitBatches(app: FastifyInstance, graphPath: string, limit: number): void {
  app.addHook('preHandler', async ({ routeOptions, body }, reply) => {
    if (routeOptions.url !== graphPath || !Array.isArray(body) || body.length <= limit) return undefined;
    return refuseBy(reply, 400, tooManyOperations(limit, body.length));
  });
}
