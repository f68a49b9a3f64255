import type { JobCounts, ParkedJob } from '../../platform/jobs/job-queue.js';
import { counted, number, printable } from '../doctor/words.js';

/** Parked jobs that people are shown; programs get all. */
const LISTED = 50;

const HEADINGS = ['id', 'about', 'tries', 'last tried', 'last error'] as const;

/** What people read: the counts, a line for each of the first parked jobs, and what to do. */
export function describeJobs({ waiting, parked }: JobCounts, jobs: readonly ParkedJob[]): string {
  const counts = `${counted(waiting, 'job')} waiting, ${number(parked)} parked`;
  if (jobs.length === 0) return counts;
  const rest = jobs.length - LISTED;
  return [
    `${counts}\n`,
    ...table([HEADINGS, ...jobs.slice(0, LISTED).map(cellsOf)]),
    ...(rest > 0 ? [`and ${number(rest)} more; --json has all`] : []),
    '\nOnce the cause is fixed: npm run jobs -- replay <id>..., or replay --all',
  ].join('\n');
}

/** For programs. */
export function jobsAsJson({ waiting }: JobCounts, jobs: readonly ParkedJob[]): string {
  return JSON.stringify({ waiting, parked: jobs }, null, 2);
}

function cellsOf({ id, key, attempts, lastTriedAt, lastError }: ParkedJob): readonly string[] {
  const [reason = ''] = (lastError ?? 'none: its worker died').split('\n');
  const time = lastTriedAt.toISOString().replace('T', ' ').slice(0, 19);
  return [id, key, String(attempts), `${time}Z`, reason].map(printable);
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEADINGS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
