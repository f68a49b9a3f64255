import { rm } from 'node:fs/promises';
import path from 'node:path';
import mongoose from 'mongoose';
import { loadConfig } from '../../src/config.js';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { resolveMongod } from '../../src/platform/embedded/mongod-binary.js';
import { awaitReady } from '../../src/platform/embedded/readiness.js';
import { startServerProcess } from '../../src/platform/embedded/server-process.js';
import { makeScratch } from './scratch.js';

/** A mongod without a replica set, as people have them: alone, with users, with TLS. */
export interface StandaloneMongod {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Ends it, as kill -9 does, works with the folder of its data, and starts it again. */
  readonly restart: (between: (directory: string) => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts one; nothing that it holds outlives it.
 *
 * @param more what it is told beside where to listen and to keep its data
 * @param query options of an address that it takes: `tls=true`
 */
export async function startStandaloneMongod(more: readonly string[] = [], query = ''): Promise<StandaloneMongod> {
  const directory = await makeScratch('mongod');
  const { cacheDirectory } = loadConfig({}, '/dev/null');
  const [command, port] = [await resolveMongod({ cacheDirectory }), await freePort()];
  const logFile = path.join(directory, 'server.log');
  const address = `127.0.0.1:${port}`;
  const isReady = () => withClient(`mongodb://${address}/?${query}`, async () => true);
  const start = async () => {
    const started = await startServerProcess({
      command,
      args: ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', directory, '--nounixsocket', ...more],
      logFile,
      stopSteps: [{ signal: 'SIGKILL', withinMs: 10_000 }],
    });
    await awaitReady({ name: 'MongoDB', server: started, logFile, withinMs: 60_000, isReady });
    return started;
  };
  let server = await start();
  const restart = async (between: (directory: string) => Promise<void>) => {
    await server.stop();
    await between(directory);
    server = await start();
  };
  const stop = async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { address, restart, stop };
}

/** Runs `work` with a client of its own. */
export async function withClient<T>(url: string, work: (client: mongoose.mongo.MongoClient) => Promise<T>): Promise<T> {
  const client = new mongoose.mongo.MongoClient(url, { serverSelectionTimeoutMS: 5_000 });
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.close();
  }
}
