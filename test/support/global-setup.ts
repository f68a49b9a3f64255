import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { loadConfig } from '../../src/config.js';
import { startEmbeddedDatabases } from '../../src/platform/embedded/databases.js';
import { applyMigrations } from '../../src/platform/postgres/migrations.js';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    mongoUrl: string;
  }
}

/** A migrated database that every test file's own is cloned from. */
export const TEMPLATE = 'tandem_template';

/** Real databases of the suite's own, on free ports, gone with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'tandem-test-'));
  const servers = await startEmbeddedDatabases({
    directory,
    cacheDirectory: loadConfig({}, '/dev/null').cacheDirectory,
    durable: false,
    need: { postgres: true, mongo: true },
    onTask: (_title, work) => work(() => undefined),
  });
  const { postgresUrl = '', mongoUrl = '' } = servers;
  const admin = new pg.Client({ connectionString: postgresUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  await applyMigrations(withDatabase(postgresUrl, TEMPLATE));
  project.provide('postgresUrl', postgresUrl);
  project.provide('mongoUrl', mongoUrl);
  return async () => {
    await servers.stop();
    await rm(directory, { recursive: true, force: true });
  };
}

/** The same server, another database. */
export function withDatabase(address: string, name: string): string {
  const url = new URL(address);
  url.pathname = `/${name}`;
  return url.href;
}
