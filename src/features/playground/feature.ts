import { basename } from 'node:path';
import type { Feature } from '../../gateway/feature.js';
import { Asset } from './asset.js';
import { page, policy } from './page.js';

/** A year, the longest that has a meaning: other content has another address. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Answers a browser that opens the graph's address with an IDE (Ruru), and any other client as if it were not there. */
export const feature: Feature = {
  needsIntrospection: true,
  extendHttp: (app, graphPath) => {
    const asset = new Asset();
    const folder = `playground-${asset.version}`;

    app.addHook('onRequest', async (request, reply) => {
      const { method, routeOptions, headers } = request;
      if (method !== 'GET' || routeOptions.url !== graphPath || !wantsPage(headers.accept)) return undefined;
      const { html, policy: pagePolicy } = page(`./${basename(graphPath)}/${folder}/`);
      // Not to be kept, as nothing is: a nonce is for one answer.
      return reply
        .headers({ 'content-security-policy': pagePolicy, vary: 'accept' })
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
      reply.headers({ 'content-security-policy': policy("'self'"), 'cache-control': FOR_EVER });
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
