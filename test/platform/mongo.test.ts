import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { MongoDatabase } from '../../src/platform/mongo/mongo.js';
import { useDatabases } from '../support/databases.js';

const databases = useDatabases();

test('options in the address win over ours', async () => {
  const url = `${databases.mongodbUri}${databases.mongodbUri.includes('?') ? '&' : '?'}maxPoolSize=3&appName=theirs`;
  await using mongo = await MongoDatabase.open({ url });
  expect(mongo.connection.getClient().options).toMatchObject({
    appName: 'theirs',
    maxPoolSize: 3,
    serverSelectionTimeoutMS: 1_000,
  });
});

test('an address where nobody answers is MONGO_UNAVAILABLE within seconds', async () => {
  const silent = createServer();
  onTestFinished(() => void silent.close());
  const port = await new Promise<number>((resolve) => {
    silent.listen(0, '127.0.0.1', () => {
      resolve((silent.address() as { port: number }).port);
    });
  });
  const startedAt = performance.now();
  await expect(MongoDatabase.open({ url: `mongodb://127.0.0.1:${port}/x` })).rejects.toMatchObject({
    code: 'MONGO_UNAVAILABLE',
  });
  expect(performance.now() - startedAt).toBeLessThan(4_000);
});
