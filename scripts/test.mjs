// @ts-check
// node scripts/test.mjs [--build] [--long] [vitest's arguments]: sets everything up, with --build the build too, then runs the
// tests, with --long in as many rounds as the long suite.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { printFailure } from './failure.mjs';
import { endWithNpm } from './parent.mjs';
import { PROJECT, setup } from './setup.mjs';

try {
  endWithNpm();
  const args = process.argv.slice(2);
  await setup({ build: args.includes('--build') });
  if (args.includes('--long')) process.env['TANDEM_TEST_LONG'] = '1';
  process.exitCode = await runVitest(args.filter((arg) => arg !== '--build' && arg !== '--long'));
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
function runVitest(args) {
  const vitest = path.join(PROJECT, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...args], { cwd: PROJECT, stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the child by itself; a second SIGINT would make it skip its own clean-up.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
    });
  });
}
