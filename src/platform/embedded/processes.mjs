// @ts-check
// Plain JavaScript on purpose: the scripts that run before anything is installed or built import it as it is.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAMS = new Set(['postgres', 'initdb', 'mongod']);

/**
 * Whether this process runs now. One that ended but was never collected (a zombie, usual in containers) does not.
 * @param {number} pid
 * @returns {boolean}
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
  const state = procStat(pid)?.[0];
  return state !== 'Z' && state !== 'X';
}

/**
 * Text that no other process ever shares, not even one that gets the same pid later or after a reboot; undefined
 * where the system does not tell.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function processIdentity(pid) {
  if (process.platform === 'linux') {
    const startedAt = procStat(pid)?.[19];
    return startedAt === undefined ? undefined : `${readBootId()}:${startedAt}`;
  }
  if (process.platform === 'win32') return undefined;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The parent's pid; undefined where there is no such process or the system does not tell.
 * @param {number} pid
 * @returns {number | undefined}
 */
export function parentOf(pid) {
  const parent = procStat(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/**
 * The database servers that run on exactly this data folder, whoever started them. Found by their command lines, so
 * a pid that now belongs to something else is never mistaken for a server.
 * @param {string} dataDirectory
 * @returns {number[]}
 */
export function findServers(dataDirectory) {
  const wanted = new Set([dataDirectory, realPath(dataDirectory)]);
  return commandLines()
    .filter(({ args }) => PROGRAMS.has(path.basename(args[0] ?? '', '.exe')))
    .filter(({ args }) => args.some((arg) => wanted.has(arg)))
    .map(({ pid }) => pid);
}

/**
 * Ends the servers that an earlier life left on this data folder, and returns once they are gone: politely first, by
 * force when they do not listen.
 * @param {string} dataDirectory
 * @returns {Promise<number>} how many there were
 */
export async function stopStrayServers(dataDirectory) {
  const strays = findServers(dataDirectory);
  await Promise.all(
    strays.map((pid) =>
      stopProcess(pid, [
        { signal: 'SIGINT', withinMs: 10_000 },
        { signal: 'SIGQUIT', withinMs: 3_000 },
        { signal: 'SIGKILL', withinMs: 5_000 },
      ]),
    ),
  );
  return strays.length;
}

/**
 * Sends each signal in turn until the process is gone.
 * @param {number} pid
 * @param {readonly { signal: NodeJS.Signals, withinMs: number }[]} steps
 * @returns {Promise<void>}
 */
async function stopProcess(pid, steps) {
  const identity = processIdentity(pid);
  const isGone = () => !isAlive(pid) || processIdentity(pid) !== identity;
  for (const { signal, withinMs } of steps) {
    if (isGone()) return;
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + withinMs;
    while (Date.now() < deadline && !isGone()) await sleep(20);
  }
}

/** @returns {{ pid: number, args: string[] }[]} */
function commandLines() {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), args: (readOrNothing(`/proc/${name}/cmdline`) ?? '').split('\0') }));
  }
  if (process.platform === 'win32') return [];
  const listing = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return listing.split('\n').flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    // `ps` loses the border between arguments; the data folder is passed as the last one, after -D or --dbpath.
    const [, program, folder] =
      /^(.*?\/(?:postgres|initdb|mongod))\s.*?(?:-D|--dbpath) (.*)$/.exec(command ?? '') ?? [];
    return pid === undefined || program === undefined || folder === undefined
      ? []
      : [{ pid: Number(pid), args: [program, folder] }];
  });
}

/**
 * The fields of /proc/<pid>/stat after the program's name, which may itself hold spaces and brackets.
 * @param {number} pid
 * @returns {string[] | undefined}
 */
function procStat(pid) {
  const text = process.platform === 'linux' ? readOrNothing(`/proc/${String(pid)}/stat`) : undefined;
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Start times count from boot, so the boot belongs to the identity. */
function readBootId() {
  return readOrNothing('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

/** @param {string} file */
function readOrNothing(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function realPath(file) {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
