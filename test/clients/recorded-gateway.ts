import { afterAll, beforeAll } from 'vitest';
import type { Feature } from '../../src/gateway/feature.js';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import type { Platform } from '../../src/platform/platform.js';
import { USUAL_SECURITY } from '../../src/security/settings.js';

export interface RecordedGateway {
  readonly url: string;
  /** The methods and addresses of the requests that were received since the last call. */
  readonly received: () => { readonly method: string; readonly url: URL }[];
}

/**
 * The gateway on a free port for the tests of the file that calls it, with the requests that reached it.
 *
 * @param manifest of the only operations that it answers
 */
export function useGateway(
  databases: { readonly platform: Platform },
  manifest?: () => Promise<string>,
): RecordedGateway {
  let gateway: Gateway;
  const requests: ReturnType<RecordedGateway['received']> = [];
  const recorder: Feature = {
    extendHttp: (app) => {
      app.addHook('onRequest', async ({ method, url }) => {
        requests.push({ method, url: new URL(url, gateway.url) });
      });
    },
  };
  beforeAll(async () => {
    const { platform } = databases;
    const security = { ...USUAL_SECURITY, persistedOperations: (await manifest?.()) ?? null };
    gateway = await startGateway({ platform, host: '127.0.0.1', port: 0, features: [recorder], security });
  });
  afterAll(async () => gateway[Symbol.asyncDispose]());
  return {
    get url() {
      return gateway.url;
    },
    received: () => requests.splice(0),
  };
}
