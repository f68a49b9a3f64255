import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inject, onTestFinished } from 'vitest';
import { NpmCommand, type Settings } from './npm-command.js';
import { makeScratch } from './scratch.js';
import { userEnvironment } from './user-environment.js';

const run = promisify(execFile);

/** Where a copy that goes leaves its packages for the next. */
const SPARE = 'spare_modules';

/** A copy of the project in a folder that only its owner can read; it goes, with all that runs in it, after the test. */
export class ProjectCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** One whose dependencies, client and build are ready. */
  static async make(): Promise<ProjectCopy> {
    const folder = await makeScratch('copy');
    await chmod(folder, 0o700);
    const copy = new ProjectCopy(folder);
    onTestFinished(() => copy.#remove());
    const template = inject('projectTemplate');
    const names = (await readdir(template)).filter((name) => name !== 'node_modules' && name !== SPARE);
    await run('cp', ['-a', ...names.map((name) => path.join(template, name)), folder]);
    await copy.#takeModules(template);
    return copy;
  }

  /** One in which only the dependencies are there. */
  static async makeUnprepared(): Promise<ProjectCopy> {
    const copy = await ProjectCopy.make();
    for (const made of ['dist', 'node_modules/.tandem', 'src/platform/postgres/generated'])
      await rm(copy.path(made), { recursive: true });
    return copy;
  }

  /** Starts a command of npm's here. */
  npm(args: readonly string[], settings: Settings = {}): NpmCommand {
    const command = new NpmCommand(this.folder, args, settings);
    onTestFinished(() => {
      command.signalGroup('SIGKILL');
    });
    return command;
  }

  /** `npm start`, once it serves. */
  async start(settings: Settings): Promise<NpmCommand> {
    const command = this.npm(['start'], settings);
    await command.printed('(Ctrl-C stops it)');
    return command;
  }

  path(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  /** What runs in this folder or on its data: npm, node, the servers, whatever they started. */
  processes(): { pid: number; command: string }[] {
    const places = [this.folder, elsewhere(this.path('.data', 'postgres', 'elsewhere.json'))];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), command: commandOf(name), cwd: workingDirectoryOf(name) }))
      .filter(({ command, cwd }) =>
        places.some((place) => place !== null && (command.includes(place) || cwd.startsWith(place))),
      )
      .map(({ pid, command }) => ({ pid, command }));
  }

  /** The node that runs the command, behind npm. */
  nodePid(): number {
    const found = this.processes().find(({ command }) => /^\S*node scripts\/run\.mjs/.test(command));
    if (found === undefined) throw new Error('no node runs here');
    return found.pid;
  }

  /** Milliseconds until nothing ran here any more. */
  async quiet(withinMs = 20_000): Promise<number> {
    const startedAt = Date.now();
    while (this.processes().length > 0) {
      if (Date.now() - startedAt > withinMs) throw new Error(`still running: ${JSON.stringify(this.processes())}`);
      await sleep(50);
    }
    return Date.now() - startedAt;
  }

  /** Linked, which takes a second, or handed on by the copy before: packages are replaced, never written to. */
  async #takeModules(template: string): Promise<void> {
    const modules = this.path('node_modules');
    await rename(path.join(template, SPARE), modules).catch(() =>
      run('cp', ['-al', path.join(template, 'node_modules'), modules]),
    );
    await rm(path.join(modules, '.tandem'), { recursive: true, force: true });
    await run('cp', ['-a', path.join(template, 'node_modules', '.tandem'), modules]);
  }

  async #remove(): Promise<void> {
    try {
      await this.quiet();
      // PostgreSQL's data may lie outside of the folder.
      await run(process.execPath, ['scripts/reset.mjs'], { cwd: this.folder, env: userEnvironment() });
      await rename(this.path('node_modules'), path.join(inject('projectTemplate'), SPARE)).catch(() => undefined);
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}

function elsewhere(file: string): string | null {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { folder: string }).folder;
  } catch {
    return null;
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return ''; // gone meanwhile
  }
}

function workingDirectoryOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
