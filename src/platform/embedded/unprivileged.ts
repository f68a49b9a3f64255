import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { isInterruption } from './interruption.js';
import { completeBinaries, PostgresUnavailableError, type PostgresBinaries } from './postgres-binaries.js';
import type { ServerCommand } from './server-process.js';

const run = promisify(execFile);

/** `detect` takes the namespace where it works, else the copy; the other two are for tests. */
export type RootMode = 'detect' | 'namespace' | 'copy';

/** Where and as whom PostgreSQL runs, which refuses to run as root. */
export interface PostgresHome {
  /** The folder of the data, which the user that PostgreSQL runs as owns. */
  place: string;
  /** A folder for files that user may read but must not change. */
  outside: string;
  command(program: 'postgres' | 'initdb', args: readonly string[]): ServerCommand;
  /** Lets the user that PostgreSQL runs as read a file that we wrote. */
  handOver(file: string): Promise<void>;
}

interface SystemUser {
  uid: number;
  gid: number;
}

/**
 * As anyone but root: everything runs directly, in place. As root, one of two ways, without adding a user:
 *
 * - a user namespace in which root goes by another name: in place too, even in a folder that only root can read;
 * - where that is forbidden (many containers), or the folder belongs to somebody else: programs and data in a folder
 *   under /var/tmp, run as an unprivileged user who exists. `elsewhere.json` in `directory` remembers the place, and
 *   once data is there it stays there.
 */
export async function findPostgresHome(
  directory: string,
  binaries: PostgresBinaries,
  rootMode: RootMode,
): Promise<PostgresHome> {
  if (process.getuid?.() !== 0) return homeInPlace(directory, binaries, []);
  const user = await unprivilegedUser();
  const namespace = ['unshare', '-U', `--map-user=${String(user.uid)}`, `--map-group=${String(user.gid)}`, '--'];
  const isElsewhere = (await readElsewhere(directory)) !== undefined;
  const inPlace = rootMode !== 'copy' && !isElsewhere;
  if (inPlace && (await canRun(namespace, directory, binaries))) return homeInPlace(directory, binaries, namespace);
  if (rootMode === 'namespace') throw new PostgresUnavailableError('user namespaces are forbidden here.');
  return homeElsewhere(directory, binaries, user);
}

function homeInPlace(directory: string, binaries: PostgresBinaries, prefix: readonly string[]): PostgresHome {
  return {
    place: directory,
    outside: directory,
    command: (program, args) => asCommand([...prefix, ...launch(binaries, program), ...args]),
    handOver: () => Promise.resolve(),
  };
}

async function homeElsewhere(directory: string, binaries: PostgresBinaries, user: SystemUser): Promise<PostgresHome> {
  const recorded = await readElsewhere(directory);
  const outside = recorded ?? path.join('/var/tmp', `tandem-${hash(directory)}`);
  const place = path.join(outside, 'data');
  // Only root writes in `outside`; what somebody else may have put there in advance is not trusted.
  if (recorded === undefined || !(await belongsToRoot(outside))) await rm(outside, { recursive: true, force: true });
  await mkdir(outside, { recursive: true });
  await chmod(outside, 0o711);
  await writeFile(path.join(directory, 'elsewhere.json'), JSON.stringify({ folder: outside }), { mode: 0o600 });

  const copied = await copyBinaries(binaries, outside);
  await mkdir(place, { recursive: true, mode: 0o700 });
  await chown(place, user.uid, user.gid);
  await adoptCluster(directory, place, outside, user);
  return {
    place,
    outside,
    command: (program, args) => ({ ...asCommand([...launch(copied, program), ...args]), ...user }),
    handOver: (file) => chown(file, user.uid, user.gid),
  };
}

/** True when the programs start and the data folder can be written as the other user, who then owns what is in it. */
async function canRun(prefix: readonly string[], directory: string, binaries: PostgresBinaries): Promise<boolean> {
  const probe = path.join(directory, `probe-${String(process.pid)}`);
  const script = 'probe="$1"; shift; "$@" --version && : >"$probe" && test -O "$probe"';
  const [command = '', ...args] = [...prefix, 'sh', '-c', script, 'sh', probe, ...launch(binaries, 'postgres')];
  try {
    await run(command, args, { cwd: '/', timeout: 20_000 });
    return true;
  } catch (error) {
    // Taken for a no, it would move the data for good.
    if (isInterruption(error)) throw error;
    return false;
  } finally {
    await rm(probe, { force: true });
  }
}

/** Data of an earlier start that could still run in place moves along. */
async function adoptCluster(directory: string, place: string, outside: string, user: SystemUser): Promise<void> {
  const [from, to] = [path.join(directory, 'cluster'), path.join(place, 'cluster')];
  if (!(await exists(from)) || (await exists(to))) return;
  const incoming = path.join(outside, 'incoming');
  await rm(incoming, { recursive: true, force: true });
  await run('cp', ['-R', from, incoming]);
  await run('chown', ['-R', '-h', `${String(user.uid)}:${String(user.gid)}`, incoming]);
  await rename(incoming, to);
  await rm(from, { recursive: true, force: true });
}

async function copyBinaries(binaries: PostgresBinaries, outside: string): Promise<PostgresBinaries> {
  const { mtimeMs, size } = await lstat(path.join(binaries.root, 'bin', 'postgres'));
  const root = path.join(outside, `postgresql-${hash(`${String(mtimeMs)} ${String(size)}`)}`);
  if (!(await exists(root))) {
    const incoming = path.join(outside, 'incoming');
    await rm(incoming, { recursive: true, force: true });
    await run('cp', ['-R', binaries.root, incoming]);
    await run('chmod', ['-R', 'u=rwX,go=rX', incoming]);
    await rename(incoming, root);
  }
  return completeBinaries(root, outside);
}

/** The first of these that /etc/passwd knows: initdb asks for its own user's name. */
async function unprivilegedUser(): Promise<SystemUser> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const users = lines.map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  const found = ['postgres', 'nobody'].map((name) => users.find((user) => user.name === name));
  const user = [...found, ...users].find((candidate) => candidate !== undefined && candidate.uid > 0);
  if (user === undefined) {
    throw new PostgresUnavailableError('it refuses to run as root, and /etc/passwd has no other user.');
  }
  return { uid: user.uid, gid: user.gid };
}

function launch({ root, libraryPath }: PostgresBinaries, program: string): string[] {
  const file = path.join(root, 'bin', process.platform === 'win32' ? `${program}.exe` : program);
  return libraryPath === undefined ? [file] : ['env', `LD_LIBRARY_PATH=${libraryPath}`, file];
}

function asCommand([command = '', ...args]: readonly string[]): ServerCommand {
  return { command, args };
}

async function readElsewhere(directory: string): Promise<string | undefined> {
  try {
    const { folder } = JSON.parse(await readFile(path.join(directory, 'elsewhere.json'), 'utf8')) as { folder: string };
    return folder;
  } catch {
    return undefined;
  }
}

async function belongsToRoot(folder: string): Promise<boolean> {
  try {
    const found = await lstat(folder);
    return found.isDirectory() && found.uid === 0;
  } catch {
    return false;
  }
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
