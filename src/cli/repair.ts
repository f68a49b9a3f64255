import type { RepairRun } from '../audit/repair.service.js';
import type { Platform } from '../platform/platform.js';
import type { CommandOptions, Task } from '../platform/task.js';
import { createScope } from '../scope.js';
import { number } from './doctor/words.js';
import { HELP, parseRepairCommand, type RepairCommand } from './repair-command-line.js';
import { describeRepair, isLeft } from './repair-report.js';
import { withPlatform } from './with-platform.js';

/** `npm run repair`: mends what the audit finds, as far as the command line says so. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  const command = parseRepairCommand(argv);
  if (command.kind === 'help') {
    process.stdout.write(HELP);
    return;
  }
  await withPlatform({ task }, command.json, async (platform, { tell }) => {
    const run = await repair(platform, command, tell);
    process.stdout.write(command.json ? `${JSON.stringify(run, null, 2)}\n` : `\n${describeRepair(run)}\n`);
    process.exitCode = isLeft(run) ? 1 : 0;
  });
}

function repair(
  platform: Platform,
  { isDry, policies, expect }: Extract<RepairCommand, { kind: 'repair' }>,
  tell: Task,
): Promise<RepairRun> {
  const title = isDry ? 'Look what would be repaired' : 'Repair';
  return tell(title, (update) =>
    createScope(platform).repair.run(
      { isDry, expect, ...policies },
      {
        onProgress: (examined) => {
          update(undefined, `${number(examined)} rows`);
        },
      },
    ),
  );
}
