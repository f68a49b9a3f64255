import { expect, onTestFinished, test } from 'vitest';
import { feature } from '../../../src/features/rate-limit/feature.js';
import { startGateway } from '../../../src/gateway/server.js';
import { USUAL_SECURITY } from '../../../src/security/settings.js';
import { EVERY_CLIENT } from '../../clients/every-client.js';
import { useDatabases } from '../../support/databases.js';

const databases = useDatabases();

test.each(EVERY_CLIENT)('%s reads RATE_LIMITED of who asks too often', async (_, ask) => {
  const limited = feature({ security: { ...USUAL_SECURITY, rateLimit: 1 } });
  const { platform } = databases;
  const gateway = await startGateway({ platform, host: '127.0.0.1', port: 0, features: [limited] });
  onTestFinished(() => gateway[Symbol.asyncDispose]());
  const question = { url: gateway.url, text: '{ orders { totalCount } }', token: null };
  expect((await ask(question)).problems).toEqual([]);
  expect(await ask(question)).toEqual({ data: null, problems: [['RATE_LIMITED', '']] });
});
