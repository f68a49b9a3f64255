// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { parentOf } from '../src/platform/embedded/processes.mjs';

const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh']);

/**
 * Ends this process, in order, when the npm that started it vanishes: `kill -9` of npm reaches nobody else, and a
 * server that nobody sees any more would keep its port and its data. npm starts a script through a shell, which
 * survives npm as well; so behind a shell it is the grandparent that counts.
 */
export function endWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const grandparent = isShell(parent) ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    const isOrphan = process.ppid !== parent || (grandparent !== undefined && parentOf(parent) !== grandparent);
    if (!isOrphan) return;
    clearInterval(timer); // a second signal would cut the orderly end short
    process.kill(process.pid, 'SIGTERM');
  }, 1_000).unref();
}

/** @param {number} pid */
function isShell(pid) {
  const file = `/proc/${pid}/comm`;
  return existsSync(file) && SHELLS.has(readFileSync(file, 'utf8').trim());
}
