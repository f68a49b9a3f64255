// @ts-check
// node scripts/reset.mjs: removes the embedded databases with their data. Needs nothing installed.
import { existsSync, lstatSync, readFileSync, rmSync, rmdirSync } from 'node:fs';
import path from 'node:path';
// Whole: a name that an old Node lacks would fail before the Node could be called old.
import util from 'node:util';
import { claimHolder } from '../src/platform/embedded/claims.mjs';
import { stopStrayServers } from '../src/platform/embedded/processes.mjs';
import { printFailure, StepError } from './failure.mjs';
import { checkNode } from './node-version.mjs';
import { PROJECT } from './setup.mjs';

// The folder may be anybody's (TANDEM_DATA_DIR), so only what Tandem makes in it is removed.
const OURS = ['postgres', 'mongo', 'lock'];

try {
  checkNode();
  const [word] = process.argv.slice(2);
  if (word !== undefined) {
    const remedy = 'usage: npm run reset   (removes the embedded databases with their data)';
    throw new StepError(`${word} is not an option; nothing was removed.`, { remedy });
  }
  await reset(dataDirectory());
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}

/** @param {string} directory */
async function reset(directory) {
  const owner = claimHolder(path.join(directory, 'lock'));
  if (owner !== undefined) {
    throw new StepError(`Process ${owner} is using ${directory}.`, { remedy: 'Stop it first, then reset again.' });
  }
  const elsewhere = recordedPlace(path.join(directory, 'postgres', 'elsewhere.json'));
  const postgres = elsewhere === undefined ? path.join(directory, 'postgres') : path.join(elsewhere, 'data');
  await stopStrayServers(path.join(postgres, 'cluster'));
  await stopStrayServers(path.join(directory, 'mongo', 'data'));

  const found = [elsewhere, ...OURS.map((name) => path.join(directory, name))].filter(
    (folder) => folder !== undefined && existsSync(folder),
  );
  const isEmpty = found.length === 0;
  if (claimHolder(path.join(directory, 'setup')) === undefined) found.push(path.join(directory, 'setup'));
  for (const folder of found) rmSync(/** @type {string} */ (folder), { recursive: true, force: true });
  removeIfEmpty(directory);
  process.stdout.write(isEmpty ? `Nothing to remove in ${directory}.\n` : `Removed the data in ${directory}.\n`);
}

/** As the configuration has it: the environment first, then .env; what is empty is not set. */
function dataDirectory() {
  const file = path.join(PROJECT, '.env');
  const fromFile = existsSync(file) ? util.parseEnv(readFileSync(file, 'utf8'))['TANDEM_DATA_DIR'] : undefined;
  return path.resolve(PROJECT, process.env['TANDEM_DATA_DIR'] || fromFile || '.data');
}

/**
 * Where PostgreSQL's data lies when it could not lie in the data folder. A file that names anything else is not
 * believed.
 * @param {string} file
 * @returns {string | undefined}
 */
function recordedPlace(file) {
  if (!existsSync(file)) return undefined;
  const { folder } = JSON.parse(readFileSync(file, 'utf8'));
  const isOurs = typeof folder === 'string' && /^\/var\/tmp\/tandem-[0-9a-f]{16}$/.test(folder);
  return isOurs && existsSync(folder) && lstatSync(folder).isDirectory() ? folder : undefined;
}

/** @param {string} folder */
function removeIfEmpty(folder) {
  try {
    rmdirSync(folder);
  } catch {
    // holds what is not ours, or was never there
  }
}
