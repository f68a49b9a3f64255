import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import type { Logger } from 'pino';
import { sendSafeHeaders } from './http-headers.js';
import { identify } from './identity.js';
import { limitBatches } from './limits/batch.js';
import { limitValues } from './limits/request-values.js';
import { refuseForeignHosts } from './loopback.js';
import type { Limits, SecuritySettings } from './settings.js';
import { refuseIdleReaders, withPatience, type Patience } from './slow-clients.js';
import { limitTime } from './time-limit.js';
import { answerInGraphql, refuseAddress, refuseUnreadable } from './unreadable-requests.js';

/** What a server is made with that bears slow clients, huge bodies and bytes that are no request. */
export function guardedServer(
  limits: Limits,
  patience: Patience,
): FastifyServerOptions & ReturnType<typeof withPatience> {
  return {
    ...withPatience(patience),
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, _request, reply) => {
      refuseAddress(error, reply);
    },
    bodyLimit: limits.body * 1024,
  };
}

/**
 * Everything that stands between a socket and the graph at `path`, in this order: nothing of a request is read before it is
 * known whose it is.
 *
 * @throws {IdentityError} for settings that cannot be used
 */
export async function guardHttp(
  app: FastifyInstance,
  path: string,
  parts: {
    readonly security: SecuritySettings;
    readonly patience: Patience;
    readonly production: boolean;
    readonly logger: Logger;
  },
): Promise<void> {
  const { security, patience, production, logger } = parts;
  sendSafeHeaders(app, production);
  refuseIdleReaders(app, patience);
  if (security.identity === null && !production) refuseForeignHosts(app);
  answerInGraphql(app, path, logger);
  await identify(app, path, security, { production, logger });
  limitBatches(app, path, security.limits.batch);
  limitValues(app, path);
  limitTime(app, path, security.limits.seconds);
}
