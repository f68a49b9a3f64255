import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { refuse } from './refusal.js';

/** An address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|(?:::ffff:)?127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

/** Where proxies say whom they ask for, and by which name they were asked. */
const FORWARDED = ['x-forwarded-for', 'x-forwarded-host'] as const;

/** A proxy of this machine asks by one of its names, whoever is behind it. */
function comesFromHere(headers: IncomingHttpHeaders): boolean {
  const named = FORWARDED.flatMap((name) => String(headers[name] ?? '').split(','));
  return [headers.host ?? '', ...named.map((one) => one.trim()).filter((one) => one !== '')]
    .map((one) => one.replace(/^([^:]*|\[.*\]):\d{1,5}$/, '$1'))
    .every(isLoopback);
}

/**
 * Serves who asks for this machine by one of its own names, and nobody else. A foreign page could have its own name lead
 * to 127.0.0.1 (DNS rebinding), and would then be the graph's own origin to a browser here; its name gives it away. So does
 * a proxy that others come in by, where it says for whom it asks.
 */
export function refuseForeignHosts(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers }, reply) => {
    if (comesFromHere(headers)) return undefined;
    const message =
      'Without an identity provider the graph is served to this machine only, as localhost, 127.0.0.1 or [::1], and this ' +
      'request named another host; set AUTH_JWKS_URL or AUTH_PUBLIC_KEY, or AUTH=none, which lets anybody in.';
    return refuse(reply, 421, 'HOST_REFUSED', message);
  });
}
