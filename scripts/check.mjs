// @ts-check
// node scripts/check.mjs: sets everything up, then runs every check:* script of package.json, also after one failed: the
// longest beside the others.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { command } from './command.mjs';
import { printFailure, StepError } from './failure.mjs';
import { PROJECT, setup } from './setup.mjs';
import { task } from './tasks.mjs';

const LONGEST = 'check:lint';

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
 * Each that fails has said why.
 * @param {readonly string[]} names
 * @returns {Promise<string[]>} those that failed
 */
async function runAll(names) {
  /** @type {Set<string>} */
  const failed = new Set();
  /** @param {readonly string[]} own one after the other */
  const lane = async (own) => {
    for (const name of own) {
      try {
        await task(name, () => command('npm', ['run', '--silent', name], { cwd: PROJECT }));
      } catch {
        failed.add(name);
      }
    }
  };
  // The types of operations, which most of them read.
  await lane(['codegen']);
  await Promise.all([lane([LONGEST]), lane(names.filter((name) => name !== LONGEST))]);
  return [...failed];
}
