import { expect, test } from 'vitest';
import { standingOf } from '../../src/platform/mongo/standing.js';
import { Freshness } from '../../src/sync/freshness.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);

test('what is covered is as late as MongoDB was when the last write of then is in it, and is not before', async () => {
  const { mongo } = databases.platform;
  const { lastWrite: early } = await standingOf(mongo);
  await seed.user();
  const freshness = new Freshness(mongo);
  const asked = Date.now();
  await freshness.ask();
  const { lastWrite: late } = await standingOf(mongo);
  expect(freshness.of(null)).toBeNull();
  expect(freshness.of(early)).toBeNull();
  const at = freshness.of(late)?.getTime() ?? 0;
  expect(at).toBeGreaterThanOrEqual(asked);
  expect(at).toBeLessThanOrEqual(Date.now());
  // It is asked anew.
  expect(freshness.of(late)).toBeNull();
});
