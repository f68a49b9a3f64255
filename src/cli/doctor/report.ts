import { styleText } from 'node:util';
import type { Check, Status } from './check.js';
import { counted, printable } from './words.js';

/** What a report is made of, in its order: how an id begins, and what people read. */
const GROUPS = [
  ['postgres', 'PostgreSQL'],
  ['mongo', 'MongoDB'],
  ['joins', 'Joins'],
  ['installation', 'This installation'],
] as const;

/** How the shape of the JSON is told apart, should it ever have to change. */
const SHAPE = 1;

export function countOf(checks: readonly Check[], status: Status): number {
  return checks.filter((check) => check.status === status).length;
}

/** For people: group by group, each finding with its remedy, and the sum at the end. */
export function describeChecks(checks: readonly Check[]): string {
  const groups = GROUPS.map(([group, title]) => {
    const lines = checks.filter(({ id }) => id.startsWith(`${group}.`)).flatMap(linesOf);
    return lines.length === 0 ? '' : `${styleText('bold', title)}\n${lines.join('\n')}\n`;
  });
  return `${groups.filter((group) => group !== '').join('\n')}\n${sumOf(checks)}\n`;
}

/** For programs: one document, whose shape docs/doctor.md describes. */
export function checksAsJson(checks: readonly Check[]): string {
  const ordered = GROUPS.flatMap(([group]) => checks.filter(({ id }) => id.startsWith(`${group}.`)));
  const report = {
    shape: SHAPE,
    errors: countOf(checks, 'error'),
    warnings: countOf(checks, 'warning'),
    checks: ordered.map(({ id, status, message, remedy, data }) => ({ id, status, message, remedy, data })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

const MARKS: Readonly<Record<Status, string>> = { ok: '✔', warning: '!', error: '✖', skipped: '-' };
const COLOURS = { ok: 'green', warning: 'yellow', error: 'red', skipped: 'gray' } as const;

function linesOf({ status, message, details, remedy }: Check): readonly string[] {
  return [
    `  ${styleText(COLOURS[status], MARKS[status])} ${printable(message)}`,
    ...details.map((line) => `      ${printable(line)}`),
    ...(remedy === null ? [] : [`    → ${printable(remedy)}`]),
  ];
}

function sumOf(checks: readonly Check[]): string {
  const [errors, warnings] = [countOf(checks, 'error'), countOf(checks, 'warning')];
  if (errors === 0 && warnings === 0) return styleText('green', 'all is well');
  return styleText(errors > 0 ? 'red' : 'yellow', `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`);
}
