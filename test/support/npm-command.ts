import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { userEnvironment } from './user-environment.js';

/** How a command ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type Settings = Readonly<Record<string, string>>;

/** A command of npm's in a process group of its own, without a terminal, as a user or a supervisor starts it. */
export class NpmCommand {
  stdout = '';
  /** What was complained about; npm's warnings about its own settings are not ours. */
  get complaints(): string {
    return this.#stderr.replaceAll(/^npm warn .*\n/gm, '').trim();
  }

  readonly #args: readonly string[];
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #stderr = '';
  #ending: Ending | null = null;

  constructor(folder: string, args: readonly string[], settings: Settings) {
    this.#args = args;
    this.#child = spawn('npm', args, {
      cwd: folder,
      env: userEnvironment(settings),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#child.once('exit', (code, signal) => (this.#ending = { code, signal }));
  }

  get output(): string {
    return `${this.stdout}\n${this.#stderr}`;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('npm could not be started');
    return pid;
  }

  /** Returns once the command has printed this. */
  async printed(text: string): Promise<void> {
    await this.#wait(`"${text}"`, 90_000, () => this.stdout.includes(text) || this.#refuseEnd(text));
  }

  /** Returns once this holds, while the command runs. */
  async reached(what: string, holds: () => boolean): Promise<void> {
    await this.#wait(what, 90_000, () => holds() || this.#refuseEnd(what));
  }

  /** Returns once npm has ended and all that it printed is here. */
  async ended(withinMs = 60_000): Promise<Ending> {
    await this.#wait('its end', withinMs, () => this.#ending !== null);
    await sleep(50);
    return this.#ending ?? { code: null, signal: null };
  }

  /** To npm alone, as `kill` does. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** To npm and all that it runs, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.#ending === null) process.kill(-this.pid, signal);
  }

  #refuseEnd(text: string): false {
    if (this.#ending === null) return false;
    throw new Error(`npm ${this.#args.join(' ')} ended before ${text}:\n${this.output}`);
  }

  async #wait(what: string, withinMs: number, holds: () => boolean): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`npm ${this.#args.join(' ')}: no ${what} yet:\n${this.output}`);
      await sleep(20);
    }
  }
}
