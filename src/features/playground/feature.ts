import { basename } from 'node:path';
import type { Feature } from '../../gateway/feature.js';
import { Asset } from './asset.js';
import { page, policy } from './page.js';

/** A year, the longest that has a meaning: other content has another address. */
const FOR_EVER = 'public, max-age=31536000, immutable';

const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Answers a browser that opens the graph's address with an IDE (Ruru), and any other client as if it were not there. */
export const feature: Feature = {
  needsIntrospection: true,
  extendHttp: (app, graphPath) => {
    const asset = new Asset();
    const folder = `playground-${asset.version}`;
    const { html, policy: pagePolicy } = page(`./${basename(graphPath)}/${folder}/`);

    app.addHook('onRequest', async (request, reply) => {
      const { method, routeOptions, headers } = request;
      if (method !== 'GET' || routeOptions.url !== graphPath || !wantsPage(headers.accept)) return undefined;
      return reply
        .headers({
          ...SAFE_HEADERS,
          'content-security-policy': pagePolicy,
          'cache-control': 'no-cache',
          vary: 'accept',
        })
        .type('text/html; charset=utf-8')
        .send(html);
    });

    app.get<{ Params: { file: string } }>(`${graphPath}/${folder}/:file`, async (request, reply) => {
      const file = await asset.find(request.params.file, request.headers['accept-encoding']);
      if (file === null) {
        reply.callNotFound();
        return reply;
      }
      const etag = `"${asset.version}-${file.encoding}"`;
      reply.headers({ ...SAFE_HEADERS, 'content-security-policy': policy("'self'"), 'cache-control': FOR_EVER });
      reply.headers({ etag, vary: 'accept-encoding' });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      if (file.encoding !== 'identity') reply.header('content-encoding', file.encoding);
      return reply.type(file.type).send(file.content);
    });
  },
};

/** A browser names HTML and no JSON; a client that names both is a program. */
function wantsPage(accept = ''): boolean {
  return accept.includes('text/html') && !accept.includes('json');
}
