import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MongoDatabase } from '../../src/platform/mongo/mongo.js';
import { PostgresDatabase } from '../../src/platform/postgres/postgres.js';
import { createLogger } from '../../src/platform/logger.js';
import { applyMigrations, pendingMigrations } from '../../src/platform/postgres/migrations.js';
import { startStandaloneMongod, type StandaloneMongod } from '../support/mongod.js';
import { sql } from '../support/rows.js';
import { startServers, type Servers } from '../support/servers.js';

// Both servers with a certificate that only its own file vouches for, as companies have them.
let folder: string;
let certificate: string;
let servers: Servers;
let mongod: StandaloneMongod;

const logger = createLogger('silent');

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tandem-tls-'));
  certificate = path.join(folder, 'ca.pem');
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'tandem test' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  await writeFile(certificate, cert);
  await writeFile(path.join(folder, 'server.pem'), key + cert);
  mongod = await startStandaloneMongod(
    [
      '--tlsMode',
      'requireTLS',
      '--tlsCertificateKeyFile',
      path.join(folder, 'server.pem'),
      '--tlsCAFile',
      certificate,
      '--tlsAllowConnectionsWithoutCertificates',
    ],
    `tls=true&tlsCAFile=${certificate}`,
  );
  servers = await startServers();
  await serveTls(servers.postgresUrl, cert, key);
});
afterAll(async () => {
  await servers.stop();
  await mongod.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The server reads its files as the user it runs as, and refuses a key that others could read. */
async function serveTls(url: string, cert: string, key: string): Promise<void> {
  const [row] = await sql(url, `SELECT current_setting('data_directory') AS "directory"`);
  const directory = String(row?.['directory']);
  const { uid, gid } = await stat(directory);
  for (const [name, text] of Object.entries({ 'server.crt': cert, 'server.key': key })) {
    await writeFile(path.join(directory, name), text, { mode: 0o600 });
    await chown(path.join(directory, name), uid, gid);
  }
  await sql(url, 'ALTER SYSTEM SET ssl = on', 'SELECT pg_reload_conf()');
  const isOn = async () => (await sql(url, 'SHOW ssl'))[0]?.['ssl'];
  await vi.waitUntil(async () => (await isOn()) === 'on', { timeout: 10_000 });
}

describe('PostgreSQL', () => {
  const withTls = (options: string) => `${servers.postgresUrl}?${options}`;

  test('is reached over TLS with ?sslmode=verify-full&sslrootcert=, and migrated', async () => {
    const url = withTls(`sslmode=verify-full&sslrootcert=${certificate}`);
    await using postgres = await PostgresDatabase.open({ url, logger });
    expect(await postgres.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).toEqual([{ ssl: true }]);
    await applyMigrations(url);
    expect(await pendingMigrations(url)).toEqual([]);
  });

  test('with a certificate that nobody vouches for is refused, unless ?sslmode=no-verify says that this is meant', async () => {
    const open = (options: string) => PostgresDatabase.open({ url: withTls(options), logger });
    await expect(open('sslmode=verify-full')).rejects.toThrow(/self-signed certificate/);
    await using postgres = await open('sslmode=no-verify');
    expect(await postgres.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).toEqual([{ ssl: true }]);
  });
});

describe('MongoDB', () => {
  const open = (options: string) => MongoDatabase.open({ url: `mongodb://${mongod.address}/shop?${options}` });

  test('is reached over TLS with ?tls=true&tlsCAFile=', async () => {
    await using mongo = await open(`tls=true&tlsCAFile=${certificate}`);
    expect(await mongo.run((db) => db.collection('users').countDocuments())).toBe(0);
  });

  test('with a certificate that nobody vouches for, or without TLS, is MONGO_UNAVAILABLE', async () => {
    for (const options of ['tls=true', 'tls=false']) {
      await expect(open(options)).rejects.toMatchObject({ code: 'MONGO_UNAVAILABLE' });
    }
  });
});
