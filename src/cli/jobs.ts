import { JobQueue } from '../platform/jobs/job-queue.js';
import { jobSchemaState } from '../platform/jobs/job-schema.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { CommandOptions } from '../platform/task.js';
import { HELP, parseJobsCommand, type JobsCommand } from './jobs/command-line.js';
import { replay } from './jobs/replay.js';
import { describeJobs, jobsAsJson } from './jobs/report.js';
import { NotMigratedError } from './prepare.js';
import { withPostgres } from './with-platform.js';

/** `npm run jobs`: lists the jobs that are parked, and puts them back. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  const command = parseJobsCommand(argv);
  if (command.kind === 'help') {
    process.stdout.write(HELP);
    return;
  }
  // MongoDB is not asked, and may be away: jobs are looked at when something is.
  await withPostgres({ task }, command.json, async (postgres, { databases }) => {
    if (databases.own.postgres) await refuseUnmigrated(postgres);
    const answer = await carryOut(new JobQueue(postgres), command);
    process.stdout.write(command.json ? `${answer}\n` : `\n${answer}\n`);
  });
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

/** @throws {NotMigratedError} when people's own database keeps no jobs yet, or hides them from us */
async function refuseUnmigrated(postgres: PostgresDatabase): Promise<void> {
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
