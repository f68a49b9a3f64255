import type { Logger } from 'pino';
import { ConfigError, fromFile, type Config } from '../config.js';
import { databaseIn, maskedUrl, withDatabase } from '../platform/address.js';
import { SOURCES } from '../domains/catalogue.js';
import { isAppError } from '../errors/app-error.js';
import { DataDirectoryInUseError } from '../platform/embedded/data-lock.js';
import { runningDatabases, startEmbeddedDatabases } from '../platform/embedded/databases.js';
import { databasesWith } from '../platform/mongo/database-name.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { openPlatform, type Platform } from '../platform/platform.js';
import type { Task } from '../platform/task.js';

/** The databases that a command works with, and which of them are people's own. */
export interface Databases {
  readonly databaseUrl: string;
  readonly mongodbUri: string;
  readonly own: { readonly postgres: boolean; readonly mongo: boolean };
  /** What collections are called, by the name of their source. */
  readonly collections: Config['collections'];
  /** How long answers are kept, in hours, where that is set. */
  readonly keyRetention?: number;
  /** Whether the copies on orders follow their users, where that is set. */
  readonly orderCopies?: Config['orderCopies'];
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

/** A setting does not say where in MongoDB the collections are; the message has what it could say. */
export class DatabaseUnclearError extends Error {
  readonly code = 'DATABASE_UNCLEAR';
}

const MISSPELT = {
  DATABASE_URL: /^(?:DB|DATABASE|POSTGRES(?:QL)?|PG)_?(?:DATABASE_?)?(?:UR[IL]|CONNECTION(?:_STRING)?)$/i,
  MONGODB_URI: /^MONGO(?:_?DB)?_?(?:DATABASE_?)?(?:UR[IL]|CONNECTION(?:_STRING)?)$/i,
};

/** An address under another name would go unnoticed, and an empty database be started in its place. */
function refuseMisspelt(own: Databases['own']): void {
  const names = Object.keys(fromFile('.env'));
  const unset = [...(own.postgres ? [] : ['DATABASE_URL' as const]), ...(own.mongo ? [] : ['MONGODB_URI' as const])];
  for (const right of unset) {
    const wrong = names.find((name) => MISSPELT[right].test(name) && name !== right);
    if (wrong === undefined) continue;
    throw new ConfigError(
      `The configuration is not right:\n  .env sets ${wrong}, which is no setting here; it is called ${right}`,
    );
  }
}

/**
 * The same for a command that looks: embedded databases that another process runs are used beside it.
 *
 * @throws {DataDirectoryInUseError} while that one is about to start them
 */
export async function shareDatabases(config: Config, task: Task): Promise<Databases> {
  try {
    return await provideDatabases(config, task, () => undefined);
  } catch (error) {
    if (!(error instanceof DataDirectoryInUseError)) throw error;
    const running = await runningDatabases(config.dataDirectory).catch(() => {
      throw error;
    });
    return {
      ...settingsOf(config),
      databaseUrl: config.databaseUrl ?? running.postgresUrl,
      mongodbUri: config.mongodbUri ?? running.mongoUrl,
      stop: () => Promise.resolve(),
    };
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
  const settings = settingsOf(config);
  const { own } = settings;
  refuseMisspelt(own);
  const embedded = own.postgres && own.mongo ? null : await start(config, own, task, onExit);
  return {
    databaseUrl: config.databaseUrl ?? embedded?.postgresUrl ?? '',
    mongodbUri: config.mongodbUri ?? embedded?.mongoUrl ?? '',
    ...settings,
    stop: async () => embedded?.stop(),
  };
}

/** What does not depend on who starts the databases. */
function settingsOf(config: Config): Omit<Databases, 'databaseUrl' | 'mongodbUri' | 'stop'> {
  return {
    own: { postgres: config.databaseUrl !== null, mongo: config.mongodbUri !== null },
    collections: config.collections,
    keyRetention: config.idempotencyHours,
    orderCopies: config.orderCopies,
  };
}

/**
 * @throws {DatabaseUnavailableError} when a database of people's own cannot be opened
 * @throws {DatabaseUnclearError} when a setting does not say where in MongoDB the collections are
 */
export async function openDatabases(databases: Databases, logger: Logger): Promise<Platform> {
  checkCollections(databases.collections);
  const platform = await open(databases, logger);
  try {
    if (databases.own.mongo) await checkDatabaseName(platform.mongo, databases.mongodbUri);
    return platform;
  } catch (error) {
    await platform[Symbol.asyncDispose]();
    throw error;
  }
}

function checkCollections(collections: Config['collections']): void {
  const known = SOURCES.filter(({ database }) => database === 'mongo').map(({ from }) => from);
  const unknown = Object.keys(collections).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new DatabaseUnclearError(
    `MONGODB_COLLECTIONS names "${unknown}", which is no collection here; those that are: ${known.join(', ')}.`,
  );
}

/** Without a name the driver takes `test`, which is right where it has our collections, or where nobody has any. */
async function checkDatabaseName(mongo: MongoDatabase, mongodbUri: string): Promise<void> {
  if (databaseIn(mongodbUri) !== null) return;
  const collections = SOURCES.filter(({ database }) => database === 'mongo').map(({ from }) => from);
  const names = await databasesWith(
    mongo,
    collections.map((name) => mongo.nameOf(name)),
  );
  if (names.length === 0 || names.includes(mongo.connection.name)) return;
  throw new DatabaseUnclearError(
    `MONGODB_URI names no database, so the driver takes "${mongo.connection.name}", which has no ` +
      `${collections.join(' and no ')}. Put a name behind the host: ` +
      names.map((name) => maskedUrl(withDatabase(mongodbUri, name))).join(' or '),
  );
}

async function open(databases: Databases, logger: Logger): Promise<Platform> {
  const { databaseUrl, mongodbUri, own } = databases;
  try {
    return await openPlatform({ ...databases, logger });
  } catch (error) {
    const isMongo = isAppError(error, 'MONGO_UNAVAILABLE');
    if (!(isMongo ? own.mongo : own.postgres)) throw error;
    const [name, code, variable, address] = isMongo
      ? (['MongoDB', 'MONGO_UNAVAILABLE', 'MONGODB_URI', mongodbUri] as const)
      : (['PostgreSQL', 'POSTGRES_UNAVAILABLE', 'DATABASE_URL', databaseUrl] as const);
    throw new DatabaseUnavailableError(
      code,
      `The ${name} of ${variable} (${maskedUrl(address)}) cannot be opened: ${reasonOf(error)}. Start it, or correct ` +
        `${variable} in the environment or .env; without ${variable} an embedded ${name} is started. "npm run doctor" says more.`,
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
