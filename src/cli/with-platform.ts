import { loadConfig } from '../config.js';
import { createLogger } from '../platform/logger.js';
import type { Platform } from '../platform/platform.js';
import { inSilence, type CommandOptions, type Task } from '../platform/task.js';
import { openDatabases, shareDatabases, type Databases } from './databases.js';
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
  const config = loadConfig();
  const tell = isForPrograms ? inSilence : task;
  const databases = await shareDatabases(config, tell);
  try {
    const platform = await openDatabases(databases, createLogger(config.logLevel));
    try {
      await makeReady(platform, databases, tell);
      await work(platform, { databases, tell });
    } finally {
      await platform[Symbol.asyncDispose]();
    }
  } finally {
    await databases.stop();
  }
}
