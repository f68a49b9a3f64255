import type { Config } from '../config.js';
import { startEmbeddedDatabases } from '../platform/embedded/databases.js';
import type { Task } from '../platform/task.js';

/** The databases that a command works with, and which of them are people's own. */
export interface Databases {
  readonly databaseUrl: string;
  readonly mongodbUri: string;
  readonly own: { readonly postgres: boolean; readonly mongo: boolean };
  /** Stops what was started here. */
  readonly stop: () => Promise<void>;
}

/**
 * The databases that the configuration names, and embedded ones for those that it does not.
 *
 * @param onExit called when an embedded server ends although nobody stopped it
 */
export async function provideDatabases(
  config: Config,
  task: Task,
  onExit: (database: string) => void,
): Promise<Databases> {
  const own = { postgres: config.databaseUrl !== null, mongo: config.mongodbUri !== null };
  const embedded = own.postgres && own.mongo ? null : await start(config, own, task, onExit);
  return {
    databaseUrl: config.databaseUrl ?? embedded?.postgresUrl ?? '',
    mongodbUri: config.mongodbUri ?? embedded?.mongoUrl ?? '',
    own,
    stop: async () => embedded?.stop(),
  };
}

function start(config: Config, own: Databases['own'], task: Task, onExit: (database: string) => void) {
  return startEmbeddedDatabases({
    directory: config.dataDirectory,
    cacheDirectory: config.cacheDirectory,
    durable: true,
    need: { postgres: !own.postgres, mongo: !own.mongo },
    onTask: task,
    onExit,
  });
}
