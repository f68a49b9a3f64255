import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError, loadConfig } from '../src/config.js';
import { maskedUrl } from '../src/platform/address.js';

const NO_FILE = '/nowhere/.env';

function refusal(variables: Record<string, string>): string {
  try {
    loadConfig(variables, NO_FILE);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('loadConfig', () => {
  test('nothing set means embedded databases on the loopback', () => {
    expect(loadConfig({}, NO_FILE)).toMatchObject({
      databaseUrl: null,
      mongodbUri: null,
      host: '127.0.0.1',
      port: 4000,
    });
  });

  test('every wrong variable is named at once, with what would be right', () => {
    const message = refusal({ DATABASE_URL: 'mysql://x', MONGODB_URI: 'mongo', PORT: '70000', LOG_LEVEL: 'loud' });
    for (const name of ['DATABASE_URL', 'MONGODB_URI', 'PORT', 'LOG_LEVEL']) expect(message).toContain(name);
    expect(message).toContain('postgresql://user:password@host:5432/database');
  });

  test('a wrong value is not repeated: it may hold a secret', () => {
    expect(refusal({ DATABASE_URL: 'mysql://root:hunter2@db/x' })).not.toContain('hunter2');
  });

  test.each(['-1', '65536', '4e3', 'http', '4000.5'])('PORT=%s is refused', (PORT) => {
    expect(refusal({ PORT })).toMatch(/PORT takes a port/);
  });

  test.each(['Production', 'prod', 'staging'])('NODE_ENV=%s is refused: it is not to be open by a slip', (NODE_ENV) => {
    expect(() => loadConfig({ NODE_ENV }, NO_FILE)).toThrow(/NODE_ENV takes production, development or test/);
  });

  test('an empty variable is one that is not set', () => {
    expect(loadConfig({ DATABASE_URL: '', PORT: '' }, NO_FILE)).toMatchObject({ databaseUrl: null, port: 4000 });
  });

  test('MongoDB addresses with several hosts, and those of a cluster, are taken', () => {
    for (const MONGODB_URI of ['mongodb://a:1,b:2/x?replicaSet=rs0', 'mongodb+srv://user:pass@cluster.example.com/x']) {
      expect(loadConfig({ MONGODB_URI }, NO_FILE).mongodbUri).toBe(MONGODB_URI);
    }
  });

  test('.env is read, and the environment wins over it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-env-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, '.env');
    await writeFile(file, 'PORT=5000\nHOST="0.0.0.0" # everywhere\n');
    expect(loadConfig({ PORT: '6000' }, file)).toMatchObject({ port: 6000, host: '0.0.0.0' });
    expect(loadConfig({ PORT: '' }, file)).toMatchObject({ port: 5000 });
  });

  test('CORS_ORIGINS is a list; not set, no other page may ask', () => {
    const CORS_ORIGINS = 'http://localhost:5173, https://shop.example.com';
    expect(loadConfig({ CORS_ORIGINS }, NO_FILE).corsOrigins).toEqual([
      'http://localhost:5173',
      'https://shop.example.com',
    ]);
    expect(loadConfig({ CORS_ORIGINS: '' }, NO_FILE).corsOrigins).toBeNull();
  });

  test('whether users are copied, and whether the copies on orders follow', () => {
    expect(loadConfig({}, NO_FILE)).toMatchObject({ userSync: true, orderCopies: 'follow' });
    const given = { USER_SYNC: 'off', ORDER_COPIES: 'frozen' };
    expect(loadConfig(given, NO_FILE)).toMatchObject({ userSync: false, orderCopies: 'frozen' });
    expect(() => loadConfig({ USER_SYNC: 'no', ORDER_COPIES: 'never' }, NO_FILE)).toThrow(
      'USER_SYNC takes on or off\n  ORDER_COPIES takes follow or frozen',
    );
  });

  test('a process answers and works on jobs, and keeps answers for a day, unless it is told otherwise', () => {
    expect(loadConfig({}, NO_FILE)).toMatchObject({ role: 'both', idempotencyHours: 24 });
    const given = { TANDEM_ROLE: 'worker', IDEMPOTENCY_HOURS: '48' };
    expect(loadConfig(given, NO_FILE)).toMatchObject({ role: 'worker', idempotencyHours: 48 });
    expect(refusal({ TANDEM_ROLE: 'leader' })).toMatch(/TANDEM_ROLE takes one of both, gateway, worker/);
    for (const IDEMPOTENCY_HOURS of ['0', '-1', '1.5', 'a day']) {
      expect(refusal({ IDEMPOTENCY_HOURS })).toMatch(/IDEMPOTENCY_HOURS takes whole hours/);
    }
  });

  test('the settings cannot be changed afterwards', () => {
    expect(Object.isFrozen(loadConfig({}, NO_FILE))).toBe(true);
  });
});

test.each([
  ['postgresql://ada:secret@db:5432/x', 'postgresql://ada:***@db:5432/x'],
  ['mongodb://ada:s%40cret@a:1,b:2/x', 'mongodb://ada:***@a:1,b:2/x'],
  ['postgresql://db/x', 'postgresql://db/x'],
])('%s is shown as %s', (address, shown) => {
  expect(maskedUrl(address)).toBe(shown);
});
