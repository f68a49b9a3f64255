import type { Logger } from 'pino';
import { loadConfig } from '../config.js';
import { isAppError } from '../errors/app-error.js';
import { maskedUrl } from '../platform/address.js';
import { createLogger } from '../platform/logger.js';
import type { Platform } from '../platform/platform.js';
import { applyMigrations } from '../platform/postgres/migrations.js';
import { PostgresDatabase } from '../platform/postgres/postgres.js';
import { inSilence, type CommandOptions, type Task } from '../platform/task.js';
import { DatabaseUnavailableError, openDatabases, shareDatabases, type Databases } from './databases.js';
import { reasonOf } from './doctor/reason.js';
import { makeReady } from './prepare.js';

/** What a command works with. */
export interface CommandTools {
  readonly databases: Databases;
  /** Tells people what is going on; nothing where a program reads. */
  readonly tell: Task;
}

/**
 * Runs a command's work on the databases of the configuration, which may be in use: they are made ready before, and are
 * closed afterwards, and stopped where this command has started them.
 *
 * @param isForPrograms whether nothing but the answer may be written
 */
export async function withPlatform(
  { task }: Pick<CommandOptions, 'task'>,
  isForPrograms: boolean,
  work: (platform: Platform, tools: CommandTools) => Promise<void>,
): Promise<void> {
  await withDatabases({ task }, isForPrograms, async (tools, logger) => {
    await using platform = await openDatabases(tools.databases, logger);
    await makeReady(platform, tools.databases, tools.tell);
    await work(platform, tools);
  });
}

/** The same on PostgreSQL alone, for what is looked at when MongoDB is away. Tables of people's own are left as they are. */
export async function withPostgres(
  { task }: Pick<CommandOptions, 'task'>,
  isForPrograms: boolean,
  work: (postgres: PostgresDatabase, tools: CommandTools) => Promise<void>,
): Promise<void> {
  await withDatabases({ task }, isForPrograms, async (tools, logger) => {
    const { databases, tell } = tools;
    await using postgres = await openPostgres(databases, logger);
    if (!databases.own.postgres) await tell('Apply migrations', () => applyMigrations(databases.databaseUrl));
    await work(postgres, tools);
  });
}

async function withDatabases(
  { task }: Pick<CommandOptions, 'task'>,
  isForPrograms: boolean,
  work: (tools: CommandTools, logger: Logger) => Promise<void>,
): Promise<void> {
  const config = loadConfig();
  const tell = isForPrograms ? inSilence : task;
  const databases = await shareDatabases(config, tell);
  try {
    await work({ databases, tell }, createLogger(config.logLevel));
  } finally {
    await databases.stop();
  }
}

async function openPostgres({ databaseUrl, own }: Databases, logger: Logger): Promise<PostgresDatabase> {
  try {
    return await PostgresDatabase.open({ url: databaseUrl, logger });
  } catch (error) {
    if (!own.postgres) throw error;
    throw new DatabaseUnavailableError(
      isAppError(error, 'POSTGRES_UNAVAILABLE') ? 'POSTGRES_UNAVAILABLE' : 'POSTGRES_REFUSED',
      `The PostgreSQL of DATABASE_URL (${maskedUrl(databaseUrl)}) cannot be opened: ${reasonOf(error)}. ` +
        'Start it, or correct DATABASE_URL in the environment or .env. "npm run doctor" says more.',
      { cause: error },
    );
  }
}
