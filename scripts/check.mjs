// @ts-check
// node scripts/check.mjs: sets everything up, then runs every check:* script of package.json, also after one failed.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { command } from './command.mjs';
import { printFailure, StepError } from './failure.mjs';
import { PROJECT, setup } from './setup.mjs';
import { task } from './tasks.mjs';

try {
  await setup({ build: true });
  const failed = await runAll(checks());
  if (failed.length > 0) {
    throw new StepError(`Not right: ${failed.join(', ')}.`, {
      remedy: `One alone, with all that it says: npm run ${failed[0] ?? ''}. The format mends itself: npm run format.`,
    });
  }
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}

/** @returns {string[]} the names of the scripts, as they stand */
function checks() {
  const { scripts } = JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8'));
  return Object.keys(scripts).filter((name) => name.startsWith('check:'));
}

/**
 * One after the other; each that fails has said why.
 * @param {readonly string[]} names
 * @returns {Promise<string[]>} those that failed
 */
async function runAll(names) {
  const failed = [];
  for (const name of names) {
    try {
      await task(name, () => command('npm', ['run', '--silent', name], { cwd: PROJECT }));
    } catch {
      failed.push(name);
    }
  }
  return failed;
}
