import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import type { Readable, Writable } from 'node:stream';

export interface TandemProcessOptions {
  /** The built `main.js`, as a URL. */
  readonly main: string;
  /** A folder without a `.env`: the process has these settings, and no others. */
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** What a gateway and a worker print once they do their work. */
const READY = '(Ctrl-C stops it)';

/** How long a start may take, in milliseconds. */
const START_TIMEOUT = 60_000;

/** Of what it prints, in characters. */
const OUTPUT_KEPT = 10_000;

/** It also ends when whoever has started it is gone. */
const PROGRAM = `
  process.stdin.resume().once('close', () => process.exit());
  const { main } = await import(process.argv[1]);
  await main({ task: (title, work) => work(() => undefined), argv: [] });
  process.exit();`;

/**
 * A gateway or a worker as `npm start` and `npm run worker` run it, in a process of its own that can be killed and
 * started again with the same settings.
 */
export class TandemProcess implements AsyncDisposable {
  readonly #options: TandemProcessOptions;
  #child: ChildProcess | null = null;

  constructor(options: TandemProcessOptions) {
    this.#options = options;
  }

  /** Returns once it answers, or works on jobs. @throws what it said, when it ended instead */
  async start(): Promise<void> {
    const { main, folder, settings } = this.#options;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, main], {
      cwd: folder,
      env: { HOME: homedir(), LOG_LEVEL: 'error', FEATURES: 'none', ...settings },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    await this.#ready(child);
  }

  /** To the process, as `kill` sends it. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it in the middle of whatever it does, and returns once it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #ready(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<void> {
    let output = '';
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`Tandem does not answer ${START_TIMEOUT / 1_000} s after its start:\n${output}`));
      }, START_TIMEOUT);
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output = (output + text).slice(-OUTPUT_KEPT);
          if (!output.includes(READY)) return;
          clearTimeout(timer);
          resolve();
        });
      }
      child.once('error', reject).once('close', (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`Tandem ended (${String(code ?? signal)}) before it answered:\n${output}`));
      });
    });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
