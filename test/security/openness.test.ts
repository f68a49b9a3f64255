import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.js';
import { openness, refuseUndecided } from '../../src/security/openness.js';

const settings = (variables: Record<string, string>) => loadConfig(variables, '/nowhere/.env');
const start = (variables: Record<string, string>) => refuseUndecided(settings(variables));
const KEYS = {
  AUTH_JWKS_URL: 'https://id.example.com/keys',
  AUTH_ISSUER: 'https://id.example.com',
  AUTH_AUDIENCE: 'shop',
};

test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])(
  'in development it starts on %s, and says who may ask',
  async (HOST) => {
    await start({ HOST });
    expect(openness(settings({ HOST }))).toMatch(/^Anybody on this machine may ask; AUTH_JWKS_URL or AUTH_PUBLIC_KEY/);
  },
);

test.each(['0.0.0.0', '::', '10.0.0.7', 'db.internal', 'localhost.example.com', '127.0.0.1.example.com'])(
  'in development it does not start on %s until somebody has decided who may ask',
  async (HOST) => {
    await expect(start({ HOST })).rejects.toThrow(ConfigError);
    await expect(start({ HOST })).rejects.toThrow(
      /^ {2}HOST takes 127\.0\.0\.1.*AUTH_JWKS_URL or AUTH_PUBLIC_KEY.*AUTH=none/m,
    );
    await start({ HOST, AUTH: 'none' });
    await start({ HOST, ...KEYS });
  },
);

test.each(['127.0.0.1', '0.0.0.0'])(
  'in production it starts nowhere, as on %s, until somebody has decided',
  async (HOST) => {
    const NODE_ENV = 'production';
    await expect(start({ NODE_ENV, HOST })).rejects.toThrow(ConfigError);
    await expect(start({ NODE_ENV, HOST })).rejects.toThrow(/AUTH_JWKS_URL or AUTH_PUBLIC_KEY.*AUTH=none/);
    await start({ NODE_ENV, HOST, AUTH: 'none' });
    await start({ NODE_ENV, HOST, ...KEYS });
  },
);

test('that anybody may ask is said, and nothing where tokens are checked', () => {
  expect(openness(settings({ AUTH: 'none', NODE_ENV: 'production' }))).toMatch(/Anybody.*AUTH is none in production/);
  expect(openness(settings({ AUTH: 'none' }))).toMatch(/Anybody.*AUTH is none$/);
  expect(openness(settings({ ...KEYS }))).toBeNull();
});

test('a key that is none is refused before anything is started', async () => {
  const given = { AUTH_PUBLIC_KEY: '/nowhere/key.pem', AUTH_ISSUER: 'https://id.example.com', AUTH_AUDIENCE: 'shop' };
  await expect(start(given)).rejects.toThrow(/AUTH_PUBLIC_KEY takes a public key in PEM/);
});
