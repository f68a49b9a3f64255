import mongoose from 'mongoose';
import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';

const databases = useDatabases();
const noServer = () => new mongoose.mongo.MongoServerSelectionError('none', {} as never);
const noConnection = () => new Error('Connection terminated due to connection timeout');

// What the drivers throw does not tell the two apart: before it repeats a write, a driver looks for a server again.
describe('a write whose database goes away', () => {
  test('before anything was sent was not made: MONGO_UNAVAILABLE, POSTGRES_UNAVAILABLE', async () => {
    const { mongo, postgres } = databases.platform;
    const inMongo = mongo.write('a user was written', () => Promise.reject(noServer()));
    await expect(inMongo).rejects.toMatchObject({ code: 'MONGO_UNAVAILABLE' });
    const inPostgres = postgres.write('an order was written', () => Promise.reject(noConnection()));
    await expect(inPostgres).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
  });

  test('after something was sent may have been made: OUTCOME_UNKNOWN', async () => {
    const { mongo, postgres } = databases.platform;
    const inMongo = mongo.write('a user was written', async (db) => {
      await db.collection('users').insertOne({ username: 'Ada' });
      throw noServer();
    });
    await expect(inMongo).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    const inPostgres = postgres.write('an order was written', async (prisma) => {
      await prisma.$queryRawUnsafe('SELECT 1');
      throw noConnection();
    });
    await expect(inPostgres).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });
});
