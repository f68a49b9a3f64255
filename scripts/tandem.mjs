#!/usr/bin/env node
// @ts-check
// node scripts/tandem.mjs <command> [arguments], or `npx tandem <command>`: what `npm run <command>` does. Needs nothing
// installed: the command sets everything up first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { PROJECT } from './setup.mjs';

/** The script of each command, and the words that it gets before those of the command line. */
const COMMANDS = new Map([
  ['start', ['run.mjs', 'main']],
  ['worker', ['run.mjs', 'main', 'worker']],
  ['migrate', ['run.mjs', 'cli/migrate']],
  ['doctor', ['run.mjs', 'cli/doctor']],
  ['sync', ['run.mjs', 'cli/sync']],
  ['audit', ['run.mjs', 'cli/audit']],
  ['repair', ['run.mjs', 'cli/repair']],
  ['jobs', ['run.mjs', 'cli/jobs']],
  ['seed', ['run.mjs', 'cli/seed']],
  ['reset', ['reset.mjs']],
]);

const USAGE = `usage: tandem <command> [options]

  start     everything, from nothing to the graph
  worker    works on jobs, beside gateways and other workers
  migrate   makes your databases ready (--dry-run shows what it would do)
  doctor    looks at your databases and the joins between them, and changes nothing (--json)
  sync      copies all users of MongoDB to PostgreSQL (--status shows how the copy stands)
  audit     checks that both databases hold what was promised, no less and no more, and agree (--json)
  repair    mends what the audit finds, as far as it is told to (--dry-run | --apply)
  jobs      lists the jobs that failed, and puts them back once their cause is fixed (--json)
  seed      fills databases with rows to try things with (--help)
  reset     removes the embedded databases with their data
`;

const [, , name = '', ...words] = process.argv;
const script = COMMANDS.get(name);

if (script !== undefined) await run(script, words);
else if (name === '--help' || name === 'help') process.stdout.write(USAGE);
else {
  process.stderr.write(name === '' ? USAGE : `${name} is no command.\n\n${USAGE}`);
  process.exitCode = 2;
}

/**
 * In this process, in the project's folder, as npm does it: a signal reaches the command itself.
 * @param {readonly string[]} script
 * @param {readonly string[]} words
 */
async function run([file = '', ...first], words) {
  // Whoever reads no further (`tandem doctor | head`) has read enough; what is under way ends in order.
  process.stdout.on('error', () => undefined);
  process.chdir(PROJECT);
  if (words.includes('--json')) await setUpAside();
  process.argv = [process.argv[0] ?? '', path.join(PROJECT, 'scripts', file), ...first, ...words];
  await import(`./${file}`);
}

/**
 * Sets everything up in a process whose standard output is our standard error: with `--json`, ours belongs to a program.
 * The command then finds nothing left to set up.
 */
async function setUpAside() {
  const failure = new URL('failure.mjs', import.meta.url).href;
  const setup = new URL('setup.mjs', import.meta.url).href;
  const program = `
    import { printFailure } from ${JSON.stringify(failure)};
    import { setup } from ${JSON.stringify(setup)};
    await setup({ build: true }).catch((error) => { printFailure(error); process.exitCode = 1; });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 2, 2] });
  const [code] = await once(child, 'close');
  if (code !== 0) process.exit(1);
}
