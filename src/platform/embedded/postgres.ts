import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { asEmbeddedServer, type EmbeddedServer, type EmbeddedServerOptions } from './embedded-server.js';
import { locatePostgres, PostgresUnavailableError } from './postgres-binaries.js';
import { stopStrayServers } from './processes.mjs';
import { awaitReady, startOnFreePort } from './readiness.js';
import { isReachable } from './running-program.js';
import { startServerProcess, type StopSteps } from './server-process.js';
import { findPostgresHome, type PostgresHome, type RootMode } from './unprivileged.js';

const run = promisify(execFile);

export interface EmbeddedPostgresOptions extends EmbeddedServerOptions {
  rootMode?: RootMode;
}

// Fast shutdown rolls back what is open and writes a checkpoint; an immediate one is a crash it recovers from.
const STOP_STEPS: StopSteps = [
  { signal: 'SIGINT', withinMs: 10_000 },
  { signal: 'SIGQUIT', withinMs: 3_000 },
  { signal: 'SIGKILL', withinMs: 3_000 },
];

// Another took the port between our look and its start; or the children of a killed server are not quite gone.
const PASSING =
  /Address already in use|could not bind|shared memory block .* is still in use|lock file ".*" already exists/;

/**
 * A real PostgreSQL on 127.0.0.1 that needs nothing installed: its data and its password lie in `directory`, which a
 * later start finds again.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedServer> {
  const { durable, onProgress, onExit, rootMode = 'detect' } = options;
  const directory = path.resolve(options.directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const home = await findPostgresHome(directory, await locatePostgres(directory), rootMode);
  const cluster = path.join(home.place, 'cluster');
  await stopStrayServers(cluster);

  const passwordFile = path.join(directory, 'password');
  if (!(await isReachable(path.join(cluster, 'PG_VERSION')))) {
    onProgress?.(undefined, 'creating the data folder');
    await createCluster({ cluster, home, durable, passwordFile });
  }
  // Nothing runs on this folder (the lock, and the look above), so the pid in the file is dead or somebody else's.
  await rm(path.join(cluster, 'postmaster.pid'), { force: true });
  const password = await readPassword(passwordFile);

  onProgress?.(undefined, 'starting');
  return startOnFreePort({
    portFile: path.join(directory, 'port'),
    passing: PASSING,
    start: async (port) => {
      const logFile = path.join(directory, 'server.log');
      const command = home.command('postgres', [...settings(port, durable), '-D', cluster]);
      const server = await startServerProcess({ ...command, logFile, stopSteps: STOP_STEPS, onExit });
      const isReady = (): Promise<boolean> => ensureDatabase(addressOf(password, port, 'postgres'));
      await awaitReady({ name: 'PostgreSQL', server, logFile, withinMs: 60_000, isReady });
      return asEmbeddedServer(addressOf(password, port), server);
    },
  });
}

function addressOf(password: string, port: number | string, database = 'tandem'): string {
  return `postgresql://tandem:${password}@127.0.0.1:${port}/${database}`;
}

/** The address of the one that a live process has started on this folder. @throws when none ever ran there */
export async function runningPostgres(directory: string): Promise<string> {
  const port = await readFile(path.join(directory, 'port'), 'utf8');
  return addressOf(await readPassword(path.join(directory, 'password')), port.trim());
}

function settings(port: number, durable: boolean): string[] {
  const values = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(!durable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

interface NewCluster {
  cluster: string;
  home: PostgresHome;
  durable: boolean;
  passwordFile: string;
}

/** Made aside and renamed, so that a start that was cut short leaves nothing that looks complete. */
async function createCluster({ cluster, home, durable, passwordFile }: NewCluster): Promise<void> {
  const unfinished = `${cluster}.new`;
  await stopStrayServers(unfinished);
  await rm(unfinished, { recursive: true, force: true });
  const password = randomBytes(24).toString('hex');
  await writeFile(passwordFile, password, { mode: 0o600 });
  const handedOver = path.join(home.outside, 'initdb-password');
  await writeFile(handedOver, password, { mode: 0o600 });
  await home.handOver(handedOver);
  try {
    const { command, args, ...user } = home.command('initdb', [
      ...['--username=tandem', `--pwfile=${handedOver}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'],
      ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
      ...(durable ? [] : ['--no-sync']),
      ...['-D', unfinished],
    ]);
    await run(command, args, { ...user, cwd: path.parse(cluster).root });
    await rename(unfinished, cluster);
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
    throw new PostgresUnavailableError(`its data folder could not be created:\n${output.trim()}\n`, { cause });
  } finally {
    await rm(handedOver, { force: true });
  }
}

/** True once the server lets us in and the database is there; a connection it refuses means: not yet. */
async function ensureDatabase(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // told by the query as well
  try {
    await client.connect();
    const found = await client.query(`select 1 from pg_database where datname = 'tandem'`);
    if (found.rowCount === 0) await client.query('create database tandem');
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function readPassword(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new PostgresUnavailableError(
      `its password is missing (${file}); \`npm run reset\` starts over with empty databases.`,
      { cause },
    );
  }
}
