import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastify, type FastifyError, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { CONSISTENCY_HEADER, looked } from '../copies/consistency.js';
import type { Platform } from '../platform/platform.js';
import { createScope, type Scope } from '../scope.js';
import { errorFormatter } from '../security/errors.js';
import { limitTime, sparingMutations } from '../security/time-limit.js';
import { USUAL_SECURITY, type SecuritySettings } from '../security/settings.js';
import type { Feature } from './feature.js';
import { draining, serveGraph } from './http.js';
import { buildGraph } from './schema.js';

const GRAPHQL_PATH = '/graphql';

/** How long a request's head and body may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT = 20_000;

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
}

/** Serves the graph over HTTP. What `listen` throws, it throws: when the port cannot be had, for one. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, port, production = false, features = [], security = USUAL_SECURITY } = options;
  const platform = features.reduce((one, { extendPlatform }) => extendPlatform?.(one) ?? one, options.platform);
  const app = fastify({
    requestTimeout: REQUEST_TIMEOUT,
    forceCloseConnections: 'idle',
    bodyLimit: security.limits.body * 1024,
  });
  const shows = !production || features.some(({ needsIntrospection = false }) => needsIntrospection);
  const apollo = createApollo({ platform, security, isHidden: !(security.introspection ?? shows), app });
  await apollo.start();
  answerInGraphql(app, platform.logger);
  app.get('/', (_request, reply) => reply.redirect(GRAPHQL_PATH));
  app.get('/health', () => ({ status: 'ok' }));
  limitTime(app, GRAPHQL_PATH, security.limits.seconds);
  for (const { extendHttp } of features) extendHttp?.(app, GRAPHQL_PATH, platform);
  const newScope = (consistencyToken: string | null) => looked(createScope(platform, { consistencyToken, production }));
  serveGraph(app, GRAPHQL_PATH, apollo, (headers) => newScope(headers.get(CONSISTENCY_HEADER) ?? null));
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
}

/** Apollo Server as the gateway runs it. */
export function createApollo({ platform, isHidden = false, app }: ApolloOptions): ApolloServer<Scope> {
  return new ApolloServer<Scope>({
    schema: buildGraph(),
    formatError: errorFormatter(platform.logger),
    includeStacktraceInErrorResponses: false,
    introspection: !isHidden,
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      sparingMutations,
      ...(app === undefined ? [] : [draining<Scope>(app)]),
    ],
  });
}

/** What fails before it reaches the graph is answered in the graph's own form. */
function answerInGraphql(app: FastifyInstance, logger: Logger): void {
  const answer = (message: string) => ({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
  app.setNotFoundHandler((_request, reply) => {
    void reply.code(404).send(answer(`nothing is here; the graph is at ${GRAPHQL_PATH}`));
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send(answer(error.message));
    logger.error({ err: error }, 'a request failed');
    return reply.code(500).send({
      errors: [{ message: 'A fault on our side', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
  });
}
