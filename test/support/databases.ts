import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { RELATIONS, SOURCES } from '../../src/domains/catalogue.js';
import { createLogger } from '../../src/platform/logger.js';
import { createIndexes, neededIndexes } from '../../src/platform/mongo/indexes.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { TEMPLATE, withDatabase } from './global-setup.js';

/** Both databases of one test file. */
export interface TestDatabases {
  readonly platform: Platform;
  readonly databaseUrl: string;
  readonly mongodbUri: string;
}

/** A PostgreSQL database's name that nobody else has. */
export function freshName(): string {
  return `test_${randomBytes(6).toString('hex')}`;
}

/**
 * A fresh PostgreSQL database, cloned from the migrated template, and a fresh MongoDB database for the test file that
 * calls it. After its tests both are dropped, and a connection that is still open fails the file.
 */
export function useDatabases(): TestDatabases {
  const name = freshName();
  const databaseUrl = withDatabase(inject('postgresUrl'), name);
  const mongodbUri = withDatabase(inject('mongoUrl'), name);
  let platform: Platform | undefined;

  beforeAll(async () => {
    await onServer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`));
    platform = await openPlatform({ databaseUrl, mongodbUri, logger: createLogger('silent'), applicationName: name });
    await createIndexes(platform.mongo, neededIndexes(SOURCES, RELATIONS));
  });

  afterAll(async () => {
    await platform?.[Symbol.asyncDispose]();
    await refuseLeaks(name);
    await onServer((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    await onMongo((client) => client.db(name).dropDatabase());
  });

  return {
    databaseUrl,
    mongodbUri,
    get platform() {
      if (platform === undefined) throw new Error('the platform is there once the tests run');
      return platform;
    },
  };
}

/** Runs `work` as PostgreSQL's superuser, outside of every test's database. */
export async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs `work` with a MongoDB client of its own. */
async function onMongo<T>(work: (client: mongoose.mongo.MongoClient) => Promise<T>): Promise<T> {
  const client = new mongoose.mongo.MongoClient(inject('mongoUrl'));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Servers notice a closed connection a moment later than the client. */
const GRACE = 3_000;

async function refuseLeaks(name: string): Promise<void> {
  const deadline = Date.now() + GRACE;
  let open = await openConnections(name);
  while (open > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    open = await openConnections(name);
  }
  if (open > 0) throw new Error(`${open} database connections of this test file were left open`);
}

async function openConnections(name: string): Promise<number> {
  const postgres = await onServer((client) =>
    client.query<{ count: string }>('SELECT count(*) FROM pg_stat_activity WHERE datname = $1', [name]),
  );
  const stages = [{ $currentOp: { allUsers: true, idleConnections: true } }, { $match: { appName: name } }];
  const mongo = await onMongo((client) => client.db('admin').aggregate(stages).toArray());
  return Number(postgres.rows[0]?.count) + mongo.length;
}
