import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { ProjectCopy } from '../support/project-copy.js';
import { createOrder, newestOrder } from './graph-client.js';

describe.each(['node', 'npm'])('after a kill -9 of %s alone', (victim) => {
  test('everything is gone within seconds, and the next start has the data', async () => {
    const project = await ProjectCopy.make();
    const port = String(await freePort());
    const start = await project.start({ PORT: port });
    const orderNumber = await createOrder(port);
    process.kill(victim === 'npm' ? start.pid : project.nodePid(), 'SIGKILL');
    expect(await project.quiet()).toBeLessThan(8_000);
    expect(String(await freePort(Number(port)))).toBe(port);

    await project.start({ PORT: port });
    expect(await newestOrder(port)).toEqual({ count: 501, orderNumber });
  });
});

test('Ctrl-C stops everything in order, without a complaint', async () => {
  const project = await ProjectCopy.make();
  const start = await project.start({ PORT: '0' });
  start.signalGroup('SIGINT');
  expect(await start.ended()).toEqual({ code: 0, signal: null });
  expect(start.complaints).toBe('');
  await project.quiet(5_000);
});

test('Ctrl-C while PostgreSQL makes its data folder leaves nothing behind, and the next start works', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], { PORT: '0' });
  await start.reached("PostgreSQL's data folder", () => existsSync(project.path('.data', 'postgres', 'password')));
  start.signalGroup('SIGINT');
  expect(await start.ended(15_000)).toEqual({ code: 0, signal: null });
  expect(start.complaints).toBe('');
  expect(start.stdout).not.toContain('/graphql');
  await project.quiet(5_000);

  expect((await project.start({ PORT: '0' })).stdout).toContain('instead of 51');
});

test('Ctrl-C while the servers start leaves nothing behind', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], { PORT: '0' });
  await start.reached('a server', () => project.processes().some(({ command }) => /mongod\b.* --port/.test(command)));
  start.signalGroup('SIGINT');
  expect(await start.ended(15_000)).toEqual({ code: 0, signal: null });
  expect(start.complaints).toBe('');
  await project.quiet(5_000);
});

test('Ctrl-C during the build leaves nothing behind and no complaint', async () => {
  const project = await ProjectCopy.makeUnprepared();
  const start = project.npm(['start'], { PORT: '0' });
  await start.printed('✔ Generate the Prisma client');
  start.signalGroup('SIGINT');
  await start.ended(15_000);
  expect(start.complaints).toBe('');
  await project.quiet(5_000);
  expect(existsSync(project.path('dist'))).toBe(false);
});
