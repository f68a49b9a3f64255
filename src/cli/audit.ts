import type { ConsistencyAudit } from '../audit/consistency.service.js';
import { auditTransactions, type TransactionAudit } from '../audit/transactions.js';
import type { Platform } from '../platform/platform.js';
import type { CommandOptions, Progress, Task } from '../platform/task.js';
import { createScope } from '../scope.js';
import { consistencyForPrograms, describeConsistency } from './audit-consistency-report.js';
import { describeAudit } from './audit-report.js';
import { number } from './doctor/words.js';
import { refuseWords } from './usage.js';
import { withPlatform } from './with-platform.js';

const USAGE = 'usage: npm run audit [-- --transactions | --consistency] [--json] [--help]';

const HELP = `${USAGE}

Checks both databases against each other. Changes nothing, and can be run while orders and users are written: what is
found is checked again before it counts. Without words it makes both checks.

  --transactions   every order against its transactions, and both against what clients were told
  --consistency    every reference from one database to the other, every copy of a user, and what waits to be done
  --json           one JSON document on standard output, for programs
  --help           this

It ends with 0 when all is sound, with 1 when something is wrong, with 2 when it was called wrongly. In the first check
transactions of other programs that have no order are counted, and are no fault; in the second they are.
`;

/** What was checked; null where it was not asked for. */
interface Checked {
  readonly transactions: TransactionAudit | null;
  readonly consistency: ConsistencyAudit | null;
}

/** `npm run audit`: whether both databases hold what was promised, and agree. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  if (argv.includes('--help')) {
    process.stdout.write(HELP);
    return;
  }
  refuseWords(argv, ['--transactions', '--consistency', '--json'], USAGE);
  const isForPrograms = argv.includes('--json');
  await withPlatform({ task }, isForPrograms, async (platform, { tell }) => {
    const checked = await check(platform, argv, tell);
    const report = isForPrograms
      ? JSON.stringify(forPrograms(checked, platform), null, 2)
      : described(checked, platform);
    process.stdout.write(`${report}\n`);
    process.exitCode = isSound(checked) ? 0 : 1;
  });
}

async function check(platform: Platform, argv: readonly string[], tell: Task): Promise<Checked> {
  const isOne = argv.includes('--transactions') !== argv.includes('--consistency');
  const asked = (word: string) => !isOne || argv.includes(word);
  const transactions = asked('--transactions')
    ? await tell('Check orders and transactions', () => auditTransactions(platform))
    : null;
  const consistency = asked('--consistency')
    ? await tell('Check both databases against each other', (update) =>
        createScope(platform).audit.audit({ onProgress: telling(update) }),
      )
    : null;
  return { transactions, consistency };
}

function telling(update: Progress): (examined: number) => void {
  return (examined) => {
    update(undefined, `${number(examined)} rows`);
  };
}

/** One check by itself is told as it is. */
function forPrograms({ transactions, consistency }: Checked, { mongo }: Platform): object | null {
  const collectionOf = (name: string) => mongo.nameOf(name);
  if (consistency === null) return transactions;
  if (transactions === null) return consistencyForPrograms(consistency, collectionOf);
  return {
    isSound: transactions.isSound && consistency.isSound,
    transactions,
    consistency: consistencyForPrograms(consistency, collectionOf),
  };
}

function described({ transactions, consistency }: Checked, { postgres, mongo }: Platform): string {
  return [
    ...(transactions === null ? [] : [`\n${describeAudit(transactions, postgres.schema)}`]),
    ...(consistency === null ? [] : [`\n${describeConsistency(consistency, (name) => mongo.nameOf(name))}`]),
  ].join('\n');
}

function isSound({ transactions, consistency }: Checked): boolean {
  return transactions?.isSound !== false && consistency?.isSound !== false;
}
