import type { FastifyInstance, FastifyRequest } from 'fastify';
import { fromJson, isObject, own } from '../json.js';
import { refuse, refuseBy } from '../refusal.js';
import { tooDeep } from './refusal.js';

/** Levels that the values of a request may have: what reads them goes down by recursion, and the stack has an end. */
const MAX_NESTING = 250;

/**
 * Refuses a request whose values nothing behind it could go through: nested deeper than the stack, or a hash of a
 * persisted query that is no text, from which Apollo Server makes one.
 */
export function limitValues(app: FastifyInstance, graphPath: string): void {
  app.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.url !== graphPath) return undefined;
    const asked = askedIn(request);
    if (isNestedDeeper(asked, MAX_NESTING)) return refuseBy(reply, 400, tooDeep());
    if (asked.every(hasReadableHash)) return undefined;
    return refuse(
      reply,
      400,
      'BAD_REQUEST',
      'extensions.persistedQuery.sha256Hash takes a text: the hash of the query',
    );
  });
}

/** Every operation of a request; of one in the address, what stands there as JSON: what is none is refused later for that. */
function askedIn({ body, url }: FastifyRequest): readonly unknown[] {
  if (body !== undefined && body !== null) return Array.isArray(body) ? body : [body];
  const { searchParams } = new URL(url, 'http://localhost');
  return [{ variables: fromJson(searchParams.get('variables')), extensions: fromJson(searchParams.get('extensions')) }];
}

/** Level by level, without recursion of its own. */
function isNestedDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isObject);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((one) => Object.values(one) as unknown[]).filter(isObject);
  }
  return false;
}

function hasReadableHash(asked: unknown): boolean {
  const hash = own(own(own(asked, 'extensions'), 'persistedQuery'), 'sha256Hash');
  return hash === undefined || typeof hash === 'string';
}
