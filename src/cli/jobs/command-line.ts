import { parseArgs } from 'node:util';
import { UsageError } from '../usage.js';

/** What `npm run jobs` is to do. */
export type JobsCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'list'; readonly json: boolean }
  /** The ids of those that are put back; null for all. */
  | { readonly kind: 'replay'; readonly ids: readonly string[] | null; readonly json: boolean };

const USAGE = 'usage: npm run jobs [-- [replay <id>... | replay --all] [--json] [--help]]';

export const HELP = `${USAGE}

Lists the jobs that complete what writes to both databases have left: how many wait, and which are parked, because they
failed too often. Once the cause is fixed, parked ones are put back.

  replay <id>...   puts these back; a worker takes them within a second or two
  replay --all     puts all back that are parked
  --json           one JSON document on standard output, for programs
  --help           this
`;

/** @throws {UsageError} for what is no such command */
export function parseJobsCommand(argv: readonly string[]): JobsCommand {
  const { values, positionals } = parse(argv);
  if (values.help === true) return { kind: 'help' };
  const json = values.json === true;
  const all = values.all === true;
  const [word, ...ids] = positionals;
  if (word === undefined && !all) return { kind: 'list', json };
  if (word !== 'replay') throw new UsageError(`${word ?? '--all'} is not a command for jobs; ${USAGE}`);
  if (all === ids.length > 0) throw new UsageError(`replay takes ids, or --all; ${USAGE}`);
  const wrong = ids.find((id) => !/^[1-9]\d{0,17}$/.test(id));
  if (wrong !== undefined) throw new UsageError(`${wrong} is not a job's id, which is a number; ${USAGE}`);
  return { kind: 'replay', ids: all ? null : [...new Set(ids)], json };
}

const OPTIONS = { json: { type: 'boolean' }, all: { type: 'boolean' }, help: { type: 'boolean' } } as const;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    // What comes behind the first sentence is about programs' own options.
    const reason = error instanceof Error ? error.message.replace(/\..*$/s, '') : String(error);
    throw new UsageError(`${reason}; ${USAGE}`);
  }
}
