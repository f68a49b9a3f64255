import { parseArgs, type ParseArgsConfig } from 'node:util';
import { KINDS, type InconsistencyKind } from '../audit/inconsistency.js';
import { isMended, POLICIES, type RepairPolicies } from '../audit/repair-policies.js';
import { normalizeKey } from '../join/key.js';
import { printable } from './doctor/words.js';
import { UsageError } from './usage.js';

/** What `npm run repair` is to do. */
export type RepairCommand =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'repair';
      readonly isDry: boolean;
      readonly policies: Partial<RepairPolicies>;
      /** How much of the one kind that has a policy is expected; null where nothing is. */
      readonly expect: number | null;
      readonly json: boolean;
    }
  | { readonly kind: 'undo'; readonly runId: string; readonly isDry: boolean; readonly json: boolean }
  | { readonly kind: 'runs'; readonly json: boolean };

const USAGE =
  'usage: npm run repair -- --dry-run | --apply [--<kind> report|...]... [--expect N] [--json] [--help]\n' +
  '       npm run repair -- --undo RUN [--dry-run] | --runs [--json]';

export const HELP = `${USAGE}

Mends what "npm run audit -- --consistency" finds: each kind as you say, and nothing that you have not named. What is
found is checked again just before it is mended, and each act is written into the table tandem_repairs, with what was
there before. It can be stopped and run again at any time, beside gateways and workers.

--undo RUN brings back what a run has deleted or changed, and acts at once. A row that is there already stays; one that has
changed since, or whose id or order number another row has by now, is left with the reason. It can be run again. Triggers of
your tables fire for rows that come back.

  --dry-run                             tells what would be done, and changes nothing
  --apply                               does it

  --dangling-orders     report|delete   orders whose user is not there; delete takes their transactions along
  --orphan-transactions report|delete   transactions whose order is not there
  --wrong-amounts       report|fix      a worker gives what Tandem has recorded the total of its order
  --stale-copies        report|relink   users whose copy is missing, old or left over are copied again
  --conflicting-copies  report|relink   the same for copies that lack what another row has
  --stale-order-copies  report|relink   orders whose copies are not what their users have

  --expect N                            confirms that so many are found of the one kind that is named. Without it,
                                        nothing of a kind is changed that has more than 20 rows and 5 % of their table;
                                        with another number than is found, nothing is changed
  --runs                                lists the newest runs: when, by whom, how much
  --undo RUN                            brings back what the run has deleted or changed
  --undo RUN --dry-run                  tells what would come back, and changes nothing

  --json                                one JSON document on standard output, for programs
  --help                                this

It ends with 0 when nothing was found, or all of it is mended or about to be; with 1 when something is left; with 2 when
it was called wrongly. --undo ends with 1 when a row is left.
`;

/** @throws {UsageError} for what is no such command */
export function parseRepairCommand(argv: readonly string[]): RepairCommand {
  const values = parse(argv);
  if (values['help'] === true) return { kind: 'help' };
  const json = values['json'] === true;
  const isDry = values['dry-run'] === true;
  const other = otherCommand(values, isDry, json);
  if (other !== null) return other;
  if (isDry === (values['apply'] === true)) throw new UsageError(`repair takes --dry-run or --apply; ${USAGE}`);
  const policies = Object.fromEntries(MENDED.flatMap((kind) => policyOf(kind, values[optionOf(kind)])));
  const expect = expectedIn(values['expect'], Object.values(policies));
  return { kind: 'repair', isDry, policies, expect, json };
}

/** `--undo` and `--runs`, which take no policies. */
function otherCommand(values: Values, isDry: boolean, json: boolean): RepairCommand | null {
  const runId = values['undo'];
  const isList = values['runs'] === true;
  if (typeof runId !== 'string' && !isList) return null;
  const name = isList ? 'runs' : 'undo';
  const taken = [name, 'json', ...(isList ? [] : ['dry-run', 'apply'])];
  const strange = Object.keys(values).find((option) => !taken.includes(option));
  if (strange !== undefined) throw new UsageError(`--${name} goes without --${strange}; ${USAGE}`);
  if (typeof runId !== 'string') return { kind: 'runs', json };
  if (isDry && values['apply'] === true) throw new UsageError(`--undo takes --dry-run or --apply; ${USAGE}`);
  if (normalizeKey('uuid', runId) === null)
    throw new UsageError(`--undo takes the UUID of a run, got ${printable(runId)}; --runs lists them; ${USAGE}`);
  return { kind: 'undo', runId, isDry, json };
}

function expectedIn(value: Value, policies: readonly string[]): number | null {
  if (typeof value !== 'string') return null;
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--expect takes a number of findings, got ${value}; ${USAGE}`);
  if (policies.filter((policy) => policy !== 'REPORT').length === 1) return Number(value);
  throw new UsageError(
    `--expect confirms the number of one kind: name exactly one that is not to be reported; ${USAGE}`,
  );
}

/** `staleCopies` as `stale-copies`. */
export function optionOf(kind: InconsistencyKind): string {
  return kind.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function policyOf(kind: InconsistencyKind, value: Value): readonly (readonly [InconsistencyKind, string])[] {
  if (typeof value !== 'string') return [];
  const known: readonly string[] = POLICIES[kind];
  const policy = value.toUpperCase();
  if (known.includes(policy)) return [[kind, policy]];
  const choices = known.join(' or ').toLowerCase();
  throw new UsageError(`--${optionOf(kind)} takes ${choices}, got ${value}; ${USAGE}`);
}

/** Of an option; of one that takes no value, whether it is there. */
type Value = string | boolean | undefined;

type Values = Readonly<Record<string, Value>>;

const MENDED = KINDS.filter(isMended);

const FLAGS = ['dry-run', 'apply', 'runs', 'json', 'help'];

function parse(argv: readonly string[]): Values {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const name of FLAGS) options[name] = { type: 'boolean' };
  for (const name of ['undo', 'expect']) options[name] = { type: 'string' };
  for (const kind of MENDED) options[optionOf(kind)] = { type: 'string' };
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values as Record<string, Value>;
  } catch (error) {
    // What comes behind the first sentence is about programs' own options.
    const reason = error instanceof Error ? error.message.replace(/\..*$/s, '') : String(error);
    throw new UsageError(`${reason}; ${USAGE}`);
  }
}
