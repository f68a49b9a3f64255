import { loadConfig, maskedUrl } from '../config.js';
import { RELATIONS, SOURCES } from '../domains/catalogue.js';
import { createLogger } from '../platform/logger.js';
import { createIndexes, describeIndex, missingIndexes, neededIndexes } from '../platform/mongo/indexes.js';
import { applyMigrations, pendingMigrations } from '../platform/postgres/migrations.js';
import type { CommandOptions } from '../platform/task.js';
import { openDatabases, provideDatabases } from './databases.js';

const USAGE = 'usage: npm run migrate [-- --dry-run]';

/** `npm run migrate`: says what it will do to both databases, and does it; with `--dry-run` it only says. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  const unknown = argv.find((word) => word !== '--dry-run');
  if (unknown !== undefined) throw Object.assign(new Error(`${unknown} is no option; ${USAGE}`), { code: 'USAGE' });
  const dryRun = argv.includes('--dry-run');
  const config = loadConfig();
  const databases = await provideDatabases(config, task, () => undefined);
  try {
    const { databaseUrl, mongodbUri } = databases;
    const platform = await openDatabases(databases, createLogger(config.logLevel));
    try {
      const pending = await pendingMigrations(databaseUrl);
      const count = pending.length === 0 ? 'nothing' : pending.length;
      say(`PostgreSQL ${maskedUrl(databaseUrl)}: ${count} to apply`);
      for (const { name, sql } of pending) say(`\n-- ${name}\n${sql.trim()}`);
      const indexes = await missingIndexes(platform.mongo, neededIndexes(SOURCES, RELATIONS));
      say(`\nMongoDB ${maskedUrl(mongodbUri)}: ${indexes.length === 0 ? 'nothing' : indexes.length} to create`);
      for (const index of indexes) say(`  ${describeIndex(index)}`);
      if (dryRun) {
        say('\nA dry run: nothing was changed.');
        return;
      }
      await task('Apply migrations', () => applyMigrations(databaseUrl));
      await task('Create indexes', () => createIndexes(platform.mongo, indexes));
    } finally {
      await platform[Symbol.asyncDispose]();
    }
  } finally {
    await databases.stop();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
