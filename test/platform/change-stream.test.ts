import { expect, test } from 'vitest';
import { ChangeStream } from '../../src/platform/mongo/change-stream.js';
import { after, type ClusterTime } from '../../src/platform/mongo/cluster-time.js';
import { standingOf } from '../../src/platform/mongo/standing.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);
const never = new AbortController().signal;

async function present() {
  const { committed } = await standingOf(databases.platform.mongo);
  if (committed === null) throw new Error('there is no replica set');
  return committed;
}

test('a change is found in the history of which it is a part, and another is not', async () => {
  const { mongo } = databases.platform;
  await seed.user();
  await using stream = await ChangeStream.open(mongo, 'users', { startAt: after(await present()) }, never);
  await seed.users(3);
  const first = await stream.next(0);
  const { lastChange } = first.lastChange === undefined ? await stream.next(5_000) : first;
  if (lastChange === undefined) throw new Error('a change was to be given');
  const has = (mark: typeof lastChange) => ChangeStream.hasChange(mongo, 'users', mark, never);
  expect(await has(lastChange)).toBe(true);
  await seed.user();
  expect(await has(lastChange)).toBe(true);
  expect(await has({ token: { _data: 'another' }, at: lastChange.at })).toBe(false);
});

test('what the server has not come to is waited for', async () => {
  const { mongo } = databases.platform;
  const soon = Number.parseInt((await present()).slice(0, 8), 16) + 2;
  const mark = { token: { _data: 'another' }, at: `${soon.toString(16)}00000000` as ClusterTime };
  let answer: boolean | undefined;
  const asking = ChangeStream.hasChange(mongo, 'users', mark, never).then((found) => (answer = found));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(answer).toBeUndefined();
  const writing = setInterval(() => void seed.user(), 200);
  expect(
    await asking.finally(() => {
      clearInterval(writing);
    }),
  ).toBe(false);
});
