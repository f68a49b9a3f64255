import { randomUUID } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { ANYBODY } from '../../src/security/actor.js';
import { createScope } from '../../src/scope.js';
import { createApollo, startGateway } from '../../src/gateway/server.js';
import { answerOf } from '../../src/testing/answer.js';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';
import { QUICK_AUDIT, useTimings } from '../support/timings.js';
import { copiedOnce, nothingIn } from './consistency-support.js';

useTimings(QUICK_AUDIT);
const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);
let ada: Seeded;

beforeEach(async () => {
  await nothingIn(databases);
  ada = await seed.user({ username: 'Ada' });
});

const WHOLE = gql(`
  query Consistency {
    consistency {
      isSound isComplete streamLagSeconds queueLagSeconds parkedJobs
      danglingOrders { count nodes { id reason reference problem } endCursor hasNextPage }
      orphanTransactions { count nodes { id reason reference problem } }
      wrongAmounts { count nodes { id reason reference problem } }
      staleCopies { count nodes { id reason reference problem } }
      conflictingCopies { count nodes { id reason reference problem } }
      staleOrderCopies { count nodes { id reason reference problem } }
    }
  }
`);

test('sound databases are sound', async () => {
  await seed.order({ user: ada });
  const nothing = { count: 0, nodes: [] };
  const { data } = await execute(WHOLE);
  expect(data.consistency).toEqual({
    ...{ isSound: true, isComplete: true, streamLagSeconds: null, queueLagSeconds: 0, parkedJobs: 0 },
    danglingOrders: { ...nothing, endCursor: null, hasNextPage: false },
    ...{ orphanTransactions: nothing, wrongAmounts: nothing },
    ...{ staleCopies: nothing, conflictingCopies: nothing, staleOrderCopies: nothing },
  });
});

test('every kind is told with its reason, what it refers to, and in words', async () => {
  const dangling = await seed.order({ userId: 'nobody' });
  const orphan = await seed.transaction({ id: randomUUID() });
  const order = await seed.order({ user: ada, total: '10.00' });
  const wrong = await seed.transaction(order, { amount: 9 });
  await copiedOnce(databases);
  await sql(databases.databaseUrl, `UPDATE users SET username = 'Eda', "emailConflict" = false`);
  const { data } = await execute(WHOLE);
  expect(data.consistency).toMatchObject({
    ...{ isSound: false, isComplete: true },
    danglingOrders: { count: 1, nodes: [{ id: dangling.id, reason: 'MALFORMED', reference: 'nobody' }] },
    orphanTransactions: { count: 1, nodes: [{ id: orphan.id, reason: 'NO_ORDER' }] },
    wrongAmounts: {
      nodes: [{ id: wrong.id, reference: order.id, problem: "its amount is 9, and its order's total 10" }],
    },
    staleCopies: { nodes: [{ id: ada.id, reason: 'STALE', problem: 'the copy has another username than the user' }] },
    ...{ conflictingCopies: { count: 0 }, staleOrderCopies: { count: 0 } },
  });
});

describe('pages', () => {
  const PAGE = gql(`
    query DanglingOrders($first: Int, $after: String) {
      consistency { danglingOrders(first: $first, after: $after) { nodes { id } endCursor hasNextPage } }
    }
  `);
  const COUNTED = gql(`
    query CountedOrphans($first: Int, $after: String) {
      consistency { orphanTransactions(first: $first, after: $after) { count nodes { id } endCursor hasNextPage } }
    }
  `);

  const danglingOrders = async (first: number, after: string | null) =>
    (await execute(PAGE, { first, after })).data.consistency?.danglingOrders;

  test('one after the other they hold everything once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => seed.order({ user: ada })));
    const orders = await Promise.all(Array.from({ length: 7 }, () => seed.order()));
    const [found, ends]: [string[], boolean[]] = [[], []];
    for (let after: string | null = null; ends.at(-1) !== false;) {
      const page = await danglingOrders(3, after);
      found.push(...(page?.nodes ?? []).map(({ id }) => id));
      ends.push(page?.hasNextPage ?? false);
      after = page?.endCursor ?? null;
    }
    expect(ends).toEqual([true, true, false]);
    expect(found).toEqual(orders.map(({ id }) => id).sort());
  });

  test('each can be counted', async () => {
    await Promise.all(Array.from({ length: 5 }, () => seed.transaction({ id: randomUUID() })));
    const first = (await execute(COUNTED, { first: 4 })).data.consistency?.orphanTransactions;
    expect(first).toMatchObject({ count: 5, hasNextPage: true });
    const second = (await execute(COUNTED, { first: 4, after: first?.endCursor ?? '' })).data.consistency;
    expect(second?.orphanTransactions).toMatchObject({ count: 5, hasNextPage: false });
    expect(second?.orphanTransactions.nodes).toHaveLength(1);
  });

  test.each([
    [{ first: 0 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ after: 'nonsense' }, 'after'],
    [{ after: cursor('danglingOrders', 'orders', 'no uuid') }, 'after'],
    [{ after: cursor('danglingOrders', 'transactions', '[]') }, 'after'],
    [{ after: cursor('orphanTransactions', 'transactions', '[]') }, 'after'],
  ])('of %j there is none', async (page, field) => {
    const { errors } = await execute(PAGE, page as object);
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });
});

function cursor(...parts: string[]): string {
  return Buffer.from(JSON.stringify([...parts, null])).toString('base64url');
}

describe('in production', () => {
  const QUERY = '{ consistency { isSound } }';
  const MUTATION = 'mutation { repair(input: { dryRun: true }) { isDry } }';
  const apollo = createApollo({ platform: databases as never });
  afterAll(() => apollo.stop());

  test.each([QUERY, MUTATION])('%s is forbidden', async (operation) => {
    const gateway = await startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0, production: true });
    try {
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: operation }),
      });
      const { errors } = (await response.json()) as { errors: { extensions: object }[] };
      expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    } finally {
      await gateway[Symbol.asyncDispose]();
    }
  });

  test('a scope says so, too', async () => {
    const scope = createScope(databases.platform, { actor: ANYBODY });
    await expect(scope.audit.audit()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(scope.repair.run({ isDry: true })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await answerOf(apollo, scope, QUERY, {})).toMatchObject({ data: { consistency: null } });
  });
});
