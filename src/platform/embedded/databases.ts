import path from 'node:path';
import type { Task } from '../task.js';
import { lockDataDirectory } from './data-lock.js';
import type { EmbeddedServer } from './embedded-server.js';
import { runningMongo, startEmbeddedMongo } from './mongo.js';
import { locatePostgres } from './postgres-binaries.js';
import { runningPostgres, startEmbeddedPostgres } from './postgres.js';
import type { ServerExit } from './server-process.js';

export interface EmbeddedDatabasesOptions {
  /** The data folder; it is locked for this process until `stop`. */
  directory: string;
  cacheDirectory: string;
  durable: boolean;
  need: { postgres: boolean; mongo: boolean };
  onTask: Task;
  /** A server ended although nobody stopped it. */
  onExit?: (database: 'PostgreSQL' | 'MongoDB', exit: ServerExit) => void;
}

export interface EmbeddedDatabases extends AsyncDisposable {
  postgresUrl?: string;
  mongoUrl?: string;
  /** Stops what was started, then frees the data folder. */
  stop(): Promise<void>;
}

/** Starts the databases that are needed side by side: all of them run afterwards, or none. */
export async function startEmbeddedDatabases(options: EmbeddedDatabasesOptions): Promise<EmbeddedDatabases> {
  const lock = await lockDataDirectory(path.resolve(options.directory));
  if (options.need.postgres) {
    // Where there is none, nobody waits for a download of MongoDB to be told so.
    await locatePostgres(placeOfPostgres(options)).catch((error: unknown) => {
      lock.release();
      throw error;
    });
  }
  const [postgres, mongo] = await Promise.allSettled([startPostgres(options), startMongo(options)]);
  const servers = [postgres, mongo].flatMap((outcome) =>
    outcome.status === 'fulfilled' && outcome.value !== undefined ? [outcome.value] : [],
  );
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    lock.release();
  };
  if (postgres.status === 'rejected' || mongo.status === 'rejected') {
    await stop();
    throw firstReason([postgres, mongo]);
  }
  return {
    ...(postgres.value !== undefined && { postgresUrl: postgres.value.url }),
    ...(mongo.value !== undefined && { mongoUrl: mongo.value.url }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The addresses of those that a live process has started on this data folder. @throws when it has started none */
export async function runningDatabases(directory: string): Promise<{ postgresUrl: string; mongoUrl: string }> {
  return {
    postgresUrl: await runningPostgres(path.join(directory, 'postgres')),
    mongoUrl: await runningMongo(path.join(directory, 'mongo')),
  };
}

function placeOfPostgres({ directory }: EmbeddedDatabasesOptions): string {
  return path.join(directory, 'postgres');
}

async function startPostgres(options: EmbeddedDatabasesOptions): Promise<EmbeddedServer | undefined> {
  const { durable, need, onTask, onExit } = options;
  if (!need.postgres) return undefined;
  return onTask('Start PostgreSQL', (onProgress) =>
    startEmbeddedPostgres({
      directory: placeOfPostgres(options),
      durable,
      onProgress,
      onExit: (exit) => onExit?.('PostgreSQL', exit),
    }),
  );
}

async function startMongo(options: EmbeddedDatabasesOptions): Promise<EmbeddedServer | undefined> {
  const { directory, cacheDirectory, durable, need, onTask, onExit } = options;
  if (!need.mongo) return undefined;
  return onTask('Start MongoDB', (onProgress) =>
    startEmbeddedMongo({
      directory: path.join(directory, 'mongo'),
      cacheDirectory,
      durable,
      onProgress,
      onExit: (exit) => onExit?.('MongoDB', exit),
    }),
  );
}

function firstReason(outcomes: readonly PromiseSettledResult<unknown>[]): unknown {
  return outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
}
