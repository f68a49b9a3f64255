import type { FastifyInstance } from 'fastify';

/** What no browser is to do with an answer, whatever it holds: run it, frame it, guess its type, keep it. */
export const SAFE_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** Half a year, of this host alone: others below it are somebody else's. */
const HTTPS_ONLY = 'max-age=15552000';

/**
 * Puts the safe headers on every answer, errors too; what serves something else (a page, a file) sets its own in their
 * place.
 *
 * Browsers are told to come by https only where the request came by https (the proxy before the gateway says so) in
 * production: over http they do not listen, and on localhost it would shut out everything else that is developed there.
 */
export function sendSafeHeaders(app: FastifyInstance, production: boolean): void {
  app.addHook('onRequest', async ({ headers }, reply) => {
    reply.headers(SAFE_HEADERS);
    const forwarded = String(headers['x-forwarded-proto'] ?? '');
    if (production && /^https\b/i.test(forwarded)) reply.header('strict-transport-security', HTTPS_ONLY);
  });
}
