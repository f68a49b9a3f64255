// Runs every implementation on a real PostgreSQL and a real MongoDB, asks all of them the same questions, and compares
// the answers with what this file computes from the data by itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import pg from 'pg';

const IMPLEMENTATIONS = ['nestjs', 'pothos', 'pothos-prisma', 'type-graphql'];
const BENCH = path.resolve(import.meta.dirname, '..');
const TANDEM = path.resolve(BENCH, '../dist');

const products = makeProducts();
const items = makeItems();

async function main() {
  if (!existsSync(path.join(TANDEM, 'config.js'))) {
    console.error('The embedded databases come from the build of Tandem: run `npm run schema` in its root first.');
    return 1;
  }
  const { startEmbeddedDatabases } = await import(path.join(TANDEM, 'platform/embedded/databases.js'));
  const { loadConfig } = await import(path.join(TANDEM, 'config.js'));
  const directory = await mkdtemp(path.join(tmpdir(), 'tandem-bench-'));
  const servers = await startEmbeddedDatabases({
    directory,
    cacheDirectory: loadConfig({}, '/dev/null').cacheDirectory,
    durable: false,
    need: { postgres: true, mongo: true },
    onTask: (_title, work) => work(() => undefined),
  });
  try {
    await fillPostgres(servers.postgresUrl);
    const mongo = await fillMongo(servers.mongoUrl);
    const counting = await countStatements(servers.postgresUrl);
    let failures = 0;
    for (const name of IMPLEMENTATIONS) {
      failures += await verify(name, { mongo, counting, mongoUrl: mongo.url });
    }
    counting.close();
    await mongo.client.close();
    return failures === 0 ? 0 : 1;
  } finally {
    await servers.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function verify(name, { mongo, counting, mongoUrl }) {
  const port = await freePort();
  const program = spawn(process.execPath, [path.join(BENCH, 'dist', name, 'shared/main.js')], {
    env: { ...process.env, POSTGRES_URL: counting.url, MONGO_URL: mongoUrl, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = once(program, 'exit');
  let errors = '';
  program.stderr.on('data', (chunk) => (errors += chunk));
  let failed = 0;
  try {
    const ask = await connect(`http://127.0.0.1:${port}/graphql`, program);
    const client = {
      ask,
      /** What a question costs: statements in PostgreSQL and reads in MongoDB. */
      async cost(query) {
        await mongo.reset();
        const before = counting.count();
        const data = await ask(query);
        return { data, postgres: counting.count() - before, mongo: await mongo.reads() };
      },
    };
    for (const [title, check] of Object.entries(CHECKS)) {
      try {
        await check(client);
        console.log(`  ok    ${name}: ${title}`);
      } catch (error) {
        failed += 1;
        console.log(`  FAIL  ${name}: ${title}\n${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } catch (error) {
    failed += 1;
    console.log(`  FAIL  ${name}: ${error.message}\n${errors}`);
  } finally {
    program.kill();
    await exit;
  }
  console.log(
    `${failed === 0 ? 'pass' : 'FAIL'}  ${name}: ${Object.keys(CHECKS).length - failed} checks passed, ${failed} failed`,
  );
  return failed;
}

const PAGE = 'edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

const LIST_ARGS = ['after', 'before', 'first', 'last', 'orderBy', 'where'];
const COMPARISONS = ['equals', 'gt', 'gte', 'in', 'lt', 'lte', 'not', 'notIn'];
const TEXTS = [...COMPARISONS, 'contains', 'endsWith', 'startsWith'];

const CHECKS = {
  'a schema with the same names': async ({ ask }) => {
    const type = (name) => `${name}: __type(name: "${name}") { fields { name args { name } } inputFields { name } }`;
    const names = ['Query', 'Product', 'OrderItem', 'ProductConnection', 'OrderItemConnection', 'ProductWhere'];
    names.push('OrderItemWhere', 'ProductOrderBy', 'OrderItemOrderBy', 'DecimalFilter', 'StringFilter');
    const answer = await ask(`{ ${names.map(type).join(' ')} }`);
    const schema = Object.fromEntries(
      Object.entries(answer).map(([name, { fields, inputFields }]) => [
        name,
        (fields ?? inputFields)
          .map((field) => [field.name, ...(field.args ?? []).map((arg) => arg.name).sort()].join(' '))
          .sort(),
      ]),
    );
    const list = (name) => [name, ...LIST_ARGS].join(' ');
    const connection = ['edges', 'nodes', 'pageInfo', 'totalCount'];
    assert.deepEqual(schema, {
      Query: ['orderItem id', list('orderItems'), 'product id', list('products')],
      Product: ['createdAt', 'id', 'name', list('orderItems'), 'price'],
      OrderItem: ['createdAt', 'id', 'product', 'productId', 'quantity'],
      ProductConnection: connection,
      OrderItemConnection: connection,
      ProductWhere: ['AND', 'NOT', 'OR', 'createdAt', 'id', 'name', 'price'],
      OrderItemWhere: ['AND', 'NOT', 'OR', 'createdAt', 'id', 'productId', 'quantity'],
      ProductOrderBy: ['createdAt', 'id', 'name', 'price'],
      OrderItemOrderBy: ['createdAt', 'id', 'productId', 'quantity'],
      DecimalFilter: COMPARISONS,
      StringFilter: TEXTS.sort(),
    });
  },
  'a product by id, in either case; null for one that is not there or no id at all': async ({ ask }) => {
    const [wanted] = products;
    const fields = '{ id name price createdAt }';
    const answer = await ask(`{
      there: product(id: "${wanted.id}") ${fields}
      upper: product(id: "${wanted.id.toUpperCase()}") ${fields}
      missing: product(id: "${'f'.repeat(24)}") ${fields}
      malformed: product(id: "twelve bytes") ${fields}
    }`);
    assert.deepEqual(answer, { there: wanted, upper: wanted, missing: null, malformed: null });
  },
  'an order item by id, with its product; null for one that is not there or no id at all': async ({ ask }) => {
    const wanted = items.find(({ productId }) => productOf(productId));
    const answer = await ask(`{
      there: orderItem(id: "${wanted.id}") { id productId quantity createdAt product { id name } }
      missing: orderItem(id: "${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}") { id }
      malformed: orderItem(id: "x") { id }
    }`);
    const { id, name } = productOf(wanted.productId);
    const { id: itemId, productId, quantity, createdAt } = wanted;
    const there = { id: itemId, productId, quantity, createdAt: wire(createdAt), product: { id, name } };
    assert.deepEqual(answer, { there, missing: null, malformed: null });
  },
  'twenty by default, newest first, with nodes, edges, pageInfo and totalCount': async ({ ask }) => {
    const answer = await ask(`{
      products { nodes { id } totalCount ${PAGE} }
      orderItems { nodes { id } totalCount ${PAGE} }
    }`);
    for (const [list, all] of [
      [answer.products, newest(products)],
      [answer.orderItems, newest(items)],
    ]) {
      assert.deepEqual(ids(list.nodes), ids(all.slice(0, 20)));
      assert.deepEqual(ids(list.edges.map(({ node }) => node)), ids(all.slice(0, 20)));
      assert.equal(list.totalCount, all.length);
      assert.deepEqual(list.pageInfo, {
        hasNextPage: true,
        hasPreviousPage: false,
        startCursor: list.edges[0].cursor,
        endCursor: list.edges[19].cursor,
      });
    }
  },
  'an empty list': async ({ ask }) => {
    const answer = await ask(`{
      products(where: { name: { equals: "none" } }) { nodes { id } totalCount ${PAGE} }
      orderItems(where: { OR: [] }) { nodes { id } totalCount ${PAGE} }
    }`);
    const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
    const empty = { nodes: [], totalCount: 0, edges: [], pageInfo };
    assert.deepEqual(answer, { products: empty, orderItems: empty });
  },
  'a hundred at most': async ({ ask }) => {
    const answer = await ask('{ orderItems(first: 1000) { nodes { id } } }');
    assert.deepEqual(ids(answer.orderItems.nodes), ids(newest(items).slice(0, 100)));
  },
  'page by page, every row comes once': async ({ ask }) => {
    assert.deepEqual(await walk(ask, 'products', 'first: 7'), ids(newest(products)));
    assert.deepEqual(await walk(ask, 'orderItems', 'first: 33'), ids(newest(items)));
  },
  'backwards with last and before, still in the order of the list': async ({ ask }) => {
    const all = newest(items);
    const { orderItems: end } = await ask(`{ orderItems(last: 5) { ${PAGE} } }`);
    assert.deepEqual(ids(end.edges.map(({ node }) => node)), ids(all.slice(-5)));
    assert.deepEqual([end.pageInfo.hasPreviousPage, end.pageInfo.hasNextPage], [true, false]);
    const before = `last: 5, before: "${end.pageInfo.startCursor}"`;
    const { orderItems: earlier } = await ask(`{ orderItems(${before}) { ${PAGE} } }`);
    assert.deepEqual(ids(earlier.edges.map(({ node }) => node)), ids(all.slice(-10, -5)));
    const { products: firsts } = await ask(`{ products(first: 5) { ${PAGE} } }`);
    const { products: back } = await ask(`{ products(last: 2, before: "${firsts.pageInfo.endCursor}") { ${PAGE} } }`);
    assert.deepEqual(ids(back.edges.map(({ node }) => node)), ids(newest(products).slice(2, 4)));
  },
  'filters, on decimals, texts, numbers, dates and lists': async ({ ask }) => {
    const since = products[50].createdAt;
    const [head, tail] = [products[7].id.slice(0, 3), products[7].id.slice(-3)];
    const picked = [products[3].id, products[4].id, products[5].id];
    const cases = [
      ['products', '{ price: { gte: "10", lt: "100.5" } }', ({ price }) => +price >= 10 && +price < 100.5],
      ['products', '{ price: { equals: "7.00" } }', ({ price }) => +price === 7],
      ['products', '{ price: { in: ["7.00", "21.5"] } }', ({ price }) => [7, 21.5].includes(+price)],
      ['products', '{ name: { contains: "(50%)" } }', ({ name }) => name.includes('(50%)')],
      ['products', '{ name: { startsWith: "Chair", endsWith: "5" } }', ({ name }) => /^Chair.*5$/.test(name)],
      ['products', '{ name: { not: { contains: "a" } } }', ({ name }) => !name.includes('a')],
      ['products', `{ id: { in: ${JSON.stringify(picked)} } }`, ({ id }) => picked.includes(id)],
      ['products', `{ createdAt: { gt: "${since}" } }`, ({ createdAt }) => createdAt > since],
      [
        'orderItems',
        '{ quantity: { notIn: [1, 2, 3], lte: 7 } }',
        ({ quantity }) => quantity <= 7 && ![1, 2, 3].includes(quantity),
      ],
      ['orderItems', '{ productId: { contains: "%" } }', ({ productId }) => productId.includes('%')],
      [
        'orderItems',
        `{ productId: { startsWith: "${head}", endsWith: "${tail}" } }`,
        ({ productId }) => productId.startsWith(head) && productId.endsWith(tail),
      ],
      ['orderItems', `{ id: { not: { equals: "${items[0].id}" } } }`, ({ id }) => id !== items[0].id],
    ];
    for (const [list, where, matches] of cases) await checkFilter(ask, list, where, matches);
  },
  'AND, OR and NOT, one in another': async ({ ask }) => {
    await checkFilter(
      ask,
      'products',
      '{ OR: [{ price: { lt: "20" } }, { name: { startsWith: "Desk" } }], NOT: [{ name: { endsWith: "1" } }, { name: { endsWith: "2" } }] }',
      ({ name, price }) => (+price < 20 || name.startsWith('Desk')) && !/[12]$/.test(name),
    );
    await checkFilter(
      ask,
      'orderItems',
      '{ AND: [{ quantity: { gte: 3 } }, { OR: [{ quantity: { equals: 4 } }, { NOT: { quantity: { lt: 15 } } }] }] }',
      ({ quantity }) => quantity >= 3 && (quantity === 4 || quantity >= 15),
    );
  },
  "an order of one's own, page by page, and with a filter": async ({ ask }) => {
    const byPrice = newest(products).sort((a, b) => +a.price - +b.price);
    assert.deepEqual(
      await walk(ask, 'products', 'first: 9, orderBy: [{ price: asc }, { createdAt: desc }]'),
      ids(byPrice),
    );
    const byQuantity = newest(items)
      .filter(({ quantity }) => quantity > 4)
      .sort((a, b) => b.quantity - a.quantity || compare(a.createdAt, b.createdAt) || compare(b.id, a.id));
    const args = 'first: 40, where: { quantity: { gt: 4 } }, orderBy: [{ quantity: desc }, { createdAt: asc }]';
    assert.deepEqual(await walk(ask, 'orderItems', args), ids(byQuantity));
  },
  "items' products in one read; null where the id dangles or is none": async ({ cost }) => {
    const { data, postgres, mongo } = await cost('{ orderItems(first: 100) { nodes { id product { id price } } } }');
    const expected = newest(items).slice(0, 100);
    assert(
      expected.some(({ productId }) => productId === 'not-an-id'),
      'The page should have a malformed id.',
    );
    assert.deepEqual(
      data.orderItems.nodes,
      expected.map(({ id, productId }) => {
        const product = productOf(productId);
        return { id, product: product ? { id: product.id, price: product.price } : null };
      }),
    );
    assert.deepEqual({ postgres, mongo }, { postgres: 1, mongo: 1 });
  },
  "products' items in one statement, and their counts in another": async ({ cost }) => {
    const list = (fields) => `{ products(first: 50) { nodes { id orderItems(first: 3) { ${fields} } } } }`;
    const plain = await cost(list(`nodes { quantity } ${PAGE}`));
    const counted = await cost(list('nodes { quantity } totalCount'));
    newest(products)
      .slice(0, 50)
      .forEach(({ id }, index) => {
        const own = newest(itemsOf(id));
        const { orderItems } = plain.data.products.nodes[index];
        assert.deepEqual(ids(orderItems.edges.map(({ node }) => node)), ids(own.slice(0, 3)));
        assert.deepEqual(
          orderItems.nodes.map(({ quantity }) => quantity),
          own.slice(0, 3).map(({ quantity }) => quantity),
        );
        assert.equal(orderItems.pageInfo.hasNextPage, own.length > 3);
        assert.equal(counted.data.products.nodes[index].orderItems.totalCount, own.length);
      });
    assert.deepEqual({ postgres: plain.postgres, mongo: plain.mongo }, { postgres: 1, mongo: 1 });
    assert.deepEqual({ postgres: counted.postgres, mongo: counted.mongo }, { postgres: 2, mongo: 1 });
  },
  "one product's items: further pages, filters and orders": async ({ ask }) => {
    const { id } = products.find((product) => itemsOf(product.id).length > 5);
    const own = newest(itemsOf(id));
    const first = await ask(`{ product(id: "${id}") { orderItems(first: 2) { ${PAGE} } } }`);
    const { endCursor } = first.product.orderItems.pageInfo;
    const answer = await ask(`{ product(id: "${id}") {
      next: orderItems(first: 2, after: "${endCursor}") { nodes { id } }
      last: orderItems(last: 2) { nodes { id } }
      some: orderItems(where: { quantity: { gt: 8 } }, orderBy: { quantity: asc }) { nodes { id product { id } } totalCount }
    } }`);
    assert.deepEqual(ids(answer.product.next.nodes), ids(own.slice(2, 4)));
    assert.deepEqual(ids(answer.product.last.nodes), ids(own.slice(-2)));
    const some = own.filter(({ quantity }) => quantity > 8).sort((a, b) => a.quantity - b.quantity);
    assert.deepEqual(ids(answer.product.some.nodes), ids(some));
    assert.equal(answer.product.some.totalCount, some.length);
    assert(answer.product.some.nodes.every(({ product }) => product.id === id));
  },
  'a bad cursor or price is an error that says so': async ({ ask }) => {
    await assert.rejects(ask('{ products(after: "x") { nodes { id } } }'), /cursor/);
    await assert.rejects(ask('{ orderItems(after: "x") { nodes { id } } }'), /cursor/);
    await assert.rejects(ask('{ products(where: { price: { gt: "cheap" } }) { nodes { id } } }'), /Decimal/);
  },
};

async function checkFilter(ask, list, where, matches) {
  const all = newest(list === 'products' ? products : items).filter(matches);
  const answer = await ask(`{ list: ${list}(first: 100, where: ${where}) { nodes { id } totalCount } }`);
  assert(all.length > 0, `Nothing matches ${where}: that shows nothing.`);
  assert.deepEqual([where, answer.list.totalCount], [where, all.length]);
  assert.deepEqual([where, ...ids(answer.list.nodes)], [where, ...ids(all.slice(0, 100))]);
}

async function walk(ask, list, args) {
  const found = [];
  for (let after = ''; ;) {
    const answer = await ask(`{ ${list}(${args}${after}) { ${PAGE} } }`);
    const { edges, pageInfo } = answer[list];
    found.push(...edges.map(({ node }) => node.id));
    assert.equal(pageInfo.hasPreviousPage, after !== '');
    if (!pageInfo.hasNextPage) return found;
    after = `, after: "${pageInfo.endCursor}"`;
  }
}

async function connect(url, program) {
  const ask = async (query) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
    return data;
  };
  for (let attempt = 0; attempt < 300 && program.exitCode === null; attempt += 1) {
    try {
      await ask('{ __typename }');
      return ask;
    } catch {
      await sleep(100);
    }
  }
  throw new Error('The implementation did not start.');
}

function makeProducts() {
  const kinds = ['Chair', 'Desk', 'Lamp', 'Mug (50%)', 'A+B'];
  return Array.from({ length: 100 }, (_, index) => ({
    id: hash('product', index).slice(0, 24),
    name: `${kinds[index % kinds.length]} ${index}`,
    price: ((((index * 37) % 60) * 350 + 700) / 100).toFixed(2),
    createdAt: new Date(Date.UTC(2026, 0, 1) + ((index * 29) % 40) * 3_600_000).toISOString(),
  }));
}

/** Some have an id in upper case, some one of no product, some one that is none; some differ by a microsecond. */
function makeItems() {
  return Array.from({ length: 500 }, (_, index) => {
    const { id } = products[(index * 7) % 90];
    const digits = hash('item', index);
    return {
      id: [8, 12, 16, 20, 32].map((end, part) => digits.slice([0, 8, 12, 16, 20][part], end)).join('-'),
      productId:
        index % 23 === 0
          ? ['not-an-id', '', '100%'][index % 3]
          : index % 17 === 0
            ? hash('nobody', index).slice(0, 24)
            : index % 10 === 0
              ? id.toUpperCase()
              : id,
      quantity: (index * 13) % 21,
      createdAt: new Date(Date.UTC(2026, 1, 1) + ((index * 31) % 60) * 60_000)
        .toISOString()
        .replace('Z', `${String((index % 4) * 111).padStart(3, '0')}Z`),
    };
  });
}

async function fillPostgres(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(`
    CREATE TABLE order_items (
      "id" uuid PRIMARY KEY,
      "productId" text NOT NULL,
      "quantity" int NOT NULL,
      "createdAt" timestamptz NOT NULL
    );
    CREATE INDEX ON order_items (lower("productId"), "createdAt" DESC, "id" DESC);
    CREATE INDEX ON order_items ("createdAt" DESC, "id" DESC);
  `);
  await client.query(
    'INSERT INTO order_items SELECT * FROM json_to_recordset($1) AS row(id uuid, "productId" text, quantity int, "createdAt" timestamptz)',
    [JSON.stringify(items)],
  );
  await client.end();
}

async function fillMongo(address) {
  const { MongoClient, ObjectId, Decimal128 } = mongoose.mongo;
  const url = new URL(address);
  url.pathname = '/bench';
  const client = new MongoClient(url.href);
  const database = client.db('bench');
  await database.collection('products').insertMany(
    products.map(({ id, name, price, createdAt }) => ({
      _id: new ObjectId(id),
      name,
      price: new Decimal128(price),
      createdAt: new Date(createdAt),
    })),
  );
  await database.collection('products').createIndex({ createdAt: -1, _id: -1 });
  return {
    url: url.href,
    client,
    async reset() {
      await database.command({ profile: 0 });
      await database.dropCollection('system.profile').catch(() => undefined);
      await database.command({ profile: 2 });
    },
    reads: () => database.collection('system.profile').countDocuments({ ns: 'bench.products' }),
  };
}

/** An address that leads to the database and counts the statements that pass. */
async function countStatements(address) {
  const target = new URL(address);
  let statements = 0;
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    let rest = Buffer.alloc(0);
    let isStarted = false;
    client.on('data', (chunk) => {
      upstream.write(chunk);
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const head = isStarted ? 1 : 0;
        if (rest.length < head + 4) return;
        const end = head + rest.readInt32BE(head);
        if (rest.length < end) return;
        // A simple query, or the execution of a prepared one.
        if (isStarted && ['Q', 'E'].includes(String.fromCharCode(rest[0]))) statements += 1;
        isStarted = true;
        rest = rest.subarray(end);
      }
    });
    upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(server.address().port);
  return { url: url.href, count: () => statements, close: () => server.close() };
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function newest(rows) {
  return [...rows].sort((a, b) => compare(b.createdAt, a.createdAt) || compare(b.id, a.id));
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function ids(rows) {
  return rows.map(({ id }) => id);
}

function productOf(productId) {
  return products.find(({ id }) => id === productId.toLowerCase());
}

function itemsOf(productId) {
  return items.filter((item) => item.productId.toLowerCase() === productId);
}

/** A GraphQL DateTime has milliseconds. */
function wire(timestamp) {
  return `${timestamp.slice(0, 23)}Z`;
}

function hash(kind, index) {
  return createHash('sha256').update(`${kind} ${index}`).digest('hex');
}

process.exitCode = await main();
