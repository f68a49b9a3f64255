import type { Logger } from 'pino';
import { maskedUrl, type Config } from '../config.js';
import { isAppError } from '../errors/app-error.js';
import { startEmbeddedDatabases } from '../platform/embedded/databases.js';
import { openPlatform, type Platform } from '../platform/platform.js';
import type { Task } from '../platform/task.js';

/** The databases that a command works with, and which of them are people's own. */
export interface Databases {
  readonly databaseUrl: string;
  readonly mongodbUri: string;
  readonly own: { readonly postgres: boolean; readonly mongo: boolean };
  /** Stops what was started here. */
  readonly stop: () => Promise<void>;
}

/** A database that a setting names cannot be opened: the message says which setting, why, and what to do. */
export class DatabaseUnavailableError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
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

/** @throws {DatabaseUnavailableError} when a database of people's own cannot be opened */
export async function openDatabases(databases: Databases, logger: Logger): Promise<Platform> {
  const { databaseUrl, mongodbUri, own } = databases;
  try {
    return await openPlatform({ databaseUrl, mongodbUri, logger });
  } catch (error) {
    const isMongo = isAppError(error, 'MONGO_UNAVAILABLE');
    if (!(isMongo ? own.mongo : own.postgres)) throw error;
    const [name, code, variable, address] = isMongo
      ? (['MongoDB', 'MONGO_UNAVAILABLE', 'MONGODB_URI', mongodbUri] as const)
      : (['PostgreSQL', 'POSTGRES_UNAVAILABLE', 'DATABASE_URL', databaseUrl] as const);
    throw new DatabaseUnavailableError(
      code,
      `The ${name} of ${variable} (${maskedUrl(address)}) cannot be opened: ${reasonOf(error)}. Start it, or correct ` +
        `${variable} in the environment or .env; without ${variable} an embedded ${name} is started.`,
      { cause: error },
    );
  }
}

/** What the driver said: the innermost message, without what Prisma puts around it. */
function reasonOf(error: unknown): string {
  let reason = '';
  for (let inner = error; inner instanceof Error; inner = inner.cause) reason = inner.message;
  const lastLine = reason.slice(reason.lastIndexOf('\n') + 1);
  return (/Message: `(.*)`/.exec(lastLine)?.[1] ?? lastLine).replace(/\.$/, '');
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
