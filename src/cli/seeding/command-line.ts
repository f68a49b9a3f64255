import { parseArgs } from 'node:util';
import { UsageError } from '../usage.js';
import type { SeedOptions } from './plan.js';

/** What a command line asks for. */
export type SeedCommand =
  | { readonly kind: 'help' }
  /** @param add into databases that have rows of others */
  | { readonly kind: 'seed'; readonly options: SeedOptions; readonly add: boolean };

/** Rows of a kind at most: their ids end with the index. */
const MOST = 10_000_000;

const DEFAULTS = { users: 1_000, orders: 10_000, seed: 1, until: '2026-01-01' } as const;

const USAGE = `usage: npm run seed -- [--users N] [--orders N] [--transactions N] [--seed N] [--until DAY]
                       [--dirt SHARE] [--orphans SHARE] [--add] [--help]`;

export const HELP = `${USAGE}

Fills PostgreSQL with orders and MongoDB with their users and transactions: the databases of DATABASE_URL and
MONGODB_URI, or the embedded ones. The same options make the same rows in any databases, to the last byte.

  --users N          users (${DEFAULTS.users})
  --orders N         orders (${DEFAULTS.orders})
  --transactions N   transactions (two for three orders)
  --seed N           another number, other rows (${DEFAULTS.seed})
  --until DAY        everything happened before this day, UTC (${DEFAULTS.until}); today is "$(date -u +%F)"
  --dirt SHARE       so many rows have one fault each, as people's data has them, from 0 to 1 (0): an id in upper case
                     or as a text, an amount or a code of another type, a field that is missing or null, a user's
                     e-mail address that another has, copies of a user that are stale or missing
  --orphans SHARE    so many orders are nobody's, half of them by a malformed userId, and so many transactions are of
                     no order, from 0 to 1 (0)
  --add              go ahead where there are rows of others; they stay as they are
  --help             this

It refuses databases that have rows, unless told to --add. Cut short, the same command completes it: a row's id follows
from the options and its place, so rows that are there are known and kept. Another --seed beside --add adds other rows.

The orders come in the two years before --until, twice as many a day at the end as at the beginning, by day more than
by night, six times as many on the days of a sale, and a few by sixteen in one microsecond, as an import writes them.
Three users in ten never order; of the others the busiest hundredth has a tenth of all orders, the busiest tenth a
third. Users join through the four years before --until, and order only afterwards. Transactions are spread evenly
over the orders, those of one order add up to its total, within ten minutes of it.
`;

/** @throws {UsageError} that names everything that is wrong, and what would be right */
export function parseSeedCommand(argv: readonly string[]): SeedCommand {
  const { given, problems } = wordsOf(argv);
  if (given.has('help')) return { kind: 'help' };
  const take = <T>(name: string, read: (text: string) => T | null, right: string, otherwise: T): T => {
    const text = given.get(name);
    const value = text === undefined ? otherwise : read(text);
    if (value === null) problems.push(`--${name} takes ${right}, got ${text === '' ? 'nothing' : String(text)}`);
    return value ?? otherwise;
  };
  const count = (name: string, otherwise: number, most = MOST): number =>
    take(name, (text) => wholeNumber(text, most), `a whole number from 0 to ${most}, in digits`, otherwise);
  const share = (name: string): number => take(name, readShare, 'a share from 0 to 1, such as 0.05', 0);

  const orders = count('orders', DEFAULTS.orders);
  const options = {
    users: count('users', DEFAULTS.users),
    orders,
    transactions: count('transactions', Math.floor((orders * 2) / 3)),
    seed: count('seed', DEFAULTS.seed, 2 ** 32 - 1),
    until: take('until', readDay, 'a day from 2000-01-01 to 2099-12-31, such as 2026-01-01', DEFAULTS.until),
    dirt: share('dirt'),
    orphans: share('orphans'),
  };
  if (problems.length === 0) problems.push(...contradictions(options));
  if (problems.length > 0) throw new UsageError(`${problems.join('\n')}\n\n${USAGE}`);
  return { kind: 'seed', options, add: given.has('add') };
}

/** The same command again, as one would type it. */
export function commandFor({ options, add }: { readonly options: SeedOptions; readonly add: boolean }): string {
  const { dirt, orphans, ...others } = options;
  const shares = Object.entries({ dirt, orphans }).filter(([, share]) => share > 0);
  const words = [...Object.entries(others), ...shares].map(([name, value]) => `--${name} ${value}`);
  return ['npm run seed --', ...words, ...(add ? ['--add'] : [])].join(' ');
}

const VALUE = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;
const KNOWN = {
  ...{ users: VALUE, orders: VALUE, transactions: VALUE, seed: VALUE, until: VALUE, dirt: VALUE, orphans: VALUE },
  ...{ add: FLAG, help: FLAG },
};

/** The options that are given, each with its value; an empty one where it has none. */
function wordsOf(argv: readonly string[]): { given: ReadonlyMap<string, string>; problems: string[] } {
  const given = new Map<string, string>();
  const problems: string[] = [];
  const { tokens } = parseArgs({ args: [...argv], options: KNOWN, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      problems.push(`${token.value} belongs to no option; options come behind two dashes: npm run seed -- --users 50`);
    } else if (!Object.hasOwn(KNOWN, token.name)) problems.push(`${token.rawName} is not an option`);
    else if (given.has(token.name)) problems.push(`${token.rawName} is given twice`);
    else if (KNOWN[token.name as keyof typeof KNOWN] === FLAG && token.value !== undefined) {
      problems.push(`${token.rawName} takes no value, got ${token.value}`);
    } else given.set(token.name, token.value ?? '');
  }
  return { given, problems };
}

function contradictions({ users, orders, transactions }: SeedOptions): string[] {
  const problems: string[] = [];
  if (users === 0 && orders > 0) problems.push('--users 0 leaves nobody to order: it takes --orders 0');
  if (orders === 0 && transactions > 0) problems.push('--orders 0 leaves nothing to pay: it takes --transactions 0');
  if (users + orders + transactions === 0) problems.push('--users 0 --orders 0 makes nothing: it takes one of them');
  return problems;
}

function wholeNumber(text: string, most: number): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= most ? Number(text) : null;
}

function readShare(text: string): number | null {
  return /^(0?\.\d{1,6}|[01](\.0{1,6})?)$/.test(text) ? Number(text) : null;
}

/** JavaScript takes the 30th of February for the 1st of March. */
function readDay(text: string): string | null {
  const isDay = /^20\d\d-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
  return isDay && new Date(text).toISOString().startsWith(text) ? text : null;
}
