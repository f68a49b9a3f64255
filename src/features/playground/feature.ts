import type { Feature } from '../../gateway/feature.js';
import { PAGE } from './page.js';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";

/** Answers a browser that opens the graph's address with a page on which a query can be run. */
export const feature: Feature = {
  extendHttp: (app, graphPath) => {
    app.addHook('onRequest', async (request, reply) => {
      const wantsPage = request.headers.accept?.includes('text/html') === true;
      if (request.method !== 'GET' || request.url !== graphPath || !wantsPage) return undefined;
      return reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(PAGE);
    });
  },
};
