import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform } from '../../src/platform/platform.js';
import { crashSeeds } from '../support/crash-seeds.js';
import { useDatabases, type TestDatabases } from '../support/databases.js';
import { rounds } from '../support/long.js';
import { startReplicaSet, type ReplicaSet } from '../support/replica-set.js';
import { Churn } from '../sync/user-sync-churn.js';
import { backfilled, clear, inStep, startSync, stateOf } from '../sync/user-sync-support.js';
import { report } from './crash-support.js';

const own = useDatabases();
const WRITES = rounds(1_000, 3_000);

/** This file's PostgreSQL, and a MongoDB of three members. */
async function withThree(): Promise<{ databases: TestDatabases; set: ReplicaSet }> {
  const set = await startReplicaSet('elections');
  onTestFinished(set.stop);
  const { databaseUrl } = own;
  // An election takes longer than a server is looked for otherwise.
  const mongodbUri = `${set.url}&serverSelectionTimeoutMS=15000`;
  const platform = await openPlatform({ databaseUrl, mongodbUri, logger: createLogger('silent') });
  onTestFinished(() => platform[Symbol.asyncDispose]());
  const databases = { platform, databaseUrl, mongodbUri };
  await clear(databases);
  return { databases, set };
}

test.each(crashSeeds())(
  'users are in step when primaries step down, and die, in the middle of their writes (seed %i)',
  async (seed) => {
    const { databases, set } = await withThree();
    startSync(databases);
    await backfilled(databases);
    const churn = new Churn(databases.platform);
    let isOver = false;
    const elections = async () => {
      for (const elect of [set.stepDown, set.stepDown, set.killPrimary]) {
        await sleep(1_000);
        await elect();
      }
      isOver = true;
    };
    // A write that was made again says a later time than its own, so that checkpoints cannot be held against it.
    const writing = churn.run({ seed, writes: WRITES, isEnough: () => isOver, rest: 5, mayFail: true });
    await Promise.all([writing, elections()]);
    await inStep(databases, 60_000);
    expect((await stateOf(databases))?.problem).toBeNull();
    report(`seed ${seed}: ${churn.writes} writes, two elections and a dead primary: the tables are equal`);
  },
);
