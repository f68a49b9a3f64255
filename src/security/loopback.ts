import type { FastifyInstance } from 'fastify';
import { refuse } from './refusal.js';

/** An address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

/**
 * Serves who asks for this machine by one of its own names, and nobody else. A foreign page could have its own name lead
 * to 127.0.0.1 (DNS rebinding), and would then be the graph's own origin to a browser here; its name gives it away.
 */
export function refuseForeignHosts(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers: { host = '' } }, reply) => {
    if (isLoopback(host.replace(/:\d{1,5}$/, ''))) return undefined;
    const message =
      'Without an identity provider the graph is served to this machine only, as localhost, 127.0.0.1 or [::1], and this ' +
      'request named another host; set AUTH_JWKS_URL or AUTH_PUBLIC_KEY, or AUTH=none, which lets anybody in.';
    return refuse(reply, 421, 'HOST_REFUSED', message);
  });
}
