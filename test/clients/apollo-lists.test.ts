import type { ObservableQuery } from '@apollo/client';
import type { ResultOf, VariablesOf } from '@graphql-typed-document-node/core';
import { describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { gql } from '../support/gql.js';
import { Seed } from '../support/seed.js';
import { createClient } from './front-end/client.js';
import { createOrder, deleteOrder, renameUser } from './front-end/mutations.js';
import { ORDERS, showMore } from './front-end/orders.js';
import { useGateway } from './recorded-gateway.js';
import { watched } from './watched.js';

const databases = useDatabases();
const seed = new Seed(databases);
const gateway = useGateway(databases);

type Orders = ObservableQuery<ResultOf<typeof ORDERS>, VariablesOf<typeof ORDERS>>;

const edgesOf = (shown: Orders) => shown.getCurrentResult().data?.orders?.edges ?? [];
const idsOf = (shown: Orders) => edgesOf(shown).map(({ node }) => node?.id);
const of = (user: { readonly id: string }) => ({ userId: { equals: user.id } });

/** Fetches page after page, as who scrolls down does; each has to be shown before the next. */
async function showAll(shown: Orders): Promise<void> {
  for (let count = edgesOf(shown).length; await showMore(shown); count = edgesOf(shown).length) {
    expect(edgesOf(shown).length).toBeGreaterThan(count);
  }
}

describe('the cache', () => {
  test('two orders of one user share one User', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const orders = [await seed.order({ user: ada }), await seed.order({ user: ada })];
    const client = createClient(gateway.url);
    await client.query({ query: ORDERS, variables: { where: of(ada) } });
    const cached = client.cache.extract() as Record<string, object>;
    expect(Object.keys(cached).filter((key) => key.startsWith('User:'))).toEqual([`User:${ada.id}`]);
    for (const { id } of orders) expect(cached[`Order:${id}`]).toMatchObject({ user: { __ref: `User:${ada.id}` } });
  });

  test('updateUser changes what a watched list of orders shows, by one request', async () => {
    const ada = await seed.user({ username: 'Ada' });
    await seed.order({ user: ada });
    await seed.order({ user: ada });
    const client = createClient(gateway.url);
    const shown = await watched(client, ORDERS, { where: of(ada) });
    gateway.received();
    await renameUser(client, ada.id, 'Countess');
    expect(edgesOf(shown).map(({ node }) => node?.user?.username)).toEqual(['Countess', 'Countess']);
    expect(gateway.received()).toHaveLength(1);
  });
});

describe('a list with relayStylePagination', () => {
  test('fetchMore goes through all pages, and loses and doubles nothing', async () => {
    const ada = await seed.user();
    const wanted: string[] = [];
    const createdAt = '2020-01-01T00:00:00.123456Z';
    for (let at = 0; at < 7; at += 1) wanted.push((await seed.order({ user: ada, createdAt })).id);
    const shown = await watched(createClient(gateway.url), ORDERS, { first: 3, where: of(ada) });
    gateway.received();
    expect(idsOf(shown)).toHaveLength(3);
    await showAll(shown);
    expect(idsOf(shown)).toEqual(wanted.sort().reverse());
    expect(gateway.received()).toHaveLength(2);
  });

  test('lists with another filter or sort are kept apart', async () => {
    const [ada, eve] = [await seed.user(), await seed.user()];
    const [ofAda, ofEve] = [await seed.order({ user: ada }), await seed.order({ user: eve })];
    const client = createClient(gateway.url);
    const lists = [
      await watched(client, ORDERS, { where: of(ada) }),
      await watched(client, ORDERS, { where: of(eve) }),
    ];
    expect(lists.map(idsOf)).toEqual([[ofAda.id], [ofEve.id]]);
  });

  test("a user's own orders are paged like the others, each user's apart", async () => {
    const PAGE = gql(`query OrdersOfUsers($ids: [ID!], $after: String) {
      users(where: { id: { in: $ids } }) {
        edges { node { id orders(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } } }
      }
    }`);
    const MORE = gql(`query MoreOrdersOfUser($id: ID!, $after: String) {
      user(id: $id) {
        id orders(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
      }
    }`);
    const [ada, eve] = [await seed.user(), await seed.user()];
    for (let at = 0; at < 5; at += 1) await seed.order({ user: ada });
    for (let at = 0; at < 3; at += 1) await seed.order({ user: eve });
    const client = createClient(gateway.url);
    const shown = await watched(client, PAGE, { ids: [ada.id, eve.id] });
    const ordersOf = ({ id }: { id: string }) =>
      shown.getCurrentResult().data?.users?.edges?.find((edge) => edge.node?.id === id)?.node?.orders;
    const counts = () => [ada, eve].map((user) => new Set(ordersOf(user)?.edges?.map((edge) => edge.node?.id)).size);
    expect(counts()).toEqual([2, 2]);
    while (ordersOf(ada)?.pageInfo?.hasNextPage === true) {
      const after = ordersOf(ada)?.pageInfo?.endCursor;
      await client.query({ query: MORE, variables: { id: ada.id, after }, fetchPolicy: 'network-only' });
    }
    expect(counts()).toEqual([5, 2]);
    expect(ordersOf(ada)?.edges).toHaveLength(5);
  });

  test('nodes are not merged, as edges are: they are those of the last page', async () => {
    const NODES = gql(`query OrdersByNodes($after: String, $where: OrderWhere) {
      orders(first: 2, after: $after, where: $where) { nodes { id } pageInfo { endCursor } }
    }`);
    const ada = await seed.user();
    for (let at = 0; at < 3; at += 1) await seed.order({ user: ada });
    const shown = await watched(createClient(gateway.url), NODES, { where: of(ada) });
    const list = () => shown.getCurrentResult().data?.orders;
    expect(list()?.nodes).toHaveLength(2);
    await shown.fetchMore({ variables: { after: list()?.pageInfo?.endCursor } });
    await expect.poll(() => list()?.nodes).toHaveLength(1);
  });
});

describe('a mutation updates the lists that are shown', () => {
  test('createOrder heads the list of all orders, and paging goes on behind it', async () => {
    const ada = await seed.user({ username: 'Ada' });
    for (let at = 0; at < 4; at += 1) await seed.order({ user: ada });
    const client = createClient(gateway.url);
    const shown = await watched(client, ORDERS, { first: 3 });
    const total = shown.getCurrentResult().data?.orders?.totalCount ?? 0;
    const before = idsOf(shown);
    const { data } = await createOrder(client, { userId: ada.id, total: '12.50' });
    expect(idsOf(shown)).toEqual([data?.createOrder.order.id, ...before]);
    expect(edgesOf(shown)[0]?.node).toMatchObject({ total: '12.50', user: { username: 'Ada' } });
    expect(shown.getCurrentResult().data?.orders?.totalCount).toBe(total + 1);
    await showAll(shown);
    expect(new Set(idsOf(shown)).size).toBe(total + 1);
    expect(idsOf(shown)).toHaveLength(total + 1);
  });

  test('deleteOrder takes the order out of every list, the filtered ones too', async () => {
    const ada = await seed.user();
    const [first, second] = [await seed.order({ user: ada }), await seed.order({ user: ada })];
    const client = createClient(gateway.url);
    const [all, ofAda] = [await watched(client, ORDERS, {}), await watched(client, ORDERS, { where: of(ada) })];
    const total = all.getCurrentResult().data?.orders?.totalCount ?? 0;
    await deleteOrder(client, first.id);
    expect(idsOf(all)).not.toContain(first.id);
    expect(idsOf(all)).toContain(second.id);
    expect(all.getCurrentResult().data?.orders?.totalCount).toBe(total - 1);
    expect(idsOf(ofAda)).toEqual([second.id]);
    expect(client.cache.extract()).not.toHaveProperty([`Order:${first.id}`]);
  });
});
