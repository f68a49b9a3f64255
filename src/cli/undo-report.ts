import type { LoggedRun } from '../audit/logged-run.js';
import type { UndoneRow, UndoResult, UndoRun, UndoRunOutcome } from '../audit/undo.service.js';
import { NAMES } from './audit-consistency-report.js';
import { counted, number, printable } from './doctor/words.js';

/** Rows that people are shown; programs get more. */
const SHOWN = 20;

/** Describes what an undo has brought back, or why it has not. */
export function describeUndo(outcome: UndoRunOutcome): string {
  switch (outcome.kind) {
    case 'runNotFound':
      return `There is no run ${printable(outcome.runId)}. "npm run repair -- --runs" lists them.`;
    case 'isUndo':
      return `Run ${outcome.runId} has undone run ${outcome.undoes}. To do that again, repair again.`;
    case 'undone':
      return describeRun(outcome.run);
  }
}

/** Whether something of the run was not brought back. */
export function isLeftByUndo(outcome: UndoRunOutcome): boolean {
  if (outcome.kind !== 'undone') return true;
  const { isComplete, isDry, results } = outcome.run;
  return !isComplete || results.some(({ left, notKept, planned }) => left + notKept > 0 || (isDry && planned > 0));
}

function describeRun({ runId, isDry, acts, results, rows }: UndoRun): string {
  const ofRun = results.filter((result) => countOf(result) > 0);
  if (ofRun.length === 0) return 'Nothing is to be brought back: the run has changed nothing.';
  const notKept = ofRun.reduce((sum, result) => sum + result.notKept, 0);
  const rest = ofRun.reduce((sum, result) => sum + countOf(result), 0) - SHOWN;
  return [
    ...ofRun.map(resultLine),
    '',
    ...rows.slice(0, SHOWN).map((row) => printable(`  ${rowLine(row)}`)),
    ...(rest > 0 ? [`  and ${number(rest)} more`] : []),
    '',
    ...(notKept === 0
      ? []
      : [`This run kept no whole rows: ${number(notKept)} of ${counted(acts, 'act')} cannot be brought back.`]),
    isDry
      ? 'Nothing was changed: it was a dry run. Without --dry-run it is done.'
      : `The undo is logged as run ${String(runId)}.`,
  ].join('\n');
}

/** Lists runs, the newest first. */
export function describeRuns(runs: readonly LoggedRun[]): string {
  if (runs.length === 0) return 'No run of repair is in the log.';
  return [
    ...runs.map(runLines),
    '',
    'npm run repair -- --undo RUN brings back what a run has deleted or changed.',
  ].join('\n');
}

function runLines({ runId, at, actor, undoes, kinds, rows, notKept, unfinished }: LoggedRun): string {
  const who = actor === null || actor === 'anybody' ? '' : `, by ${actor}`;
  const details = [
    ...kinds.map(({ kind, policy, acts }) => `${number(acts)} ${NAMES[kind]}: ${policy.toLowerCase()}`),
    ...(undoes === null ? [`${counted(rows, 'row')} kept`] : [`undid run ${undoes}`]),
    ...(notKept === 0 ? [] : [`${counted(notKept, 'act')} without whole rows`]),
    ...(unfinished === 0 ? [] : [`${counted(unfinished, 'act')} not noted as done`]),
  ];
  return printable(`${at.toISOString()}  ${runId}${who}`) + details.map((detail) => `\n    ${detail}`).join('');
}

function resultLine(result: UndoResult): string {
  const became = [
    ...said(result.planned, 'to bring back'),
    ...said(result.broughtBack, 'brought back'),
    ...said(result.alreadyThere, 'already there'),
    ...said(result.left, 'left'),
    ...said(result.notKept, 'not kept'),
  ];
  return `${NAMES[result.kind]}: ${became.join(', ')}`;
}

function said(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [`${number(count)} ${what}`];
}

function rowLine({ place, id, outcome, because }: UndoneRow): string {
  const outcomes = {
    planned: 'to bring back',
    broughtBack: 'brought back',
    alreadyThere: 'already there',
    left: 'left',
    notKept: 'not kept',
  };
  const what = place === null ? id : `${SINGULAR[place]} ${id}`;
  return `${what} → ${outcomes[outcome]}${because === null ? '' : ` (${because})`}`;
}

const SINGULAR = { orders: 'order', transactions: 'transaction', users: 'copy of user' };

function countOf({ planned, broughtBack, alreadyThere, left, notKept }: UndoResult): number {
  return planned + broughtBack + alreadyThere + left + notKept;
}
