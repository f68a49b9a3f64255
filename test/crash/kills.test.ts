import { beforeEach, describe, expect, test } from 'vitest';
import { callsOf } from '../../src/cli/demo-crash/calls.js';
import { OrderClient } from '../../src/cli/demo-crash/order-client.js';
import { runRound, summaryOf } from '../../src/cli/demo-crash/round.js';
import { Random } from '../../src/cli/seeding/random.js';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { crashSeeds } from '../support/crash-seeds.js';
import { useDatabases } from '../support/databases.js';
import { rounds } from '../support/long.js';
import { Seed } from '../support/seed.js';
import { removeOrders, report, useProcesses } from './crash-support.js';

const ORDERS = rounds(300, 1_000);
const KILLS = rounds(4, 10);

const databases = useDatabases();
const seed = new Seed(databases);
const newProcess = useProcesses(databases);

beforeEach(() => removeOrders(databases));

describe.each(crashSeeds())('seed %i', (number) => {
  test.each(['REQUIRED', 'EVENTUAL'] as const)(
    `of ${ORDERS} %s orders none is lost, doubled or left behind by ${KILLS} times kill -9, and all is quiet within 10 s`,
    async (mode) => {
      const port = await freePort();
      const gateway = newProcess({ PORT: String(port) });
      const random = new Random(number, 0);
      const [first, ...others] = await seed.users(5);
      const userIds = [first?.id ?? '', ...others.map(({ id }) => id)] as const;
      await gateway.start();
      const result = await runRound({
        gateway,
        client: new OrderClient(`http://127.0.0.1:${port}/graphql`),
        platform: databases.platform,
        calls: callsOf(ORDERS, { userIds, modes: [mode], random, keys: `${mode} ${number}` }),
        kills: KILLS,
        random,
        say: () => undefined,
      });
      const quietAfter = `quiet ${result.quietAfter.toFixed(1)} s after the last restart`;
      report(`${mode}, seed ${number}: ${summaryOf(result)}, killed ${KILLS} times, ${quietAfter}`);
      expect(result).toMatchObject({
        ...{ acknowledged: ORDERS, refused: [], unanswered: 0, lost: 0, doubles: 0, orphans: 0, changedAnswers: 0 },
        audit: { orders: ORDERS, transactions: ORDERS, unfinished: 0, waiting: 0, parked: 0, failed: 0, isSound: true },
      });
      expect(result.quietAfter).toBeLessThan(10);
    },
  );
});
