import { once } from 'node:events';
import net from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { MongoDatabase } from '../../src/platform/mongo/mongo.js';
import { PostgresDatabase } from '../../src/platform/postgres/postgres.js';
import { recordStatements } from '../../src/platform/statements.js';
import { useDatabases } from '../support/databases.js';
import { listen } from '../support/log.js';
import { running } from '../support/running.js';
import { useTimings } from '../support/timings.js';

useTimings({ postgres: { poolWait: 1_000 }, mongo: { poolWait: 600 } });
const databases = useDatabases();

/** Asks while everything is in use for longer than a connection is waited for; and again once nothing is. */
async function whileInUse(hold: () => Promise<unknown>, ask: () => Promise<unknown>): Promise<unknown> {
  const holding = hold();
  await expect.poll(() => running(databases)).toHaveLength(1);
  const { result, statements } = await recordStatements(async () => {
    const [refused] = await Promise.allSettled([ask()]);
    return refused.status === 'rejected' ? (refused.reason as unknown) : null;
  });
  expect(statements).toEqual([]);
  await holding;
  await expect.poll(() => running(databases), { timeout: 2_000 }).toEqual([]);
  await ask();
  return result;
}

test('where every connection to PostgreSQL is in use, a read and a write say so, and neither was sent', async () => {
  const logger = createLogger('silent');
  const postgres = await PostgresDatabase.open({ url: databases.databaseUrl, logger, poolSize: 1 });
  try {
    const hold = () => postgres.query('SELECT pg_sleep(1.8)::text');
    const exhausted = {
      code: 'POSTGRES_UNAVAILABLE',
      message: 'every connection to PostgreSQL is in use; try again',
      details: { reason: 'POOL_EXHAUSTED' },
    };
    expect(await whileInUse(hold, () => postgres.query('SELECT 1'))).toMatchObject(exhausted);
    const write = () => postgres.transaction('a test', [{ sql: 'SELECT 1', parameters: [] }]);
    expect(await whileInUse(hold, write)).toMatchObject(exhausted);
  } finally {
    await postgres[Symbol.asyncDispose]();
  }
}, 30_000);

test('where every connection to MongoDB is in use, a read and a write say so, and neither was sent', async () => {
  const mongo = await MongoDatabase.open({ url: databases.mongodbUri, poolSize: 1 });
  try {
    await mongo.run((db) => db.collection('things').insertOne({}));
    const hold = () => mongo.run((db) => db.collection('things').findOne({ $where: 'sleep(1500) || true' }));
    const exhausted = {
      code: 'MONGO_UNAVAILABLE',
      message: 'every connection to MongoDB is in use; try again',
      details: { reason: 'POOL_EXHAUSTED' },
    };
    expect(await whileInUse(hold, () => mongo.run((db) => db.collection('things').findOne({})))).toMatchObject(
      exhausted,
    );
    const write = () => mongo.write('a test', (db) => db.collection('things').insertOne({}));
    expect(await whileInUse(hold, write)).toMatchObject(exhausted);
  } finally {
    await mongo[Symbol.asyncDispose]();
  }
}, 30_000);

describe('an idle connection that PostgreSQL ends', () => {
  const name = `idle ${process.pid}`;
  const ended = 'terminating connection due to administrator command';

  const end = () =>
    databases.platform.postgres.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
      name,
    );

  test('is told in the log, and the next statement has another one', async () => {
    const { logger, lines } = listen();
    const postgres = await PostgresDatabase.open({ url: databases.databaseUrl, logger, applicationName: name });
    try {
      await end();
      await expect.poll(() => lines).toMatchObject([{ error: ended, msg: 'an idle PostgreSQL connection broke' }]);
      expect(await postgres.query('SELECT 1 AS "one"')).toEqual([{ one: 1 }]);
    } finally {
      await postgres[Symbol.asyncDispose]();
    }
  });

  test('is no warning while we close it, as where PostgreSQL shuts down before it has heard of that', async () => {
    const { logger, lines } = listen();
    const { hostname, port } = new URL(databases.databaseUrl);
    let isHeld = false;
    // Where one side has ended, the other may still speak: that is the race.
    const relay = net.createServer({ allowHalfOpen: true }, (client) => {
      const server = net.connect({ host: hostname, port: Number(port) });
      server.pipe(client);
      client.on('data', (bytes) => isHeld || server.write(bytes));
    });
    await once(relay.listen(0, '127.0.0.1'), 'listening');
    const url = new URL(databases.databaseUrl);
    url.host = `127.0.0.1:${(relay.address() as net.AddressInfo).port}`;

    const postgres = await PostgresDatabase.open({ url: url.href, logger, applicationName: name });
    isHeld = true;
    await postgres[Symbol.asyncDispose]();
    await end();
    await promisify(relay.close.bind(relay))();
    expect(lines).toEqual([]);
  });
});
