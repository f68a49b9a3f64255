import type { FastifyInstance } from 'fastify';
import { refuse } from '../refusal.js';
import { tooManyOperations } from './refusal.js';

/** Refuses a request with too many operations, before the first of them is looked at. Each has the other limits. */
export function limitBatches(app: FastifyInstance, graphPath: string, limit: number): void {
  app.addHook('preHandler', async ({ routeOptions, body }, reply) => {
    if (routeOptions.url !== graphPath || !Array.isArray(body) || body.length <= limit) return undefined;
    const { message, code, details } = tooManyOperations(limit, body.length);
    return refuse(reply, 400, code, message, details);
  });
}
