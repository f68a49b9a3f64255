import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataDirectoryInUseError, lockDataDirectory } from '../../src/platform/embedded/data-lock.js';
import { startEmbeddedDatabases } from '../../src/platform/embedded/databases.js';
import { isAlive } from '../../src/platform/embedded/processes.mjs';
import {
  CACHE,
  compileEmbedded,
  inMongo,
  isLinux,
  serversOf,
  startOwner,
  temporaryFolder,
  TIMEOUT,
  watchdogsOf,
} from './embedded-support.js';
import { sql as query } from '../support/rows.js';

describe('the lock of a data folder', () => {
  test('has one owner: the next is told its pid and the ways out', async () => {
    const directory = await temporaryFolder();
    const lock = await lockDataDirectory(directory);
    const refused = lockDataDirectory(directory);
    await expect(refused).rejects.toThrow(DataDirectoryInUseError);
    await expect(refused).rejects.toThrow(new RegExp(`${String(process.pid)}.*DATABASE_URL.*TANDEM_DATA_DIR`));
    lock.release();
    (await lockDataDirectory(directory)).release();
  });

  test('never has two owners, however many want it at the same moment', async () => {
    const directory = await temporaryFolder();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDirectory(directory)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
  });

  test('is void once its owner is dead, or its pid is another process now', async () => {
    const directory = await temporaryFolder();
    await mkdir(path.join(directory, 'lock'));
    const { pid: dead } = spawnSync(process.execPath, ['--version']);
    await writeFile(path.join(directory, 'lock', 'a'), JSON.stringify({ pid: dead, identity: 'x' }));
    await writeFile(
      path.join(directory, 'lock', 'b'),
      JSON.stringify({ pid: process.ppid, identity: 'an earlier one' }),
    );
    const lock = await lockDataDirectory(directory);
    expect(await readdir(path.join(directory, 'lock'))).toHaveLength(1);
    lock.release();
  });
});

describe.runIf(isLinux)('an owner in a process of its own', { timeout: TIMEOUT }, () => {
  let compiled: string;

  beforeAll(async () => {
    compiled = await compileEmbedded();
  });
  afterAll(() => rm(compiled, { recursive: true, force: true }));

  test("a killed owner's servers are gone within 5 s, and its data folder is free", async () => {
    const directory = await temporaryFolder();
    const owner = await startOwner(compiled, directory);
    expect(serversOf(directory)).toHaveLength(2);
    owner.process.kill('SIGKILL');
    await once(owner.process, 'exit');
    const killedAt = Date.now();
    while (serversOf(directory).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(Date.now() - killedAt).toBeLessThan(5_000);
    (await lockDataDirectory(directory)).release();
  });

  test('servers that outlived their owner are stopped by the next start, which keeps their data', async () => {
    const directory = await temporaryFolder();
    const owner = await startOwner(compiled, directory);
    await query(owner.postgresUrl, 'create table kept as select 42 as answer');
    await inMongo(owner.mongoUrl, (db) => db.collection('rows').insertOne({ kept: true }));
    for (const watchdog of await watchdogsOf(owner.process)) process.kill(watchdog, 'SIGKILL');
    owner.process.kill('SIGKILL');
    await once(owner.process, 'exit');
    const strays = serversOf(directory);
    expect(strays).toHaveLength(2);

    await using databases = await startEmbeddedDatabases({
      directory,
      cacheDirectory: CACHE,
      durable: false,
      need: { postgres: true, mongo: true },
      onTask: (_title, work) => work(() => undefined),
    });
    expect(strays.filter(isAlive)).toEqual([]);
    expect(await query(databases.postgresUrl ?? '', 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await inMongo(databases.mongoUrl ?? '', (db) => db.collection('rows').countDocuments())).toBe(1);
  });
});
