import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import type { ServerProcess } from './server-process.js';

/** A server that ended, or never answered, while it was being started; the message ends with its last words. */
export class ServerStartError extends Error {
  readonly code = 'EMBEDDED_SERVER_START';
  readonly log: string;

  constructor(name: string, what: string, logFile: string, log: string) {
    const lastLines = log.trimEnd().split('\n').slice(-12).join('\n');
    super(`The embedded ${name} ${what}. The end of ${logFile}:\n${lastLines}`);
    this.name = 'ServerStartError';
    this.log = log;
  }
}

interface Awaited {
  name: string;
  server: ServerProcess;
  logFile: string;
  withinMs: number;
  /** Throws or answers false as long as it is not. */
  isReady: () => Promise<boolean>;
}

/** Returns once the server is ready; throws, with the server gone, when it ends or takes longer than it may. */
export async function awaitReady({ name, server, logFile, withinMs, isReady }: Awaited): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (await isReady().catch(() => false)) return;
    if (server.hasEnded())
      throw new ServerStartError(name, 'ended while it was being started', logFile, await readLog(logFile));
    if (Date.now() > deadline) {
      await server.stop();
      const what = `was not ready within ${String(withinMs / 1000)} s`;
      throw new ServerStartError(name, what, logFile, await readLog(logFile));
    }
    await sleep(25);
  }
}

interface PortedStart<T> {
  /** Remembers the port, so that a restart keeps the address. */
  portFile: string;
  start: (port: number) => Promise<T>;
  /** Words of a log that mean: another port, or a moment later, will do. */
  passing: RegExp;
}

/** Starts a server on the port it had before, or on another when that one is taken meanwhile. */
export async function startOnFreePort<T>({ portFile, start, passing }: PortedStart<T>): Promise<T> {
  let preferred: number | undefined = await readPort(portFile);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(preferred);
    try {
      const started = await start(port);
      await writeFile(portFile, String(port));
      return started;
    } catch (error) {
      if (attempt === 5 || !(error instanceof ServerStartError && passing.test(error.log))) throw error;
      preferred = undefined;
      await sleep(300 * attempt);
    }
  }
}

async function readPort(portFile: string): Promise<number | undefined> {
  const port = Number(await readFile(portFile, 'utf8').catch(() => ''));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

function readLog(logFile: string): Promise<string> {
  return readFile(logFile, 'utf8').catch(() => '');
}
