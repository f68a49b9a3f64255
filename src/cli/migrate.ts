import { loadConfig } from '../config.js';
import { maskedUrl } from '../platform/address.js';
import { createLogger } from '../platform/logger.js';
import * as mongoIndexes from '../platform/mongo/indexes.js';
import type { Platform } from '../platform/platform.js';
import { createIndexes } from '../platform/postgres/index-creation.js';
import { describeIndex } from '../platform/postgres/indexes.js';
import { applyMigrations } from '../platform/postgres/migrations.js';
import type { CommandOptions, Task } from '../platform/task.js';
import { refuseWords } from './usage.js';
import { describeFinding, planAdoption, refuseUnfit, type Adoption } from './adoption.js';
import { openDatabases, provideDatabases, type Databases } from './databases.js';
import { missingIndexes } from './indexes.js';
import { checkTables } from './prepare.js';

const USAGE = 'usage: npm run migrate [-- --dry-run]   (--dry-run shows what it would do, and changes nothing)';

/** `npm run migrate`: says what it will do to both databases, and does it; with `--dry-run` it only says. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  if (argv.includes('--help')) {
    say(USAGE);
    return;
  }
  refuseWords(argv, ['--dry-run'], USAGE);
  const config = loadConfig();
  const databases = await provideDatabases(config, task, () => undefined);
  try {
    const platform = await openDatabases(databases, createLogger(config.logLevel));
    try {
      const plan = await planAdoption(platform, databases.databaseUrl);
      say(describePlan(plan, platform, databases));
      refuseUnfit(plan.findings);
      if (argv.includes('--dry-run')) {
        say('\nA dry run: nothing was changed.');
        return;
      }
      await carryOut(platform, databases.databaseUrl, task);
      say('\nDone. Next: npm start');
    } finally {
      await platform[Symbol.asyncDispose]();
    }
  } finally {
    await databases.stop();
  }
}

/** Each step can be made again, so what is cut short is completed by the next call. */
async function carryOut(platform: Platform, databaseUrl: string, task: Task): Promise<void> {
  await task('Apply migrations', () => applyMigrations(databaseUrl));
  await checkTables(platform, databaseUrl);
  const missing = await missingIndexes(platform);
  await task('Create indexes in PostgreSQL', () => createIndexes(databaseUrl, missing.postgres));
  await task('Create indexes in MongoDB', () => mongoIndexes.createIndexes(platform.mongo, missing.mongo));
}

function describePlan(
  { pending, adopted, indexes, jobSchema, findings }: Adoption,
  { mongo }: Platform,
  databases: Databases,
): string {
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const { length: indexCount } = indexes.postgres;
  return [
    `PostgreSQL ${maskedUrl(databases.databaseUrl)}: ${amount(pending.length)} to apply` +
      (indexCount === 0 ? '' : `, ${indexCount} ${indexCount === 1 ? 'index' : 'indexes'} to create`),
    ...adopted.map(
      ({ table, added }) =>
        `  ${table} is there and keeps its rows${added.length === 0 ? '' : `; it gets ${added.join(', ')}`}`,
    ),
    ...pending.map(({ name, sql }) => `\n-- ${name}\n${sql.trim()}`),
    ...(jobSchema === null
      ? []
      : [`\n-- ${jobSchema}: the tables of graphile-worker, which makes and migrates them itself`]),
    ...(indexCount === 0 ? [] : ['\n-- One by one, while the tables are in use']),
    ...indexes.postgres.map((index) => `${describeIndex(index)};`),
    `\nMongoDB ${maskedUrl(databases.mongodbUri)}: ${amount(indexes.mongo.length)} to create`,
    ...indexes.mongo.map(
      (index) => `  ${mongoIndexes.describeIndex({ ...index, collection: mongo.nameOf(index.collection) })}`,
    ),
    ...(warnings.length === 0 ? [] : ['\nWorth knowing:']),
    ...warnings.map(describeFinding),
  ].join('\n');
}

function amount(count: number): string {
  return count === 0 ? 'nothing' : String(count);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
