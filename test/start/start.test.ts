import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { SAMPLE_QUERY } from '../../src/cli/sample-query.js';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { ProjectCopy } from '../support/project-copy.js';
import { ask, createOrder, newestOrder } from './graph-client.js';

const STACK = /^\s+at /m;

test('npm start in a fresh copy sets up, fills its databases, and shows the sample query with what it took', async () => {
  const project = await ProjectCopy.makeUnprepared();
  const port = String(await freePort());
  const start = await project.start({ PORT: port });

  for (const step of ['Generate the Prisma client', 'Build', 'Start PostgreSQL', 'Start MongoDB', 'Apply migrations'])
    expect(start.stdout).toContain(`✔ ${step}`);
  expect(start.stdout).toContain('✔ Insert demonstration data');
  expect(start.stdout).toContain(SAMPLE_QUERY.replaceAll(/^/gm, '  '));
  expect(start.stdout).toContain('{"orderNumber":"DEMO-00500"');
  expect(start.stdout).toContain('It took 2 database queries instead of 51:');
  expect(start.stdout).toContain(`http://127.0.0.1:${port}/graphql`);
  expect(start.complaints).toBe('');

  const page = await fetch(`http://127.0.0.1:${port}/graphql`, {
    headers: { accept: 'text/html', connection: 'close' },
  });
  expect(await page.text()).toContain(SAMPLE_QUERY);

  const { orders } = await ask<{ orders: { nodes: { user: { username: string } | null }[] } }>(port, SAMPLE_QUERY);
  expect(orders.nodes).toHaveLength(50);
  expect(orders.nodes.filter(({ user }) => user === null)).toEqual([]);
});

test('the next start has the orders of the one before, and inserts no demonstration data', async () => {
  const project = await ProjectCopy.make();
  const port = String(await freePort());
  const first = await project.start({ PORT: port });
  const orderNumber = await createOrder(port);
  first.signal('SIGTERM');
  expect(await first.ended()).toEqual({ code: 0, signal: null });
  await project.quiet(5_000);

  const second = await project.start({ PORT: port });
  expect(second.stdout).not.toContain('demonstration data');
  expect(await newestOrder(port)).toEqual({ count: 501, orderNumber });
});

test('a port that is taken is said with PORT as the remedy, before anything is started', async () => {
  const project = await ProjectCopy.make();
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  onTestFinished(() => void squatter.close());
  const { port } = squatter.address() as { port: number };

  const start = project.npm(['start'], { PORT: String(port) });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(new RegExp(`Port ${port} is taken.*PORT=`));
  expect(start.output).not.toMatch(STACK);
  expect(start.stdout).not.toContain('Start PostgreSQL');
  expect(existsSync(project.path('.data', 'postgres'))).toBe(false);
  await project.quiet(5_000);
});

test('a second npm start in a folder is told who owns the data, and leaves the first alone', async () => {
  const project = await ProjectCopy.make();
  const port = String(await freePort());
  await project.start({ PORT: port });
  const owner = project.nodePid();

  const second = project.npm(['start'], { PORT: String(await freePort()) });
  expect(await second.ended()).toEqual({ code: 1, signal: null });
  expect(second.complaints).toMatch(new RegExp(`process ${owner} owns .*DATABASE_URL.*TANDEM_DATA_DIR`));
  expect(second.output).not.toMatch(STACK);
  expect(project.nodePid()).toBe(owner);
  expect(await newestOrder(port)).toEqual({ count: 500, orderNumber: 'DEMO-00500' });
});

test('npm run reset refuses while the databases run, and removes them once they are stopped', async () => {
  const project = await ProjectCopy.make();
  const start = await project.start({ PORT: '0' });
  const owner = project.nodePid();

  const refused = project.npm(['run', 'reset']);
  expect(await refused.ended()).toEqual({ code: 1, signal: null });
  expect(refused.complaints).toMatch(new RegExp(`Process ${owner} is using .*Stop it first`, 's'));
  expect(existsSync(project.path('.data', 'postgres'))).toBe(true);

  start.signal('SIGTERM');
  await start.ended();
  const reset = project.npm(['run', 'reset']);
  expect(await reset.ended()).toEqual({ code: 0, signal: null });
  expect(existsSync(project.path('.data'))).toBe(false);
});

test('npm run reset removes the data folder that npm start uses', async () => {
  const project = await ProjectCopy.make();
  const start = await project.start({ PORT: '0', TANDEM_DATA_DIR: 'elsewhere' });
  start.signal('SIGTERM');
  await start.ended();
  expect(existsSync(project.path('elsewhere', 'postgres'))).toBe(true);
  await project.npm(['run', 'reset'], { TANDEM_DATA_DIR: 'elsewhere' }).ended();
  expect(existsSync(project.path('elsewhere'))).toBe(false);
});

test('an empty TANDEM_DATA_DIR is not set, for npm run reset as for npm start: .env counts, and nothing else is removed', async () => {
  const project = await ProjectCopy.make();
  await writeFile(project.path('.env'), 'TANDEM_DATA_DIR=elsewhere\n');
  for (const name of ['elsewhere', '.data']) await mkdir(project.path(name, 'postgres'), { recursive: true });
  const reset = project.npm(['run', 'reset'], { TANDEM_DATA_DIR: '' });
  expect(await reset.ended()).toEqual({ code: 0, signal: null });
  expect(existsSync(project.path('elsewhere'))).toBe(false);
  expect(existsSync(project.path('.data', 'postgres'))).toBe(true);
});
