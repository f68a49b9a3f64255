import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../src/cli/seeding/random.js';
import { crashSeeds } from '../support/crash-seeds.js';
import { useDatabases } from '../support/databases.js';
import { rounds } from '../support/long.js';
import { Churn } from '../sync/user-sync-churn.js';
import { backfilled, clear, copiesOf, inStep, stateOf } from '../sync/user-sync-support.js';
import { report, useProcesses } from './crash-support.js';

const WRITES = rounds(1_500, 5_000);
const KILLS = rounds(6, 20);

/** How long a leader is stopped, in milliseconds: longer than PostgreSQL waits for a word from it. */
const FROZEN = 15_000;

const databases = useDatabases();
const newProcess = useProcesses(databases);
const newWorker = () => newProcess({ TANDEM_ROLE: 'worker' });

beforeEach(() => clear(databases));

const leader = async () => (await stateOf(databases))?.leader ?? null;

describe.each(crashSeeds())('seed %i', (seed) => {
  const title =
    `${WRITES} writes of users are all in the copy after ${KILLS} times kill -9, ` +
    'and no look finds the checkpoint ahead';

  test(title, { timeout: 600_000 }, async () => {
    const random = new Random(seed, 0);
    const worker = newWorker();
    await worker.start();
    await backfilled(databases);
    const { epoch: firstEpoch } = (await stateOf(databases)) ?? {};
    const churn = new Churn(databases.platform);
    let kills = 0;
    const killing = async () => {
      for (; kills < KILLS; kills += 1) {
        const { epoch } = (await stateOf(databases)) ?? {};
        await worker.kill();
        await worker.start();
        await expect.poll(async () => (await stateOf(databases))?.epoch, { timeout: 30_000 }).not.toBe(epoch);
        await sleep(random.below(1_000));
      }
    };
    const isEnough = () => kills >= KILLS;
    await Promise.all([churn.runAndLook({ seed, writes: WRITES, rest: 60, isEnough }, databases), killing()]);
    const endedAt = performance.now();
    await inStep(databases, 60_000);
    await churn.look(databases);
    const { epoch } = (await stateOf(databases)) ?? {};
    expect(Number(epoch) - Number(firstEpoch)).toBeGreaterThanOrEqual(KILLS);
    const after = ((performance.now() - endedAt) / 1_000).toFixed(1);
    const { length } = await copiesOf(databases);
    report(
      `users, seed ${seed}: ${churn.writes} writes, killed ${KILLS} times, ${length} copies equal after ${after} s`,
    );
  });

  test('a leader that is stopped for a while is replaced, and writes nothing wrong when it goes on', async () => {
    const first = newWorker();
    await first.start();
    await backfilled(databases);
    const former = await leader();
    await newWorker().start();
    const churn = new Churn(databases.platform);
    let isOver = false;
    const freezing = async () => {
      await sleep(1_000);
      expect(await leader()).toBe(former);
      first.signal('SIGSTOP');
      const stoppedAt = performance.now();
      await expect.poll(leader, { timeout: FROZEN, interval: 50 }).not.toBe(former);
      const replacedAfter = (performance.now() - stoppedAt) / 1_000;
      await sleep(FROZEN - (performance.now() - stoppedAt));
      const { epoch } = (await stateOf(databases)) ?? {};
      first.signal('SIGCONT');
      await sleep(5_000);
      expect(await stateOf(databases)).toMatchObject({ epoch });
      isOver = true;
      return replacedAfter;
    };
    const writing = churn.runAndLook({ seed: seed + 1_000, writes: 500, rest: 60, isEnough: () => isOver }, databases);
    const [replacedAfter] = await Promise.all([freezing().finally(() => (isOver = true)), writing]);
    await inStep(databases, 60_000);
    await churn.look(databases);
    report(`users: a leader that was stopped was replaced after ${replacedAfter.toFixed(1)} s`);
  });
});
