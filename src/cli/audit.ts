import { auditTransactions } from '../audit/transactions.js';
import { loadConfig } from '../config.js';
import { createLogger } from '../platform/logger.js';
import { inSilence, type CommandOptions } from '../platform/task.js';
import { describeAudit } from './audit-report.js';
import { openDatabases, shareDatabases } from './databases.js';
import { makeReady } from './prepare.js';
import { refuseWords } from './usage.js';

const USAGE = 'usage: npm run audit [-- --transactions] [--json] [--help]';

const HELP = `${USAGE}

Checks every order in PostgreSQL against the transactions in MongoDB, and both against what clients were told. Changes
no order and no transaction, and can be run while orders are written: what is found is checked again before it counts.

  --transactions   this check; it is the only one so far, and made without the word, too
  --json           one JSON document on standard output, for programs
  --help           this

It ends with 0 when all is sound, with 1 when something is lost, double, left over or wrong, with 2 when it was called
wrongly. Transactions of other programs that have no order are counted, and are no fault.
`;

/** `npm run audit`: whether both databases hold what was promised, no less and no more. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  if (argv.includes('--help')) {
    process.stdout.write(HELP);
    return;
  }
  refuseWords(argv, ['--transactions', '--json'], USAGE);
  const isForPrograms = argv.includes('--json');
  const config = loadConfig();
  const tell = isForPrograms ? inSilence : task;
  const databases = await shareDatabases(config, tell);
  try {
    const platform = await openDatabases(databases, createLogger(config.logLevel));
    try {
      await makeReady(platform, databases, tell);
      const audit = await tell('Check orders and transactions', () => auditTransactions(platform));
      const report = isForPrograms
        ? JSON.stringify(audit, null, 2)
        : `\n${describeAudit(audit, platform.postgres.schema)}`;
      process.stdout.write(`${report}\n`);
      process.exitCode = audit.isSound ? 0 : 1;
    } finally {
      await platform[Symbol.asyncDispose]();
    }
  } finally {
    await databases.stop();
  }
}
