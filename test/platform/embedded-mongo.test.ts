import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { startEmbeddedMongo } from '../../src/platform/embedded/mongo.js';
import { resolveMongod } from '../../src/platform/embedded/mongod-binary.js';
import type { ServerExit } from '../../src/platform/embedded/server-process.js';
import { CACHE, inMongo, temporaryFolder, TIMEOUT } from './embedded-support.js';

describe('embedded MongoDB', { timeout: TIMEOUT }, () => {
  test('a new one is a primary that takes transactions', async () => {
    await using server = await startEmbeddedMongo({
      directory: await temporaryFolder(),
      cacheDirectory: CACHE,
      durable: false,
    });
    await inMongo(server.url, async (db) => {
      await db.client.withSession((session) =>
        session.withTransaction(() => db.collection('rows').insertOne({ n: 1 }, { session })),
      );
      expect(await db.collection('rows').countDocuments()).toBe(1);
      expect(await db.admin().command({ hello: 1 })).toMatchObject({ setName: 'rs0', isWritablePrimary: true });
    });
  });

  test('a restart keeps the data, also on another port when the old one is taken', async () => {
    const options = { directory: await temporaryFolder(), cacheDirectory: CACHE, durable: true };
    const first = await startEmbeddedMongo(options);
    await inMongo(first.url, (db) => db.collection('rows').insertOne({ kept: true }));
    await first.stop();
    const squatter = createServer((socket) => socket.destroy()).listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(squatter, 'listening');
    onTestFinished(() => void squatter.close());

    await using second = await startEmbeddedMongo(options);
    expect(second.url).not.toBe(first.url);
    expect(await inMongo(second.url, (db) => db.collection('rows').countDocuments({ kept: true }))).toBe(1);
    await inMongo(second.url, (db) =>
      db.collection('rows').insertOne({ kept: true }, { writeConcern: { w: 'majority' } }),
    );
  });

  test('one that was killed starts again with what was acknowledged', async () => {
    const options = { directory: await temporaryFolder(), cacheDirectory: CACHE, durable: true };
    const onExit = vi.fn<(exit: ServerExit) => void>();
    const first = await startEmbeddedMongo({ ...options, onExit });
    const majority = { writeConcern: { w: 'majority' as const, journal: true } };
    await inMongo(first.url, (db) => db.collection('rows').insertOne({ kept: true }, majority));
    process.kill(first.pid, 'SIGKILL');
    const exited = () => {
      expect(onExit).toHaveBeenCalledExactlyOnceWith({ code: null, signal: 'SIGKILL' });
    };
    await vi.waitFor(exited, { timeout: 10_000 });
    await using second = await startEmbeddedMongo(options);
    expect(await inMongo(second.url, (db) => db.collection('rows').countDocuments({ kept: true }))).toBe(1);
  });

  test('where none can be had, the error says what was tried and what to set', async () => {
    const sources = [
      { name: 'the cellar', find: () => Promise.reject(new Error('it is empty\nand dark')) },
      { name: 'the attic', find: () => Promise.reject(new Error('no stairs')) },
    ];
    const search = resolveMongod({ cacheDirectory: await temporaryFolder(), sources });
    await expect(search).rejects.toMatchObject({ code: 'MONGOD_NOT_FOUND' });
    await expect(search).rejects.toThrow(
      /the cellar: it is empty\n.*the attic: no stairs\nSet MONGODB_URI, in .* \.env/s,
    );
  });
});
