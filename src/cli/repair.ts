import type { RepairRun } from '../audit/repair.service.js';
import type { Platform } from '../platform/platform.js';
import type { CommandOptions, Task } from '../platform/task.js';
import { createScope } from '../scope.js';
import { number } from './doctor/words.js';
import { HELP, parseRepairCommand, type RepairCommand } from './repair-command-line.js';
import { describeRepair, isLeft } from './repair-report.js';
import { describeRuns, describeUndo, isLeftByUndo } from './undo-report.js';
import { withPlatform } from './with-platform.js';

/** Runs that are listed. */
const LISTED = 50;

/** `npm run repair`: mends what the audit finds, as far as the command line says so. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  const command = parseRepairCommand(argv);
  if (command.kind === 'help') {
    process.stdout.write(HELP);
    return;
  }
  await withPlatform({ task }, command.json, async (platform, { tell }) => {
    if (command.kind !== 'repair') {
      await undoOrList(platform, command, tell);
      return;
    }
    const run = await repair(platform, command, tell);
    process.stdout.write(command.json ? `${JSON.stringify(run, null, 2)}\n` : `\n${describeRepair(run)}\n`);
    process.exitCode = isLeft(run) ? 1 : 0;
  });
}

async function undoOrList(
  platform: Platform,
  command: Extract<RepairCommand, { kind: 'undo' | 'runs' }>,
  tell: Task,
): Promise<void> {
  const { undo } = createScope(platform);
  const say = (result: object, described: string) =>
    process.stdout.write(command.json ? `${JSON.stringify(result, null, 2)}\n` : `\n${described}\n`);
  if (command.kind === 'runs') {
    const runs = await undo.runs(LISTED);
    say(runs, describeRuns(runs));
    return;
  }
  const title = command.isDry ? 'Look what would be brought back' : 'Bring back';
  const outcome = await tell(title, (update) =>
    undo.undo(command.runId, {
      isDry: command.isDry,
      onProgress: (acts) => {
        update(undefined, `${number(acts)} acts`);
      },
    }),
  );
  say(outcome.kind === 'undone' ? outcome.run : outcome, describeUndo(outcome));
  process.exitCode = isLeftByUndo(outcome) ? 1 : 0;
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
