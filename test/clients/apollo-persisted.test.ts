import { expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { createOrder } from './front-end/mutations.js';
import { ORDERS } from './front-end/orders.js';
import { createPersistingClient } from './front-end/persisted.js';
import { useGateway } from './recorded-gateway.js';

const databases = useDatabases();
const seed = new Seed(databases);
const gateway = useGateway(databases);

test('a query goes by GET as its hash; its text is sent once, by POST, when the server does not know it yet', async () => {
  const order = await seed.order();
  const shown = async () => {
    const { data } = await createPersistingClient(gateway.url).query({ query: ORDERS });
    return data?.orders?.edges.map(({ node }) => node?.id);
  };
  expect(await shown()).toEqual([order.id]);
  const first = gateway.received();
  expect(first.map(({ method }) => method)).toEqual(['GET', 'POST']);
  expect(await shown()).toEqual([order.id]);
  const second = gateway.received();
  expect(second.map(({ method, url }) => [method, url.searchParams.has('query')])).toEqual([['GET', false]]);
  expect(second[0]?.url.searchParams.get('extensions')).toMatch(/"sha256Hash":"[0-9a-f]{64}"/);
});

test('a mutation goes by POST', async () => {
  const ada = await seed.user();
  const client = createPersistingClient(gateway.url);
  const { data } = await createOrder(client, { userId: ada.id, total: '3' });
  expect(data?.createOrder.order.total).toBe('3.00');
  expect(gateway.received().map(({ method }) => method)).toEqual(['POST', 'POST']);
});
