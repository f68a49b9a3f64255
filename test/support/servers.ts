import { rm } from 'node:fs/promises';
import { loadConfig } from '../../src/config.js';
import { startEmbeddedDatabases } from '../../src/platform/embedded/databases.js';
import { makeScratch } from './scratch.js';

/** Both databases, running, on free ports; nothing that they hold outlives them. */
export interface Servers {
  readonly postgresUrl: string;
  readonly mongoUrl: string;
  readonly stop: () => Promise<void>;
}

/** Starts real servers of the caller's own. */
export async function startServers(): Promise<Servers> {
  const directory = await makeScratch('test');
  const servers = await startEmbeddedDatabases({
    directory,
    cacheDirectory: loadConfig({}, '/dev/null').cacheDirectory,
    durable: false,
    need: { postgres: true, mongo: true },
    onTask: (_title, work) => work(() => undefined),
  });
  const { postgresUrl = '', mongoUrl = '' } = servers;
  const stop = async () => {
    await servers.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { postgresUrl, mongoUrl, stop };
}
