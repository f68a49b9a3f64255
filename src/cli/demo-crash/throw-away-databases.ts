import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedDatabases } from '../../platform/embedded/databases.js';
import type { Task } from '../../platform/task.js';
import type { Databases } from '../databases.js';

/** Both databases in a temporary folder, empty; stopping them removes it. */
export interface ThrowAwayDatabases extends Databases {
  readonly folder: string;
}

export async function startThrowAwayDatabases(cacheDirectory: string, task: Task): Promise<ThrowAwayDatabases> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem-demo-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const servers = await startEmbeddedDatabases({
      directory: path.join(folder, 'data'),
      cacheDirectory,
      durable: true,
      need: { postgres: true, mongo: true },
      onTask: task,
    });
    const stop = async () => {
      await servers.stop();
      await remove();
    };
    const { postgresUrl = '', mongoUrl = '' } = servers;
    const own = { postgres: false, mongo: false };
    return { folder, databaseUrl: postgresUrl, mongodbUri: mongoUrl, own, collections: {}, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}
