import { expect, test } from 'vitest';
import { feature } from '../../../src/features/playground/feature.js';
import { startGateway } from '../../../src/gateway/server.js';
import { useDatabases } from '../../support/databases.js';

const databases = useDatabases();

async function pageFor(headers: Record<string, string>): Promise<Response> {
  await using gateway = await startGateway({
    platform: databases.platform,
    host: '127.0.0.1',
    port: 0,
    features: [feature],
  });
  const response = await fetch(gateway.url, { headers });
  return new Response(await response.text(), response);
}

test('a browser gets a page with the sample query that asks nothing of other hosts', async () => {
  const response = await pageFor({ accept: 'text/html,*/*' });
  const page = await response.text();
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page).toContain('orders(first: 50)');
  expect(page).not.toMatch(/https?:\/\//);
});

test('who asks for JSON gets none', async () => {
  const response = await pageFor({ accept: 'application/json', 'apollo-require-preflight': 'yes' });
  expect(response.headers.get('content-type')).toContain('json');
});
