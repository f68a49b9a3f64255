import { execFile } from 'node:child_process';
import { cp, lstat, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { makeScratch } from './scratch.js';
import { userEnvironment } from './user-environment.js';

declare module 'vitest' {
  export interface ProvidedContext {
    projectTemplate: string;
  }
}

const run = promisify(execFile);
const PROJECT = path.resolve(import.meta.dirname, '../..');

/** A copy of the project, set up by its own scripts, that every test's copy is made from. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await makeScratch('template');
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await copySources(folder);
    await copyModules(folder);
    await run('npm', ['run', 'schema'], { cwd: folder, env: userEnvironment() });
  } catch (error) {
    await remove();
    throw error;
  }
  project.provide('projectTemplate', folder);
  return remove;
}

/** What a commit of everything would hold. */
async function copySources(folder: string): Promise<void> {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await run('git', list, { cwd: PROJECT });
  for (const file of stdout.split('\0').filter((name) => name !== '')) {
    const isThere = await lstat(path.join(PROJECT, file)).catch(() => null);
    if (isThere !== null) await cp(path.join(PROJECT, file), path.join(folder, file));
  }
}

/** The stamps stay behind: what is set up is for the copy's own scripts to find out. */
async function copyModules(folder: string): Promise<void> {
  const modules = path.join(folder, 'node_modules');
  try {
    await run('cp', ['-al', path.join(PROJECT, 'node_modules'), modules]);
  } catch {
    // Hard links end at a file system's border.
    await rm(modules, { recursive: true, force: true });
    await run('cp', ['-a', path.join(PROJECT, 'node_modules'), modules]);
  }
  await rm(path.join(modules, '.tandem'), { recursive: true, force: true });
}
