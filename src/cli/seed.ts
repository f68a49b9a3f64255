import { loadConfig } from '../config.js';
import { createLogger } from '../platform/logger.js';
import type { Platform } from '../platform/platform.js';
import type { CommandOptions, Task } from '../platform/task.js';
import { openDatabases, provideDatabases } from './databases.js';
import { makeReady } from './prepare.js';
import { commandFor, HELP, parseSeedCommand, type SeedCommand } from './seeding/command-line.js';
import { planOf } from './seeding/plan.js';
import { isWhole, progressOf, Seeding, strangersIn, wholeOf } from './seeding/seeding.js';
import { stopOnSignals } from './seeding/stop-signals.js';

/** The databases have rows of others; the message says how many, and that nothing was written. */
export class NotEmptyError extends Error {
  readonly code = 'NOT_EMPTY';
}

/** Not all rows were written; the message says why, what is there and what to do. */
export class SeedingCutShortError extends Error {
  readonly code = 'SEEDING_CUT_SHORT';
}

type SeedRequest = Extract<SeedCommand, { readonly kind: 'seed' }>;

/** `npm run seed`: fills the databases with rows that follow from its options; `--help` says which. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  const command = parseSeedCommand(argv);
  if (command.kind === 'help') {
    say(HELP);
    return;
  }
  const config = loadConfig();
  const stopping = stopOnSignals();
  const databases = await provideDatabases(config, task, () => undefined);
  try {
    const platform = await openDatabases(databases, createLogger(config.logLevel));
    try {
      await makeReady(platform, databases, task);
      say(`${await seed(platform, command, task, stopping)}\n`);
    } finally {
      await platform[Symbol.asyncDispose]();
    }
  } finally {
    await databases.stop();
  }
}

/**
 * Writes the rows that a command asks for, as far as they are not there. Returns what to tell people.
 *
 * @throws {NotEmptyError} when there are rows of others, unless the command says `add`
 * @throws {SeedingCutShortError} when not all was written
 */
export async function seed(
  platform: Platform,
  command: SeedRequest,
  task: Task,
  stopping: AbortSignal,
): Promise<string> {
  const seeding = new Seeding(platform, planOf(command.options));
  const before = await seeding.survey();
  const strangers = strangersIn(before);
  if (strangers !== '' && !command.add) throw notEmpty(strangers);
  if (isWhole(before)) return `Nothing to do: ${wholeOf(seeding)} are there. Another --seed makes others.`;
  try {
    await seeding.write(task, stopping);
  } catch (error) {
    throw await cutShort(seeding, command, stopping.aborted ? 'it was stopped' : messageOf(error), error);
  }
  const whole = wholeOf(seeding);
  return command.add ? `Seeded: ${whole}.\n${removalOf(seeding)}` : `Seeded: ${whole}.`;
}

function notEmpty(strangers: string): NotEmptyError {
  return new NotEmptyError(
    `npm run seed fills empty databases, and these have rows of others: ${strangers}. Nothing was written.\n` +
      'With --add they stay as they are, and the new rows come beside them; "npm run reset" removes embedded databases.',
  );
}

async function cutShort(seeding: Seeding, command: SeedRequest, why: string, cause: unknown) {
  const there = progressOf(await seeding.surveyWhatAnswers());
  const message = [
    `The seeding was cut short: ${why}.`,
    `There are ${there}.`,
    `The same command completes it: ${commandFor(command)}`,
    removalOf(seeding),
  ];
  return new SeedingCutShortError(message.join('\n'), { cause });
}

function removalOf({ destinations }: Seeding): string {
  return ['These statements remove its rows and no others:', ...destinations.map(({ removal }) => `  ${removal}`)].join(
    '\n',
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function say(text: string): void {
  process.stdout.write(text);
}
