import { expect, test } from 'vitest';
import { ProjectCopy } from '../support/project-copy.js';

test('npm run demo:crash kills a gateway in the middle of orders, says what is left, and leaves nothing behind', async () => {
  const project = await ProjectCopy.make();
  const demo = project.npm(['run', 'demo:crash', '--', '--orders', '120', '--kills', '1', '--seed', '7']);
  expect(await demo.ended(), demo.output).toEqual({ code: 0, signal: null });
  expect(demo.stdout).toMatch(/^kill -9, 1 of 1: after \d+ of 120 answers; answers again after /m);
  expect(demo.stdout).toMatch(/^120 acknowledged, 0 lost, 0 double, 0 orphans \(seed 7, killed once, quiet /m);
  expect(demo.complaints).toBe('');
  await project.quiet(5_000);
});

test('npm run demo:crash called wrongly says what would be right, before anything is started', async () => {
  const project = await ProjectCopy.make();
  const demo = project.npm(['run', 'demo:crash', '--', '--orders', 'many']);
  expect(await demo.ended()).toEqual({ code: 2, signal: null });
  expect(demo.complaints).toContain('--orders takes a whole number from 1 to 100000, got many');
  expect(demo.stdout).not.toContain('Start PostgreSQL');
});
