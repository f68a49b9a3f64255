import { parseArgs } from 'node:util';
import { UsageError } from '../usage.js';

/** What a command line asks for. */
export type DemoCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly seed: number; readonly orders: number; readonly kills: number };

const USAGE = 'usage: npm run demo:crash -- [--seed N] [--orders N] [--kills N] [--help]';

export const HELP = `${USAGE}

Starts databases of its own in a temporary folder, and a gateway. Clients create orders, half of them REQUIRED and half
EVENTUAL, while the gateway is killed again and again (kill -9) and started again; each client repeats its call with
the same idempotency key until it has an answer. At the end it counts what is there. Nothing else is touched.

  --seed N     another number, other moments and orders (drawn and printed when absent)
  --orders N   orders (1000)
  --kills N    how often the gateway is killed (5)
  --help       this
`;

const VALUE = { type: 'string' } as const;

/** @throws {UsageError} that says what is wrong, and what would be right */
export function parseDemoCommand(argv: readonly string[], drawnSeed: number): DemoCommand {
  const { values, tokens } = parseArgs({
    args: [...argv],
    options: { seed: VALUE, orders: VALUE, kills: VALUE, help: { type: 'boolean' } },
    strict: false,
    tokens: true,
  });
  if (values.help === true) return { kind: 'help' };
  for (const token of tokens) {
    const word = token.kind === 'positional' ? token.value : token.kind === 'option' ? token.rawName : '--';
    if (token.kind === 'option' && ['seed', 'orders', 'kills'].includes(token.name)) continue;
    throw new UsageError(`${word} is not an option\n\n${USAGE}`);
  }
  const count = (name: 'seed' | 'orders' | 'kills', least: number, most: number, otherwise: number): number => {
    const text = values[name];
    if (text === undefined) return otherwise;
    const isNumber =
      typeof text === 'string' && /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most;
    if (isNumber) return Number(text);
    const given = text === true || text === '' ? 'nothing' : String(text);
    throw new UsageError(`--${name} takes a whole number from ${least} to ${most}, got ${given}\n\n${USAGE}`);
  };
  return {
    kind: 'run',
    seed: count('seed', 0, 2 ** 32 - 1, drawnSeed),
    orders: count('orders', 1, 100_000, 1_000),
    kills: count('kills', 0, 100, 5),
  };
}
