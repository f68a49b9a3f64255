import { loadConfig, type Config } from '../config.js';
import { isAppError } from '../errors/app-error.js';
import { maskedUrl } from '../platform/address.js';
import { JobQueue } from '../platform/jobs/job-queue.js';
import { jobSchemaState } from '../platform/jobs/job-schema.js';
import { createLogger } from '../platform/logger.js';
import { applyMigrations } from '../platform/postgres/migrations.js';
import { PostgresDatabase } from '../platform/postgres/postgres.js';
import { inSilence, type CommandOptions, type Task } from '../platform/task.js';
import { DatabaseUnavailableError, shareDatabases, type Databases } from './databases.js';
import { reasonOf } from './doctor/reason.js';
import { HELP, parseJobsCommand, type JobsCommand } from './jobs/command-line.js';
import { replay } from './jobs/replay.js';
import { describeJobs, jobsAsJson } from './jobs/report.js';
import { NotMigratedError } from './prepare.js';

/** `npm run jobs`: lists the jobs that are parked, and puts them back. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  const command = parseJobsCommand(argv);
  if (command.kind === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const config = loadConfig();
  const tell = command.json ? inSilence : task;
  const databases = await shareDatabases(config, tell);
  try {
    // MongoDB is not asked, and may be away: jobs are looked at when something is.
    const postgres = await open(databases, config);
    try {
      await makeReady(postgres, databases, tell);
      const answer = await carryOut(new JobQueue(postgres), command);
      process.stdout.write(command.json ? `${answer}\n` : `\n${answer}\n`);
    } finally {
      await postgres[Symbol.asyncDispose]();
    }
  } finally {
    await databases.stop();
  }
}

async function carryOut(queue: JobQueue, command: Exclude<JobsCommand, { kind: 'help' }>): Promise<string> {
  if (command.kind === 'replay') {
    const replayed = await replay(queue, command.ids);
    return command.json ? JSON.stringify({ replayed }, null, 2) : answerTo(replayed);
  }
  const [counts, parked] = [await queue.counts(), await queue.parked()];
  return command.json ? jobsAsJson(counts, parked) : describeJobs(counts, parked);
}

function answerTo(replayed: number): string {
  if (replayed === 0) return 'No job is parked; there was nothing to replay.';
  return `${replayed} ${replayed === 1 ? 'job was' : 'jobs were'} put back. "npm run jobs" shows when it is done.`;
}

async function open({ databaseUrl, own }: Databases, { logLevel }: Config): Promise<PostgresDatabase> {
  try {
    return await PostgresDatabase.open({ url: databaseUrl, logger: createLogger(logLevel) });
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

/** @throws {NotMigratedError} when people's own database keeps no jobs yet, or hides them from us */
async function makeReady(postgres: PostgresDatabase, { databaseUrl, own }: Databases, task: Task): Promise<void> {
  if (!own.postgres) {
    await task('Apply migrations', () => applyMigrations(databaseUrl));
    return;
  }
  const { name, isCurrent, findings } = await jobSchemaState(postgres);
  const [finding] = findings;
  if (finding !== undefined) throw new NotMigratedError(`${finding.problem}; ${finding.remedy}`);
  if (!isCurrent) {
    throw new NotMigratedError(
      `The database of DATABASE_URL has no schema ${name} for jobs, or an old one. Nothing was changed; "npm run migrate" ` +
        'makes it ("npm run migrate -- --dry-run" shows the SQL first).',
    );
  }
}
