import { expect, test } from 'vitest';
import { ProjectCopy } from '../support/project-copy.js';
import { startServers } from '../support/servers.js';
import { freePort } from '../../src/platform/embedded/free-port.js';

test('CORS_ORIGINS is enough for other pages to ask, in production too, whatever FEATURES says', async () => {
  const project = await ProjectCopy.make();
  const { postgresUrl, mongoUrl, stop } = await startServers();
  try {
    const databases = { DATABASE_URL: postgresUrl, MONGODB_URI: mongoUrl };
    const migrate = project.npm(['run', 'migrate'], databases);
    expect(await migrate.ended(), migrate.output).toEqual({ code: 0, signal: null });
    const [port, origin] = [String(await freePort()), 'https://shop.example.com'];
    const production = { NODE_ENV: 'production', AUTH: 'none', FEATURES: 'none', CORS_ORIGINS: origin, PORT: port };
    const start = await project.start({ ...databases, ...production });
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', origin },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    start.signal('SIGTERM');
    await start.ended();
  } finally {
    await stop();
  }
});

test('an origin that is none is refused with what would be right, before anything is started', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], { CORS_ORIGINS: 'http://localhost:5173/app' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(/CORS_ORIGINS takes an origin without path.*: http:\/\/localhost:5173$/m);
  expect(start.stdout).not.toContain('Start PostgreSQL');
});
