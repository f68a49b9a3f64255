import { randomInt } from 'node:crypto';
import { loadConfig } from '../config.js';
import { freePort } from '../platform/embedded/free-port.js';
import { createLogger } from '../platform/logger.js';
import type { Platform } from '../platform/platform.js';
import type { CommandOptions, Task } from '../platform/task.js';
import { createScope } from '../scope.js';
import { openDatabases } from './databases.js';
import { callsOf } from './demo-crash/calls.js';
import { HELP, parseDemoCommand, type DemoCommand } from './demo-crash/command-line.js';
import { OrderClient } from './demo-crash/order-client.js';
import { isSound, runRound, summaryOf, type RoundResult } from './demo-crash/round.js';
import { TandemProcess } from './demo-crash/tandem-process.js';
import { startThrowAwayDatabases, type ThrowAwayDatabases } from './demo-crash/throw-away-databases.js';
import { makeReady } from './prepare.js';
import { Random } from './seeding/random.js';
import { stopOnSignals } from './seeding/stop-signals.js';

/** Something was lost, doubled or left behind; the message has the counts. */
export class NotSoundError extends Error {
  readonly code = 'NOT_SOUND';
}

type Demo = Extract<DemoCommand, { readonly kind: 'run' }>;

const MAIN = new URL('../main.js', import.meta.url).href;

/** How long what a crash has left may take, in seconds from the moment that the gateway answers again. */
const QUIET_WITHIN = 10;

/** `npm run demo:crash`: kills a gateway in the middle of orders, and counts what is there in the end. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  const command = parseDemoCommand(argv, randomInt(1_000));
  if (command.kind === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const stopping = stopOnSignals();
  const databases = await startThrowAwayDatabases(loadConfig().cacheDirectory, task);
  try {
    stopping.throwIfAborted();
    const platform = await openDatabases(databases, createLogger('silent'));
    try {
      await makeReady(platform, databases, task);
      stopping.throwIfAborted();
      judge(await demonstrate(command, platform, databases, task, stopping), command);
    } finally {
      await platform[Symbol.asyncDispose]();
    }
  } catch (error) {
    // What fails while it is being stopped, fails because of that.
    if (!stopping.aborted) throw error;
    say('\nStopped.');
  } finally {
    await databases.stop();
  }
}

async function demonstrate(
  { seed, orders, kills }: Demo,
  platform: Platform,
  { folder, databaseUrl, mongodbUri }: ThrowAwayDatabases,
  task: Task,
  stopping: AbortSignal,
): Promise<RoundResult> {
  const port = await freePort();
  const settings = { DATABASE_URL: databaseUrl, MONGODB_URI: mongodbUri, HOST: '127.0.0.1', PORT: String(port) };
  const gateway = new TandemProcess({ main: MAIN, folder, settings: { ...settings, LOG_LEVEL: 'silent' } });
  const random = new Random(seed, 0);
  const names = ['Ada', 'Barbara', 'Grace'] as const;
  const [first = '', ...others] = await Promise.all(
    names.map(async (username) => (await createScope(platform).users.create({ username })).id),
  );
  try {
    await task('Start the gateway', () => gateway.start());
    say(`\n${orders.toLocaleString('en')} orders, 16 at a time, half REQUIRED and half EVENTUAL (seed ${seed})`);
    return await runRound({
      gateway,
      client: new OrderClient(`http://127.0.0.1:${port}/graphql`, stopping),
      platform,
      calls: callsOf(orders, {
        userIds: [first, ...others],
        modes: ['REQUIRED', 'EVENTUAL'],
        random,
        keys: `demo-${seed}`,
      }),
      kills,
      random,
      say,
      stopping,
    });
  } finally {
    await gateway.kill();
  }
}

/** @throws {NotSoundError} when not all is as it was promised */
function judge(result: RoundResult, { seed, kills }: Demo): void {
  const times = kills === 1 ? 'once' : `${kills} times`;
  const quietAfter = `quiet ${result.quietAfter.toFixed(1)} s after the last restart`;
  const summary = `${summaryOf(result)} (seed ${seed}, killed ${times}, ${quietAfter})`;
  if (isSound(result) && result.quietAfter <= QUIET_WITHIN) {
    say(`asked again, each key gave the same order\n\n${summary}`);
    return;
  }
  const { refused, unanswered, changedAnswers, audit } = result;
  throw new NotSoundError(
    `${summary}\nNot as it was promised: ${JSON.stringify({ refused, unanswered, changedAnswers, ...audit })}`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
