import { spawn, type ChildProcess } from 'node:child_process';
import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerCommand {
  command: string;
  args: readonly string[];
  /** Only root may change them. */
  uid?: number;
  gid?: number;
}

export interface ServerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** How to end a server: each signal in turn, until it is gone. */
export type StopSteps = readonly { signal: NodeJS.Signals; withinMs: number }[];

export interface ServerProcess {
  readonly pid: number;
  hasEnded(): boolean;
  /** Returns once the server is gone; calling it again waits for the same end. */
  stop(): Promise<void>;
}

export interface ServerProcessOptions extends ServerCommand {
  /** Absolute. Holds this life's output; the one before is kept beside it as `.previous`. */
  logFile: string;
  stopSteps: StopSteps;
  /** The server ended although nobody stopped it. */
  onExit?: ((exit: ServerExit) => void) | undefined;
}

/**
 * Starts one server that lives at most as long as this process, even when this process is killed with -9.
 *
 *     running --stop()--> stopping --exit--> gone        the caller waits for it
 *        |----------------exit-------------> gone        onExit tells
 *        |---------this process dies-------> the watchdog's SIGINT
 *
 * It gets a session of its own, so a terminal's Ctrl-C reaches this process alone, which stops its servers in order.
 * It never keeps the event loop alive.
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  await rename(options.logFile, `${options.logFile}.previous`).catch(() => undefined);
  const log = await open(options.logFile, 'w', 0o600);
  try {
    const child = spawn(options.command, options.args, {
      detached: process.platform !== 'win32',
      stdio: ['ignore', log.fd, log.fd],
      // Not ours: an unprivileged server may not be allowed to look there, and a folder in use cannot be removed.
      cwd: path.parse(options.logFile).root,
      windowsHide: true,
      ...(options.uid !== undefined && { uid: options.uid }),
      ...(options.gid !== undefined && { gid: options.gid }),
    });
    const pid = await spawned(child);
    return superviseServer(child, pid, options);
  } finally {
    await log.close();
  }
}

function superviseServer(child: ChildProcess, pid: number, { stopSteps, onExit }: ServerProcessOptions): ServerProcess {
  const disarmWatchdog = armWatchdog(pid);
  let stopping: Promise<void> | undefined;
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (code, signal) => {
      disarmWatchdog();
      resolve({ code, signal });
      if (stopping === undefined) onExit?.({ code, signal });
    });
  });
  child.on('error', () => undefined); // a signal that came too late
  child.unref();

  const stop = async (): Promise<void> => {
    if (hasEnded(child)) return;
    // While we wait for it, it does keep the event loop alive: the wait must not end in silence.
    child.ref();
    for (const { signal, withinMs } of stopSteps) {
      child.kill(signal);
      await Promise.race([exited, sleep(withinMs, undefined, { ref: false })]);
      if (hasEnded(child)) return;
    }
  };
  return { pid, hasEnded: () => hasEnded(child), stop: () => (stopping ??= stop()) };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      if (child.pid !== undefined) resolve(child.pid);
    });
  });
}

// `read` ends in two ways: with a line (the server is gone, nothing to do), or at the end of the pipe, which the
// kernel closes when this process dies, however it dies. `trap` keeps the shell from dying with a terminal.
const WATCHDOG = `trap '' HUP INT TERM; read -r done && exit 0
kill -INT "$1"
for second in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 "$1" 2>/dev/null || exit 0; done
kill -KILL "$1"`;

/** Ends the server after this process died without stopping it. Windows has no such shell: there it stays. */
function armWatchdog(pid: number): () => void {
  if (process.platform === 'win32') return () => undefined;
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  watchdog.once('error', () => undefined);
  watchdog.stdin.once('error', () => undefined);
  watchdog.unref();
  (watchdog.stdin as Writable & Pick<ChildProcess, 'unref'>).unref(); // a socket, though its type does not say so
  return () => {
    watchdog.stdin.end('done\n');
  };
}
