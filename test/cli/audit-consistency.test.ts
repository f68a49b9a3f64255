import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConsistencyAudit } from '../../src/audit/consistency.service.js';
import { main } from '../../src/cli/audit.js';
import { nothingIn } from '../audit/consistency-support.js';
import { useDatabases } from '../support/databases.js';
import { Seed, type Seeded } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { run } from './commands-support.js';

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const seed = new Seed(databases);
const audit = (...argv: string[]) => run(main, databases, ...argv);
let ada: Seeded;

beforeEach(async () => {
  await nothingIn(databases);
  ada = await seed.user();
});

describe('npm run audit', () => {
  test('--consistency says what agrees, and ends with 0', async () => {
    await seed.transaction(await seed.order({ user: ada }));
    expect(await audit('--consistency')).toEqual({
      code: 0,
      printed:
        '\n1 order, 1 transaction, 1 user, 0 copies of users\n' +
        '0 orders without their user, 0 transactions without their order, 0 wrong amounts, 0 stale copies of users, ' +
        '0 copies of users in conflict, 0 orders with stale copies, 0 wrapped references, ' +
        '0 references to keys of another type\n' +
        'Users are not copied; 0 jobs waiting, 0 parked\n' +
        '\nBoth databases agree.\n',
    });
  });

  test('--consistency shows each kind with its first few and what to do, and ends with 1', async () => {
    const orders = await Promise.all(Array.from({ length: 22 }, () => seed.order({ userId: 'nobody' })));
    const { printed, code } = await audit('--consistency');
    expect(code).toBe(1);
    expect(printed).toContain('\nOrders without their user: 22 by an id that is none\n');
    const [first] = orders.map(({ id }) => id).sort();
    expect(printed).toContain(`\n  order ${String(first)}, user nobody: the id of its user is none\n`);
    expect(printed).toMatch(
      /\n {2}and 2 more\n {2}→ bring the user back, or .*--dangling-orders delete; .*\n\nProblems were found\.\n$/,
    );
  });

  test('without words makes both checks, and ends with 1 where one of them finds something', async () => {
    const { printed, code } = await audit();
    expect(code).toBe(0);
    expect(printed).toMatch(/Everything is sound\.\n\n0 orders,[^]*Both databases agree\.\n$/);
    await seed.transaction({ id: randomUUID() });
    expect(await audit()).toMatchObject({ code: 1 });
    expect(await audit('--transactions')).toMatchObject({ code: 0 });
    expect(await audit('--transactions', '--consistency')).toMatchObject({ code: 1 });
  });

  test('--json prints one document and nothing else', async () => {
    const { id } = await seed.order({ userId: 'nobody' });
    const { printed } = await audit('--consistency', '--json');
    const document = JSON.parse(printed) as ConsistencyAudit;
    const example = { id, reason: 'MALFORMED', reference: 'nobody', problem: 'the id of its user is none' };
    expect(document.danglingOrders).toEqual({ count: 1, reasons: { MALFORMED: 1 }, examples: [example] });
    expect(JSON.parse((await audit('--json')).printed)).toMatchObject({
      isSound: false,
      transactions: { isSound: true },
      consistency: { isSound: false, orders: 1, isComplete: true },
    });
  });
});
