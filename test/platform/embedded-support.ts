import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import mongoose from 'mongoose';
import ts from 'typescript';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { findServers, parentOf } from '../../src/platform/embedded/processes.mjs';

const PROJECT = path.resolve(import.meta.dirname, '../..');
export const CACHE = loadConfig().cacheDirectory;
export const isRoot = process.getuid?.() === 0;
export const isLinux = process.platform === 'linux';
/** For what may have to download MongoDB first. */
export const TIMEOUT = 120_000;

/** A private folder, as a checkout that only its owner can read would be. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o700);
  return folder;
}

export async function inMongo<T>(url: string, work: (db: mongoose.mongo.Db) => Promise<T>): Promise<T> {
  const client = await new mongoose.mongo.MongoClient(url, { serverSelectionTimeoutMS: 5_000 }).connect();
  try {
    return await work(client.db());
  } finally {
    await client.close();
  }
}

/** A Tandem in a process of its own, with both databases running. */
export interface Owner {
  process: ChildProcess;
  postgresUrl: string;
  mongoUrl: string;
}

export async function startOwner(compiled: string, directory: string): Promise<Owner> {
  const script = path.join(import.meta.dirname, 'embedded-owner.mjs');
  const child = spawn(process.execPath, [script, compiled, directory, CACHE], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { process: child, ...(JSON.parse(line.toString()) as Omit<Owner, 'process'>) };
}

export function serversOf(directory: string): number[] {
  return [path.join(directory, 'postgres', 'cluster'), path.join(directory, 'mongo', 'data')].flatMap(findServers);
}

export async function watchdogsOf({ pid }: ChildProcess): Promise<number[]> {
  const children = (await readdir('/proc'))
    .map(Number)
    .filter((candidate) => candidate > 0 && parentOf(candidate) === pid);
  const names = await Promise.all(children.map((child) => readFile(`/proc/${String(child)}/cmdline`, 'utf8')));
  return children.filter((_child, index) => names[index]?.startsWith('/bin/sh') === true);
}

/** The sources as plain JavaScript in a folder of their own: a bare node runs no TypeScript. */
export async function compileEmbedded(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tandem-compiled-'));
  const sources = path.join(PROJECT, 'src', 'platform', 'embedded');
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  await symlink(path.join(PROJECT, 'node_modules'), path.join(folder, 'node_modules'));
  for (const name of await readdir(sources)) {
    const file = path.join(sources, name);
    if (name.endsWith('.mjs')) await cp(file, path.join(folder, name));
    if (!name.endsWith('.ts')) continue;
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(await readFile(file, 'utf8'), { compilerOptions });
    await writeFile(path.join(folder, name.replace(/\.ts$/, '.js')), outputText);
  }
  return folder;
}
