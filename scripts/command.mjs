// @ts-check
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { StepError } from './failure.mjs';

/** @type {readonly NodeJS.Signals[]} */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command in silence and returns what it printed; a failure carries it as `output`. The command does not
 * outlive a signal that ends us.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: Record<string, string>, remedy?: string, onStart?: (pid: number) => void }} options
 * @returns {Promise<string>}
 */
export async function command(file, args, { cwd, env = {}, remedy = '', onStart }) {
  const shown = [file === process.execPath ? 'node' : file, ...args].join(' ');
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm is a .cmd file there, which only a shell starts.
    shell: process.platform === 'win32' && file !== process.execPath,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
  }
  if (child.pid !== undefined) onStart?.(child.pid);
  const stopForwarding = endTogether(child);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new StepError(`\`${shown}\` ended with code ${code}.`, { output, remedy });
    return output;
  } catch (error) {
    if (error instanceof StepError) throw error;
    throw new StepError(`\`${shown}\` could not be started.`, { output: String(error), remedy, cause: error });
  } finally {
    stopForwarding();
  }
}

/**
 * Passes the signals that end a process on to the child, and ends with it.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void} stops doing so
 */
function endTogether(child) {
  const handlers = ENDING_SIGNALS.map((signal) => {
    const handler = () => {
      child.once('close', () => process.exit(128 + constants.signals[signal]));
      child.kill(signal);
    };
    process.once(signal, handler);
    return /** @type {const} */ ([signal, handler]);
  });
  return () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
}
