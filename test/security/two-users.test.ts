import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Feature } from '../../src/gateway/feature.js';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { USUAL_SECURITY } from '../../src/security/settings.js';
import { useDatabases } from '../support/databases.js';
import { Seed } from '../support/seed.js';
import { rounds } from '../support/long.js';
import { identityOf, inSeconds, rsaPair, tokenOf } from './identity-support.js';

const REQUESTS = rounds(200, 1_000);
const AT_ONCE = 20;

const databases = useDatabases();
const seed = new Seed(databases);
const keys = rsaPair();

/** A user, and what nobody else may learn of it. */
interface Person {
  readonly id: string;
  readonly username: string;
  readonly token: string;
  readonly power: number;
  readonly amount: string;
  /** One of its orders, with the number of it. */
  readonly order: string;
  readonly number: string;
  /** How many orders it has, each with a transaction. */
  readonly count: number;
  /** Every value of its rows that is of its own. */
  readonly secrets: readonly string[];
}

let gateway: Gateway;
let ada: Person;
let eve: Person;
/** Who has asked on a connection, by the client's port. */
const askers = new Map<number | undefined, Set<string | undefined>>();

const watching: Feature = {
  extendHttp: (app) => {
    app.addHook('onRequest', (request, _reply, done) => {
      const { remotePort } = request.socket;
      askers.set(remotePort, (askers.get(remotePort) ?? new Set()).add(request.headers.authorization));
      done();
    });
  },
};

beforeAll(async () => {
  ada = await person('Ada', { power: 111_222_333, amount: '1111.11', count: 3 });
  eve = await person('Eve', { power: 444_555_666, amount: '2222.22', count: 5 });
  gateway = await startGateway({
    platform: databases.platform,
    host: '127.0.0.1',
    port: 0,
    security: { ...USUAL_SECURITY, identity: identityOf(keys) },
    features: [watching],
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function person(username: string, own: Pick<Person, 'power' | 'amount' | 'count'>): Promise<Person> {
  const { power, amount, count } = own;
  const mark = `only ${username}'s`;
  const user = await seed.user({ username, power, email: `${mark} address`, locCode: `${mark} place` });
  const numbers = Array.from({ length: count }, (_, at) => `${mark} ${at}`);
  const ids: string[] = [];
  for (const orderNumber of numbers) {
    const copies = { userName: `${mark} name`, userEmail: `${mark} copy` };
    const order = await seed.order({ user, orderNumber, total: amount, ...copies });
    const paid = await seed.transaction(order, { userId: seed.objectId(user), amount: decimal(amount) });
    ids.push(order.id, paid.id);
  }
  const token = await tokenOf(keys, { sub: user.id, exp: inSeconds(600) });
  const secrets = [mark, String(power), amount, ...ids];
  return { id: user.id, username, token, power, amount, count, order: ids[0] ?? '', number: `${mark} 0`, secrets };
}

function decimal(text: string) {
  return databases.platform.mongo.connection.base.mongo.Decimal128.fromString(text);
}

/** What is asked, and what one sees of it oneself, of the other nothing but who it is. */
const OPERATIONS: readonly [query: string, seenBy: (own: Person, other: Person) => object][] = [
  [
    `query ($own: ID!, $other: ID!) {
      own: user(id: $own) { username email power orders { totalCount nodes { total } } transactions { totalCount } }
      other: user(id: $other) { username email power orders { totalCount nodes { total } } transactions { totalCount } }
    }`,
    (own, other) => ({
      own: {
        username: own.username,
        email: `only ${own.username}'s address`,
        power: own.power,
        orders: { totalCount: own.count, nodes: times(own, { total: own.amount }) },
        transactions: { totalCount: own.count },
      },
      other: {
        username: other.username,
        email: null,
        power: null,
        orders: { totalCount: 0, nodes: [] },
        transactions: { totalCount: 0 },
      },
    }),
  ],
  [
    `{ orders { totalCount nodes { total userName userEmail user { id email locCode orders { totalCount } }
         transactions { totalCount nodes { amount user { email } } } } } }`,
    (own) => ({
      orders: {
        totalCount: own.count,
        nodes: times(own, {
          total: own.amount,
          userName: `only ${own.username}'s name`,
          userEmail: `only ${own.username}'s copy`,
          user: {
            id: own.id,
            email: `only ${own.username}'s address`,
            locCode: `only ${own.username}'s place`,
            orders: { totalCount: own.count },
          },
          transactions: {
            totalCount: 1,
            nodes: [{ amount: own.amount, user: { email: `only ${own.username}'s address` } }],
          },
        }),
      },
    }),
  ],
  [
    `query ($ownOrder: ID!, $otherOrder: ID!, $otherNumber: String!) {
      own: order(id: $ownOrder) { orderNumber user { email } }
      other: order(id: $otherOrder) { orderNumber user { email } }
      byNumber: orderByNumber(orderNumber: $otherNumber) { id total }
    }`,
    (own) => ({
      own: { orderNumber: own.number, user: { email: `only ${own.username}'s address` } },
      other: null,
      byNumber: null,
    }),
  ],
  [
    '{ transactions { totalCount nodes { amount order { total user { email } } user { power } } } }',
    (own) => ({
      transactions: {
        totalCount: own.count,
        nodes: times(own, {
          amount: own.amount,
          order: { total: own.amount, user: { email: `only ${own.username}'s address` } },
          user: { power: own.power },
        }),
      },
    }),
  ],
  [
    `{ users(orderBy: [{ username: asc }]) { totalCount nodes { username email orders { totalCount nodes { userEmail } }
         transactions { totalCount } } } }`,
    (own) => ({
      users: {
        totalCount: 2,
        nodes: [ada, eve].map(({ username, count }) =>
          username === own.username
            ? {
                username,
                email: `only ${username}'s address`,
                orders: { totalCount: count, nodes: times(own, { userEmail: `only ${username}'s copy` }) },
                transactions: { totalCount: count },
              }
            : { username, email: null, orders: { totalCount: 0, nodes: [] }, transactions: { totalCount: 0 } },
        ),
      },
    }),
  ],
];

/** The same for each of one's orders. */
function times<T>({ count }: Person, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

/** Of the two by turns, the same operation for both. */
async function ask(index: number): Promise<void> {
  const [own, other] = index % 2 === 0 ? [ada, eve] : [eve, ada];
  const [query, seenBy] = OPERATIONS[Math.floor(index / 2) % OPERATIONS.length] ?? [];
  const ids = { own: own.id, other: other.id };
  const variables = { ...ids, ownOrder: own.order, otherOrder: other.order, otherNumber: other.number };
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${own.token}` },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  expect(other.secrets.filter((secret) => text.includes(secret))).toEqual([]);
  const { data, errors = [] } = JSON.parse(text) as Answer;
  expect([response.status, data]).toEqual([200, seenBy?.(own, other)]);
  for (const { extensions } of errors) expect(extensions.code).toBe('FORBIDDEN');
}

interface Answer {
  readonly data: unknown;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

test('two users at once, 500 requests each by turns, on the same connections: no value of the other in any answer', async () => {
  let next = 0;
  const askOn = async () => {
    while (next < REQUESTS) await ask(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askOn));
  // Nobody was kept apart by a connection of its own.
  const shared = [...askers.values()].filter(({ size }) => size === 2);
  expect(askers.size).toBeLessThan(3 * AT_ONCE);
  expect(shared.length).toBeGreaterThan(AT_ONCE / 2);
}, 120_000);
