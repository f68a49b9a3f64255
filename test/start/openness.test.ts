import { expect, test } from 'vitest';
import { ProjectCopy } from '../support/project-copy.js';

test.each([
  [{ NODE_ENV: 'production' }, /AUTH is to be decided.*AUTH_JWKS_URL or AUTH_PUBLIC_KEY.*AUTH=none/],
  [{ HOST: '0.0.0.0' }, /HOST takes 127\.0\.0\.1.*AUTH_JWKS_URL or AUTH_PUBLIC_KEY.*AUTH=none/],
])(
  'with %j npm start is refused with what decides who may ask, before anything is started',
  async (settings, remedy) => {
    const project = await ProjectCopy.make();
    const start = project.npm(['start'], { PORT: '0', ...settings });
    expect(await start.ended()).toEqual({ code: 1, signal: null });
    expect(start.complaints).toMatch(remedy);
    expect(start.output).not.toMatch(/^\s+at /m);
    expect(start.stdout).not.toContain('Start PostgreSQL');
  },
);

test('in development npm start says that anybody on this machine may ask, and what changes that', async () => {
  const project = await ProjectCopy.make();
  const start = await project.start({ PORT: '0' });
  expect(start.stdout).toMatch(/Anybody on this machine may ask; AUTH_JWKS_URL or AUTH_PUBLIC_KEY/);
  expect(start.complaints).toBe('');
});

test('with AUTH=none in production it starts, and a warning says what that means', async () => {
  const project = await ProjectCopy.make();
  const start = await project.start({ PORT: '0', NODE_ENV: 'production', AUTH: 'none' });
  const warnings = start.complaints.split('\n').filter((line) => line.includes('"level":40'));
  expect(warnings).toEqual([expect.stringMatching(/Anybody.*AUTH is none in production/)]);
});

test('a manifest of operations that is not there is refused by its setting', async () => {
  const project = await ProjectCopy.make();
  const start = project.npm(['start'], { PORT: '0', PERSISTED_OPERATIONS: 'nowhere.json' });
  expect(await start.ended()).toEqual({ code: 1, signal: null });
  expect(start.complaints).toMatch(/PERSISTED_OPERATIONS names nowhere\.json, which cannot be read: ENOENT/);
  expect(start.output).not.toMatch(/^\s+at /m);
  await project.quiet(5_000);
});
