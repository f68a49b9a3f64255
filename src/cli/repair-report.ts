import type { RepairAct, RepairResult, RepairRun } from '../audit/repair.service.js';
import { isMended } from '../audit/repair-policies.js';
import { line, NAMES, unprovedLines } from './audit-consistency-report.js';
import { number, printable } from './doctor/words.js';
import { optionOf } from './repair-command-line.js';

/** Acts that people are shown; programs get more. */
const SHOWN = 20;

const INCOMPLETE = 'Not everything could be judged: copies are being brought up to date. Run it again later.';

/** What people read: what became of each kind, the first acts, and what is left to be done. */
export function describeRepair({ runId, isDry, isComplete, unproved, results, acts }: RepairRun): string {
  const found = results.filter((result) => result.found > 0 || result.stopped !== null);
  const incomplete = isComplete ? [] : unproved.length > 0 ? unprovedLines(unproved) : [INCOMPLETE];
  if (found.length === 0) return isComplete ? 'Nothing was found: there is nothing to repair.' : incomplete.join('\n');
  const rest = found.filter(({ policy }) => policy !== 'REPORT').reduce((sum, { found: all }) => sum + all, 0) - SHOWN;
  return [
    ...found.map((result) => resultLine(result, isDry)),
    ...(acts.length === 0 ? [] : ['', ...acts.slice(0, SHOWN).map((act) => printable(`  ${actLine(act)}`))]),
    ...(rest > 0 ? [`  and ${number(rest)} more`] : []),
    '',
    isDry
      ? 'Nothing was changed: it was a dry run. With --apply in place of --dry-run it is done.'
      : doneIn(runId, acts),
    ...incomplete,
  ].join('\n');
}

/** Whether something was found that is neither mended nor about to be, or may be found by another run. */
export function isLeft({ isComplete, results }: RepairRun): boolean {
  return (
    !isComplete ||
    results.some(({ found, stopped, repaired, underWay }) => stopped !== null || found > repaired + underWay)
  );
}

function resultLine({ kind, policy, found, stopped, repaired, underWay, left }: RepairResult, isDry: boolean): string {
  const what = `${number(found)} found (${NAMES[kind]})`;
  if (!isMended(kind)) return `${what}: never deleted; "npm run audit" says what corrects them`;
  if (policy === 'REPORT') return `${what}: reported only (--${optionOf(kind)} says otherwise)`;
  if (stopped !== null) return `${what}: stopped, ${isDry ? 'nothing would be' : 'nothing was'} changed: ${stopped}`;
  if (isDry) return `${what}: to ${policy.toLowerCase()}`;
  const became = [
    ...(repaired === 0 ? [] : [`${number(repaired)} repaired`]),
    ...(underWay === 0 ? [] : [`${number(underWay)} under way: a worker completes them`]),
    ...(left === 0 ? [] : [`${number(left)} left`]),
  ];
  return `${what}: ${became.join(', ')}`;
}

function actLine(act: RepairAct): string {
  const outcomes = {
    planned: `to ${act.policy.toLowerCase()}`,
    repaired: 'repaired',
    underWay: 'under way',
    left: 'left',
  };
  return `${line(act)} → ${outcomes[act.outcome]}${act.because === null ? '' : ` (${act.because})`}`;
}

function doneIn(runId: string | null, acts: readonly RepairAct[]): string {
  if (acts.length === 0) return 'Nothing was changed.';
  return (
    `Each act is logged: SELECT * FROM "tandem_repairs" WHERE "runId" = '${String(runId)}'\n` +
    `To take it back: npm run repair -- --undo ${String(runId)}`
  );
}
