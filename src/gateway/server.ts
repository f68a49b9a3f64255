import type { AddressInfo } from 'node:net';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { CONSISTENCY_HEADER } from '../copies/consistency.js';
import type { Platform } from '../platform/platform.js';
import { POLICY } from '../policy.js';
import { createScope, type Scope } from '../scope.js';
import { guardedOperations } from '../security/guarded-operations.js';
import { guardedServer, guardHttp } from '../security/guarded-http.js';
import { actorOf } from '../security/identity.js';
import { policed } from '../security/policed-schema.js';
import { PersistedOperations } from '../security/persisted-operations.js';
import { USUAL_SECURITY, type SecuritySettings } from '../security/settings.js';
import { USUAL_PATIENCE, type Patience } from '../security/slow-clients.js';
import type { Feature } from './feature.js';
import { draining, serveGraph } from './http.js';
import { buildGraph } from './schema.js';

const GRAPHQL_PATH = '/graphql';

/** A running gateway. Disposing of it lets the requests under way finish, then stops. */
export interface Gateway extends AsyncDisposable {
  /** Where the graph is, as a browser on this machine would reach it. */
  readonly url: string;
  /** Answers operations without HTTP, as it answers them over it. */
  readonly apollo: ApolloServer<Scope>;
}

export interface GatewayOptions {
  readonly platform: Platform;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly production?: boolean;
  readonly features?: readonly Feature[];
  readonly security?: SecuritySettings;
  readonly patience?: Patience;
}

/**
 * Serves the graph over HTTP. What `listen` throws, it throws: when the port cannot be had, for one.
 *
 * @throws {ConfigError} for a manifest of persisted operations that does not fit the graph
 * @throws {IdentityError} for an identity provider's settings that cannot be used
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { patience = USUAL_PATIENCE } = options;
  const { host, port, production = false, features = [], security = USUAL_SECURITY } = options;
  const platform = features.reduce((one, { extendPlatform }) => extendPlatform?.(one) ?? one, options.platform);
  const app = fastify({ ...guardedServer(security.limits, patience), forceCloseConnections: 'idle' });
  const shows = !production || features.some(({ needsIntrospection = false }) => needsIntrospection);
  const { persistedOperations: manifest, introspection } = security;
  const schema = policed(buildGraph(), POLICY);
  const persisted = manifest === null ? null : new PersistedOperations(manifest, schema);
  const apollo = createApollo({ platform, security, isHidden: !(introspection ?? shows), app, schema });
  await guardHttp(app, GRAPHQL_PATH, { security, patience, production, logger: platform.logger });
  app.get('/', (_request, reply) => reply.redirect(GRAPHQL_PATH));
  app.get('/health', () => ({ status: 'ok' }));
  for (const { extendHttp } of features) extendHttp?.(app, GRAPHQL_PATH, platform);
  const newScope = (request: FastifyRequest) => {
    const token = [request.headers[CONSISTENCY_HEADER] ?? []].flat().join(', ');
    return createScope(platform, { actor: actorOf(request), consistencyToken: token === '' ? null : token });
  };
  serveGraph(app, GRAPHQL_PATH, apollo, newScope, persisted);
  await apollo.start();
  try {
    await app.listen({ host, port });
  } catch (error) {
    await apollo.stop();
    throw error;
  }
  const { port: bound } = app.server.address() as AddressInfo;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return { url: `http://${shown}:${bound}${GRAPHQL_PATH}`, apollo, [Symbol.asyncDispose]: () => apollo.stop() };
}

interface ApolloOptions {
  readonly platform: Platform;
  readonly security?: SecuritySettings;
  /** Whether the schema is nobody's business. */
  readonly isHidden?: boolean;
  /** Absent for callers that have no HTTP. */
  readonly app?: FastifyInstance;
  /** Made anew where the caller has none yet. */
  readonly schema?: GraphQLSchema;
}

/** Apollo Server as the gateway runs it. */
export function createApollo(options: ApolloOptions): ApolloServer<Scope> {
  const { platform, isHidden = false, app, security: { limits } = USUAL_SECURITY } = options;
  const { schema = policed(buildGraph(), POLICY) } = options;
  const guarded = guardedOperations<Scope>(limits, isHidden, platform.logger);
  return new ApolloServer<Scope>({
    schema,
    ...guarded,
    logger: platform.logger,
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ...guarded.plugins,
      lookingAtCopies,
      ...(app === undefined ? [] : [draining<Scope>(app)]),
    ],
  });
}

/** Behind whatever refuses an operation: finding out whether copies are as late as its caller has to see them is a query. */
const lookingAtCopies: ApolloServerPlugin<Scope> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: async ({ contextValue: { access, consistency } }) => {
        if (access.actor.isKnown) await consistency.look();
      },
    }),
};
