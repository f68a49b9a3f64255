import type { Progress } from '../task.js';
import type { ServerExit, ServerProcess } from './server-process.js';

/** A database server that belongs to this process. */
export interface EmbeddedServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Returns once it is gone; its data stays. */
  stop(): Promise<void>;
}

export interface EmbeddedServerOptions {
  /** The server's own folder. The caller holds the lock of the data folder: what runs on it is a leftover, and ends. */
  directory: string;
  /** False gives up crash safety for speed: for tests. */
  durable: boolean;
  onProgress?: Progress | undefined;
  /** The server ended although nobody stopped it. */
  onExit?: ((exit: ServerExit) => void) | undefined;
}

export function asEmbeddedServer(url: string, server: ServerProcess): EmbeddedServer {
  const stop = (): Promise<void> => server.stop();
  return { url, pid: server.pid, stop, [Symbol.asyncDispose]: stop };
}
