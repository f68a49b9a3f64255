import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { useDatabases } from '../support/databases.js';
import { hasRelayCompiler, relayCompiler } from '../support/relay-compiler.js';
import { Seed } from '../support/seed.js';
import { useGateway } from './recorded-gateway.js';

const PROJECT = path.resolve(import.meta.dirname, '../..');

/** What a front end has in its files, as they name it. A list of a user is paged by way of Query, having no `node(id:)`. */
const DOCUMENTS = [
  `fragment Shop_order on Order { orderNumber total createdAt user { id username } }`,
  `fragment Shop_orders on Query @refetchable(queryName: "ShopOrdersPage") {
    orders(first: $first, after: $after) @connection(key: "Shop_orders") {
      totalCount
      edges { node { id ...Shop_order } }
    }
  }`,
  `query ShopQuery($first: Int!, $after: String) { ...Shop_orders }`,
  `fragment Shop_userOrders on Query @refetchable(queryName: "ShopUserOrdersPage") {
    user(id: $userId) {
      orders(first: $first, after: $after) @connection(key: "ShopUser_orders") { edges { node { id ...Shop_order } } }
    }
  }`,
  `query ShopUserQuery($userId: ID!, $first: Int!, $after: String) { ...Shop_userOrders }`,
  `mutation ShopCreateMutation($input: CreateOrderInput!, $lists: [ID!]!) {
    createOrder(input: $input) {
      order @prependNode(connections: $lists, edgeTypeName: "OrderEdge") { id ...Shop_order }
    }
  }`,
  `mutation ShopDeleteMutation($id: ID!) { deleteOrder(id: $id) { order { id @deleteRecord } } }`,
];
const OPERATIONS = [
  'ShopCreateMutation',
  'ShopDeleteMutation',
  'ShopOrdersPage',
  'ShopQuery',
  'ShopUserOrdersPage',
  'ShopUserQuery',
];

const CONFIG = {
  src: './src',
  schema: path.join(PROJECT, 'schema.graphql'),
  language: 'javascript',
  artifactDirectory: './artifacts',
  eagerEsModules: true,
  customScalarTypes: { Decimal: 'string', DateTime: 'string' },
  persistConfig: { file: './persisted.json', algorithm: 'SHA256' },
};

let folder: string | undefined;
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** Compiles the front end, and gives the file of its operations, from then on the only ones that the gateway answers. */
async function compiled(): Promise<string> {
  const made = (folder = await mkdtemp(path.join(tmpdir(), 'tandem-relay-')));
  await Promise.all(['src', 'artifacts'].map((name) => mkdir(path.join(made, name))));
  const files = {
    'package.json': '{}',
    'persisted.json': '{}',
    'relay.config.json': JSON.stringify(CONFIG),
    'src/Shop.js': DOCUMENTS.map((text) => `graphql\`${text}\`;`).join('\n'),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(made, name), content);
  await relayCompiler(made, '--noWatchman');
  return path.join(made, 'persisted.json');
}

const databases = useDatabases();
const seed = new Seed(databases);
const gateway = useGateway(databases, compiled);

interface Page {
  readonly edges: readonly { readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}

/** What the gateway answers to a compiled operation, which it is sent by its id. */
async function answer<Data>(operation: string, variables: object): Promise<Data> {
  const artifact = path.join(folder ?? '', 'artifacts', `${operation}.graphql.js`);
  const id = /"id": "(\w{64})"/.exec(await readFile(artifact, 'utf8'))?.[1];
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ documentId: id, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  expect([response.status, errors]).toEqual([200, undefined]);
  return data;
}

const idsOf = ({ edges }: Page) => edges.map(({ node }) => node.id);

describe.skipIf(!(await hasRelayCompiler()))('Relay’s compiler', () => {
  test('lists, pages and mutations of a front end compile, and each operation has its artifact and its persisted text', async () => {
    const artifacts = await readdir(path.join(folder ?? '', 'artifacts'));
    expect(artifacts).toEqual(expect.arrayContaining(OPERATIONS.map((name) => `${name}.graphql.js`)));
    const persisted = JSON.parse(await readFile(path.join(folder ?? '', 'persisted.json'), 'utf8')) as object;
    expect(Object.keys(persisted)).toHaveLength(OPERATIONS.length);
  });

  test('what was compiled pages through all orders, and through those of a user', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const orders: string[] = [];
    for (const at of [1, 2, 3]) orders.unshift((await seed.order({ user: ada, createdAt: new Date(at) })).id);
    const first = await answer<{ orders: Page }>('ShopQuery', { first: 2 });
    const { hasNextPage, endCursor } = first.orders.pageInfo;
    expect([idsOf(first.orders), hasNextPage]).toEqual([orders.slice(0, 2), true]);
    const second = await answer<{ orders: Page }>('ShopOrdersPage', { first: 2, after: endCursor });
    expect([idsOf(second.orders), second.orders.pageInfo.hasNextPage]).toEqual([orders.slice(2), false]);

    const own = await answer<{ user: { orders: Page } }>('ShopUserQuery', { userId: ada.id, first: 1 });
    const after = own.user.orders.pageInfo.endCursor;
    const next = await answer<{ user: { orders: Page } }>('ShopUserOrdersPage', { userId: ada.id, first: 2, after });
    expect([...idsOf(own.user.orders), ...idsOf(next.user.orders)]).toEqual(orders);
  });

  test('what was compiled creates an order, and deletes it', async () => {
    const ada = await seed.user({ username: 'Ada' });
    const input = { userId: ada.id, total: '12.50' };
    const { createOrder } = await answer<{ createOrder: { order: { id: string } } }>('ShopCreateMutation', { input });
    expect(createOrder.order).toMatchObject({ total: '12.50', user: { id: ada.id, username: 'Ada' } });
    const { id } = createOrder.order;
    expect(await answer('ShopDeleteMutation', { id })).toEqual({ deleteOrder: { order: { id } } });
  });
});
