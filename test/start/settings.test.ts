import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { ProjectCopy } from '../support/project-copy.js';
import { newestOrder } from './graph-client.js';

const STACK = /^\s+at /m;

test('all wrong settings are named at once, each with its remedy, and no password', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], {
    DATABASE_URL: 'mysql://me:hunter2@localhost/shop',
    MONGODB_URI: 'mongodb://me:hunter2@2@localhost/shop',
    PORT: '70000',
    LOG_LEVEL: 'loud',
  });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints.split('\n').map((line) => line.trim())).toEqual([
    'The configuration is not right:',
    expect.stringMatching(/^DATABASE_URL takes a URL such as postgresql:/),
    expect.stringMatching(/^MONGODB_URI takes a password with its special characters percent-encoded/),
    expect.stringMatching(/^PORT takes a port from 0/),
    expect.stringMatching(/^LOG_LEVEL takes one of fatal, error/),
  ]);
  expect(start.output).not.toContain('hunter2');
  expect(start.output).not.toMatch(STACK);
});

test('an address under a name that is no setting is refused by the name that is', async () => {
  const project = await ProjectCopy.make();
  await writeFile(project.path('.env'), 'MONGO_URI=mongodb://127.0.0.1:1/shop\n');
  const start = project.npm(['start'], { PORT: '0' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toContain('.env sets MONGO_URI, which is no setting here; it is called MONGODB_URI');
  expect(start.stdout).not.toContain('Start MongoDB');
});

test.each([
  [['start', '--', '--port', '5000'], '--port is not an option; usage: npm start', 2],
  [['run', 'migrate', '--', 'now'], 'now is not an option; usage: npm run migrate', 2],
  [['run', 'reset', '--', '--help'], '--help is not an option; nothing was removed', 1],
] as const)('npm %j is refused with its usage', async (words, complaint, code) => {
  const project = await ProjectCopy.make();
  const command = project.npm([...words], { PORT: '0' });
  expect(await command.ended()).toEqual({ code, signal: null });
  expect(command.complaints).toContain(complaint);
});

test('.env is read, and the environment wins over it', async () => {
  const project = await ProjectCopy.make();
  const port = String(await freePort());
  await writeFile(project.path('.env'), `PORT=${port}\nLOG_LEVEL=loud\n`);
  const refused = project.npm(['start']);
  expect(await refused.ended()).toEqual({ code: 1, signal: null });
  expect(refused.complaints).toMatch(/LOG_LEVEL takes one of/);

  await project.start({ LOG_LEVEL: 'warn' });
  expect(await newestOrder(port)).toMatchObject({ count: 500 });
});

describe.each([
  ['DATABASE_URL', 'closed', (port: number) => `postgresql://me:hunter2@127.0.0.1:${port}/shop`],
  ['DATABASE_URL', 'unreadable', () => 'postgresql://me:hunter2@127.0.0.1:99999/shop'],
  ['MONGODB_URI', 'closed', (port: number) => `mongodb://me:hunter2@127.0.0.1:${port}/shop`],
  ['MONGODB_URI', 'unreadable', () => 'mongodb://me:hunter2@127.0.0.1:99999/shop'],
])('with a %s whose port is %s', (variable, _what, addressAt) => {
  test('npm start says so within seconds, and stops what it started', async () => {
    const project = await ProjectCopy.make();
    const startedAt = Date.now();
    const start = project.npm(['start'], { PORT: '0', [variable]: addressAt(await freePort()) });
    expect(await start.ended()).toEqual({ code: 1, signal: null });
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    expect(start.complaints).toMatch(
      new RegExp(`of ${variable} \\(.*:\\*\\*\\*@.*cannot be opened: .*correct ${variable}`),
    );
    expect(start.output).not.toContain('hunter2');
    expect(start.output).not.toMatch(STACK);
    await project.quiet(5_000);
  });
});

test('npm run migrate says as well which database does not answer', async () => {
  const project = await ProjectCopy.make();
  const migrate = project.npm(['run', 'migrate'], {
    DATABASE_URL: `postgresql://me:hunter2@127.0.0.1:${await freePort()}/shop`,
  });
  expect(await migrate.ended()).toEqual({ code: 1, signal: null });
  expect(migrate.complaints).toMatch(/DATABASE_URL/);
  expect(migrate.output).not.toContain('hunter2');
  await project.quiet(5_000);
});
