import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ProjectCopy } from '../support/project-copy.js';

const FEATURES = readdirSync(path.resolve(import.meta.dirname, '../../src/features'));
const CORE = ['join', 'graph', 'gateway/http', 'ordering/create-order', 'config'];

// That each can go alone follows: the dependency rules let nothing import a feature, another feature neither.
test('without any feature the core compiles and its suite passes', { timeout: 600_000 }, async () => {
  const project = await ProjectCopy.make();
  for (const feature of FEATURES) {
    await rm(project.path('src', 'features', feature), { recursive: true });
    await rm(project.path('test', 'features', feature), { recursive: true });
  }
  const compiler = project.npm(['exec', '--', 'tsc', '-p', 'tsconfig.build.json', '--noEmit']);
  expect(await compiler.ended(240_000), compiler.output).toEqual({ code: 0, signal: null });
  const suite = project.npm(['test', '--', ...CORE.map((name) => `test/${name}`)]);
  expect(await suite.ended(240_000), suite.output).toEqual({ code: 0, signal: null });
});

test('a feature that is not there is refused by its name before anything is started', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], { FEATURES: 'playground, crystal-ball' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(/FEATURES names "crystal-ball"/);
  expect(start.stdout).not.toContain('Start PostgreSQL');
});

test.each([
  ['rate-limit', '@fastify/rate-limit'],
  ['back-pressure', '@fastify/under-pressure'],
  ['circuit-breaker', 'cockatiel'],
])('the feature %s without its library is refused by both names before anything is started', async (name, library) => {
  const project = await ProjectCopy.make();
  await rm(project.path('node_modules', library), { recursive: true });
  const start = project.npm(['start'], { FEATURES: name });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toContain(`FEATURES names "${name}", which needs the package ${library}`);
  expect(start.stdout).not.toContain('Start PostgreSQL');
});
