import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastify, type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { CONSISTENCY_HEADER, looked } from '../copies/consistency.js';
import type { Platform } from '../platform/platform.js';
import { POLICY } from '../policy.js';
import { createScope, type Scope } from '../scope.js';
import { errorFormatter } from '../security/errors.js';
import { actorOf, identify, refusingStrangers } from '../security/identity.js';
import { oneError } from '../security/hidden-schema.js';
import { sendSafeHeaders } from '../security/http-headers.js';
import { refuseForeignHosts } from '../security/loopback.js';
import { policed } from '../security/policed-schema.js';
import { PersistedOperations } from '../security/persisted-operations.js';
import { refuse } from '../security/refusal.js';
import { limitBatches } from '../security/limits/batch.js';
import { costLimit } from '../security/limits/cost-limit.js';
import { explainingLimits } from '../security/limits/parsing.js';
import { shapeRule } from '../security/limits/shape-rule.js';
import { limitTime, sparingMutations } from '../security/time-limit.js';
import { USUAL_SECURITY, type SecuritySettings } from '../security/settings.js';
import { refuseIdleReaders, USUAL_PATIENCE, withPatience, type Patience } from '../security/slow-clients.js';
import { refuseAddress, refuseUnreadable } from '../security/unreadable-requests.js';
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
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { patience = USUAL_PATIENCE } = options;
  const { host, port, production = false, features = [], security = USUAL_SECURITY } = options;
  const platform = features.reduce((one, { extendPlatform }) => extendPlatform?.(one) ?? one, options.platform);
  const app = fastify({
    ...withPatience(patience),
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, _request, reply) => {
      refuseAddress(error, reply);
    },
    forceCloseConnections: 'idle',
    bodyLimit: security.limits.body * 1024,
  });
  const shows = !production || features.some(({ needsIntrospection = false }) => needsIntrospection);
  const { persistedOperations: manifest, introspection } = security;
  const schema = policed(buildGraph(), POLICY);
  const persisted = manifest === null ? null : new PersistedOperations(manifest, schema);
  const apollo = createApollo({ platform, security, isHidden: !(introspection ?? shows), app, schema });
  await apollo.start();
  sendSafeHeaders(app, production);
  refuseIdleReaders(app, patience);
  if (security.identity === null && !production) refuseForeignHosts(app);
  answerInGraphql(app, platform.logger);
  app.get('/', (_request, reply) => reply.redirect(GRAPHQL_PATH));
  app.get('/health', () => ({ status: 'ok' }));
  await identify(app, GRAPHQL_PATH, security, { production, logger: platform.logger });
  limitBatches(app, GRAPHQL_PATH, security.limits.batch);
  limitTime(app, GRAPHQL_PATH, security.limits.seconds);
  for (const { extendHttp } of features) extendHttp?.(app, GRAPHQL_PATH, platform);
  const newScope = (request: FastifyRequest) => {
    const token = [request.headers[CONSISTENCY_HEADER] ?? []].flat().join(', ');
    return looked(createScope(platform, { actor: actorOf(request), consistencyToken: token === '' ? null : token }));
  };
  serveGraph(app, GRAPHQL_PATH, apollo, newScope, persisted);
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
  return new ApolloServer<Scope>({
    schema,
    parseOptions: { maxLexicalTokens: limits.tokens },
    validationRules: [shapeRule(limits)],
    allowBatchedHttpRequests: limits.batch > 1,
    formatError: explainingLimits(limits, errorFormatter(platform.logger, isHidden)),
    includeStacktraceInErrorResponses: false,
    introspection: !isHidden,
    hideSchemaDetailsFromClientErrors: isHidden,
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ...(isHidden ? [oneError<Scope>()] : []),
      refusingStrangers,
      costLimit<Scope>(limits.cost),
      sparingMutations,
      ...(app === undefined ? [] : [draining<Scope>(app)]),
    ],
  });
}

/** What fails before it reaches the graph is answered in the graph's own form. */
function answerInGraphql(app: FastifyInstance, logger: Logger): void {
  app.setNotFoundHandler((_request, reply) => {
    void refuse(reply, 404, 'BAD_REQUEST', `nothing is here; the graph is at ${GRAPHQL_PATH}`);
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return refuse(reply, status, 'BAD_REQUEST', error.message);
    logger.error({ err: error }, 'a request failed');
    return refuse(reply, 500, 'INTERNAL_SERVER_ERROR', 'A fault on our side');
  });
}
