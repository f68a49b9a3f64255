import mongoose from 'mongoose';
import { describe, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { MongoDatabase } from '../../src/platform/mongo/mongo.js';
import { PostgresDatabase } from '../../src/platform/postgres/postgres.js';
import { useDatabases } from '../support/databases.js';
import { Link } from '../support/link.js';

const databases = useDatabases();
const noServer = () => new mongoose.mongo.MongoServerSelectionError('none', {} as never);
const noConnection = () => new Error('Connection terminated due to connection timeout');

// What the drivers throw does not tell the two apart: before it repeats a write, a driver looks for a server again.
describe('a write whose database goes away', () => {
  test('before anything was sent was not made: MONGO_UNAVAILABLE, POSTGRES_UNAVAILABLE', async () => {
    const { mongo, postgres } = databases.platform;
    const inMongo = mongo.write('creating a user', () => Promise.reject(noServer()));
    await expect(inMongo).rejects.toMatchObject({ code: 'MONGO_UNAVAILABLE' });
    const inPostgres = postgres.write('creating an order', () => Promise.reject(noConnection()));
    await expect(inPostgres).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
  });

  test('after something was sent may have been made: OUTCOME_UNKNOWN', async () => {
    const { mongo, postgres } = databases.platform;
    const inMongo = mongo.write('creating a user', async (db) => {
      await db.collection('users').insertOne({ username: 'Ada' });
      throw noServer();
    });
    await expect(inMongo).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    const inPostgres = postgres.write('creating an order', async (prisma) => {
      await prisma.$queryRawUnsafe('SELECT 1');
      throw noConnection();
    });
    await expect(inPostgres).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });
});

test('a write that MongoDB’s driver has not sent when its time is up may be sent later: OUTCOME_UNKNOWN', async () => {
  await using link = await Link.to(databases.mongodbUri);
  const url = new URL(link.url);
  url.searchParams.set('serverSelectionTimeoutMS', '20000');
  await using mongo = await MongoDatabase.open({ url: url.href, applicationName: 'patient' });
  link.refuse();
  link.cut();
  // Until the driver has noticed, and looks for a server with all its patience.
  const pinged = () =>
    mongo
      .run((db) => db.command({ ping: 1 }), 100)
      .then(
        () => 'answered',
        (error: unknown) => ((error as Error).cause as Error).name,
      );
  await expect.poll(pinged, { timeout: 15_000 }).toBe('TimeoutError');
  const written = mongo.write('creating a user', (db) => db.collection('users').insertOne({ username: 'Eve' }), 500);
  await expect(written).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  link.heal();
  const eve = () => databases.platform.mongo.run((db) => db.collection('users').countDocuments({ username: 'Eve' }));
  await expect.poll(eve).toBe(1);
});

test('a connection that others use is waited for longer than one that does not open', async () => {
  const { databaseUrl: url } = databases;
  await using postgres = await PostgresDatabase.open({ url, logger: createLogger('silent'), poolSize: 1 });
  const busy = postgres.query('SELECT 1 FROM (SELECT pg_sleep(3)) AS "busy"');
  expect(await postgres.query('SELECT 1 AS "one"')).toEqual([{ one: 1 }]);
  await busy;
});
