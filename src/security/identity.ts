import type { ApolloServerPlugin } from '@apollo/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Kind } from 'graphql';
import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';
import type { Access } from './access.js';
import { ANYBODY, PROGRAM, STRANGER, type Actor } from './actor.js';
import { refuseBy } from './refusal.js';
import type { SecuritySettings } from './settings.js';
import { createIdentify } from './tokens.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, once the request has said so. */
    actor: Actor | null;
    /** Under what a known actor is counted. */
    actorKey?: string;
    /** What is wrong with the token that it brought. */
    identityError: AppError | null;
  }
}

const STATUS = { UNAUTHENTICATED: 401, IDENTITY_UNAVAILABLE: 503 } as const;

/** What a client hears that has brought no token. RFC 6750: an error is only named where there was one. */
const NO_TOKEN = 'the header authorization has to bring a token: "Bearer ..."';

/**
 * Finds out who asks before anything else of a request is read, and gives each its actor. Without an identity provider
 * that is anybody, who in development may do everything, and in production all but what is an admin's. Who brings a token
 * that is not taken is refused before its body is read, and behind what counts requests.
 *
 * @throws {IdentityError} for settings that cannot be used
 */
export async function identify(
  app: FastifyInstance,
  path: string,
  { identity }: SecuritySettings,
  { production, logger }: { readonly production: boolean; readonly logger: Logger },
): Promise<void> {
  app.decorateRequest('actor', null);
  app.decorateRequest('identityError', null);
  const anybody = production ? ANYBODY : PROGRAM;
  const identifyBy = identity === null || identity === 'none' ? null : await createIdentify(identity);
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.url !== path || request.method === 'OPTIONS') return;
    try {
      request.actor = identifyBy === null ? anybody : ((await identifyBy(request.headers.authorization)) ?? STRANGER);
      if (request.actor.isBound && request.actor.isKnown) request.actorKey = request.actor.name;
    } catch (error) {
      if (!(error instanceof AppError) || !(error.code in STATUS)) throw error;
      request.identityError = error;
    }
  });
  const log = oncePer(LOG_PAUSE, (error: AppError) => {
    logger.error({ err: error.cause }, error.message);
  });
  app.addHook('preParsing', async ({ identityError: error }, reply) => {
    if (error === null) return undefined;
    if (error.code === 'IDENTITY_UNAVAILABLE') log(error);
    // Of a token that could not be checked it is not said: clients throw away what is called invalid.
    else void reply.header('www-authenticate', 'Bearer error="invalid_token"');
    return refuseBy(reply, STATUS[error.code as keyof typeof STATUS], error);
  });
}

/** How often it is logged that nobody's token can be checked, in milliseconds. */
const LOG_PAUSE = 10_000;

function oncePer<T>(pause: number, act: (value: T) => void): (value: T) => void {
  let last = -Infinity;
  return (value) => {
    if (performance.now() - last < pause) return;
    last = performance.now();
    act(value);
  };
}

/** Who asks; whoever comes in by another way than the graph's address is a stranger. */
export function actorOf({ actor }: FastifyRequest): Actor {
  return actor ?? STRANGER;
}

/**
 * Refuses strangers, before anything is run. What asks for the schema alone is answered where that is shown at all: tools
 * ask for it before anybody has signed in.
 */
export const refusingStrangers: ApolloServerPlugin<{ readonly access: Access }> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ contextValue, operation, response: { http } }) => {
        if (contextValue.access.actor.isKnown) return Promise.resolve();
        const selections = operation?.selectionSet.selections ?? [];
        const isAboutSchema = selections.every((one) => one.kind === Kind.FIELD && one.name.value.startsWith('__'));
        if (isAboutSchema && selections.length > 0) return Promise.resolve();
        http.status = STATUS.UNAUTHENTICATED;
        http.headers.set('www-authenticate', 'Bearer');
        throw new AppError('UNAUTHENTICATED', NO_TOKEN);
      },
    }),
};
