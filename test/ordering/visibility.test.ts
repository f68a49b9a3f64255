import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { useGraph } from '../support/graph.js';
import { keyOf } from '../support/remains.js';
import { Seed, type Seeded } from '../support/seed.js';

const databases = useDatabases();
const execute = useGraph(databases);
const seed = new Seed(databases);

describe.each(['CREATE', 'DELETE'])('an order in the middle of a %s', (unfinished) => {
  const ONE = gql(`query HiddenOrder($id: ID!, $orderNumber: String!, $userId: ID!, $transaction: ID!) {
    order(id: $id) { id }
    orderByNumber(orderNumber: $orderNumber) { id }
    orders(where: { userId: { equals: $userId } }) { totalCount nodes { id } }
    last: orders(where: { userId: { equals: $userId } }, last: 5) { nodes { id } }
    user(id: $userId) { orders { totalCount nodes { id } } }
    transaction(id: $transaction) { orderId order { id } }
  }`);

  test('is seen by nobody, and neither is it counted', async () => {
    const user = await seed.user();
    const shown = await seed.order({ user });
    const hidden = await seed.order({ user, unfinished, orderNumber: `HIDDEN-${unfinished}` });
    const transaction = await seed.transaction(hidden);
    const answer = await execute(ONE, {
      id: hidden.id,
      orderNumber: `HIDDEN-${unfinished}`,
      userId: user.id,
      transaction: transaction.id,
    });
    expect(answer.errors).toEqual([]);
    const alone = { totalCount: 1, nodes: [{ id: shown.id }] };
    expect(answer.data).toEqual({
      order: null,
      orderByNumber: null,
      orders: alone,
      last: { nodes: alone.nodes },
      user: { orders: alone },
      transaction: { orderId: hidden.id, order: null },
    });
  });
});

test('an order in the middle of a CREATE can be neither changed nor deleted', async () => {
  const { id } = await seed.order({ unfinished: 'CREATE' });
  const answer = await execute(
    gql(`mutation ChangeHiddenOrder($id: ID!) { updateOrder(id: $id, input: { total: 1 }) { order { id } } }`),
    { id },
  );
  expect(answer.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND', field: 'id' } }]);
  const deleted = await execute(gql(`mutation DeleteHiddenOrder($id: ID!) { deleteOrder(id: $id) { order { id } } }`), {
    id,
  });
  expect(deleted.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND', field: 'id' } }]);
});

describe('a tombstone', () => {
  const PAGE =
    gql(`query PageBesideTombstones($orderId: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    order(id: $orderId) {
      transactions(first: $first, after: $after, last: $last, before: $before, orderBy: [{ amount: asc }]) {
        totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }`);
  const ROOT = gql(`query ListsBesideTombstones(
    $id: ID!, $orderId: ID!, $where: TransactionWhere, $orderBy: [TransactionOrderBy!], $first: Int, $last: Int, $after: String, $before: String
  ) {
    transaction(id: $id) { id }
    order(id: $orderId) { transactions { totalCount nodes { id } } }
    transactions(where: $where, orderBy: $orderBy, first: $first, last: $last, after: $after, before: $before) {
      totalCount nodes { id } pageInfo { endCursor startCursor hasNextPage hasPreviousPage }
    }
  }`);

  /** An order with five transactions, among which tombstones stand, of both kinds. */
  async function orderWithTombstones() {
    const order = await seed.order();
    const seen: Seeded[] = [];
    for (let at = 0; at < 5; at += 1) {
      seen.push(await seed.transaction(order, { amount: at }));
      await seed.transaction(order, { amount: at, voidedAt: new Date() });
    }
    await seed.document('transactions', { _id: keyOf(order.id), voidedAt: new Date() });
    return { order, ids: seen.map(({ id }) => id), hidden: keyOf(order.id).toHexString() };
  }

  test.each([
    [undefined, undefined],
    [{ orderBy: [{ amount: 'asc' }] }, undefined],
    [{ orderBy: [{ createdAt: 'desc' }, { amount: 'desc' }] }, undefined],
    [{ orderBy: [{ orderId: 'asc' }] }, { amount: { gte: '0' } }],
    [undefined, { NOT: [{ amount: { equals: '-1' } }] }],
    [undefined, { OR: [{ orderId: { equals: null } }, { amount: { in: ['0', '1', '2', '3', '4'] } }] }],
  ] as const)('is in no list: %j, %j', async (sort, condition) => {
    const { order, ids, hidden } = await orderWithTombstones();
    const where = { AND: [{ OR: [{ orderId: { equals: order.id } }, { id: { equals: hidden } }] }, condition ?? {}] };
    const answer = await execute.text<Record<string, { totalCount: number; nodes: { id: string }[] }>>(ROOT_TEXT, {
      where,
      ...sort,
    });
    expect(answer.errors).toEqual([]);
    const { transactions } = answer.data;
    expect(transactions?.totalCount).toBe(5);
    expect(transactions?.nodes.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  test('is nothing by its id, and none of the order', async () => {
    const { order, ids, hidden } = await orderWithTombstones();
    const { data, errors } = await execute(ROOT, { id: hidden, orderId: order.id, where: { id: { equals: hidden } } });
    expect(errors).toEqual([]);
    expect(data.transaction).toBeNull();
    expect(data.transactions).toMatchObject({ totalCount: 0, nodes: [] });
    expect(data.order?.transactions?.totalCount).toBe(5);
    expect(data.order?.transactions?.nodes.map((node) => node?.id).sort()).toEqual([...ids].sort());
  });

  test.each(['forward', 'backward'])('takes no place on a page, %s, within an order and among all', async (way) => {
    const { order, ids } = await orderWithTombstones();
    const isForward = way === 'forward';
    for (const within of [true, false]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      for (let hasMore = true; hasMore;) {
        const stretch: object = isForward ? { first: 2, after: cursor } : { last: 2, before: cursor };
        const where = { orderId: { equals: order.id } };
        const all = { id: ids[0] ?? '', orderId: order.id, where, orderBy: [{ amount: 'asc' as const }], ...stretch };
        const page = within
          ? (await execute(PAGE, { orderId: order.id, ...stretch })).data.order?.transactions
          : (await execute(ROOT, all)).data.transactions;
        if (page === null || page === undefined) throw new Error('the list is there');
        expect(page.totalCount).toBe(5);
        const nodes = page.nodes.map((node) => node?.id ?? '');
        seen.splice(isForward ? seen.length : 0, 0, ...nodes);
        hasMore = isForward ? page.pageInfo.hasNextPage : page.pageInfo.hasPreviousPage;
        cursor = (isForward ? page.pageInfo.endCursor : page.pageInfo.startCursor) ?? null;
        expect(nodes.length).toBe(hasMore ? 2 : 1);
      }
      expect(seen).toEqual(ids);
    }
  });
});

const ROOT_TEXT = `query ($where: TransactionWhere, $orderBy: [TransactionOrderBy!]) {
  transactions(where: $where, orderBy: $orderBy) { totalCount nodes { id } }
}`;
