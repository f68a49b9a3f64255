import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { RELATIONS, SOURCES } from '../../src/domains/catalogue.js';
import { createIndexes } from '../../src/platform/postgres/index-creation.js';
import { neededIndexes } from '../../src/platform/postgres/indexes.js';
import { applyMigrations } from '../../src/platform/postgres/migrations.js';
import { startServers } from './servers.js';

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
  const { postgresUrl, mongoUrl, stop } = await startServers();
  const admin = new pg.Client({ connectionString: postgresUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  const template = withDatabase(postgresUrl, TEMPLATE);
  await applyMigrations(template);
  await createIndexes(template, neededIndexes(SOURCES, RELATIONS));
  project.provide('postgresUrl', postgresUrl);
  project.provide('mongoUrl', mongoUrl);
  return stop;
}

/** The same server, another database. */
export function withDatabase(address: string, name: string): string {
  const url = new URL(address);
  url.pathname = `/${name}`;
  return url.href;
}
