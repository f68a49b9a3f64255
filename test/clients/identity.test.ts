import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { USUAL_SECURITY } from '../../src/security/settings.js';
import { identityOf, inSeconds, rsaPair, tokenOf } from '../security/identity-support.js';
import { useDatabases } from '../support/databases.js';
import { Seed, type Seeded } from '../support/seed.js';
import { EVERY_CLIENT } from './every-client.js';

const databases = useDatabases();
const seed = new Seed(databases);
const keys = rsaPair();

const MINE = `{ orders { totalCount nodes { id user { id username email } transactions { nodes { amount } } } } }`;
const SOMEBODY = `query ($id: ID!) { user(id: $id) { id username email orders { totalCount } } }`;
const EMPOWER = `mutation ($id: ID!) { updateUser(id: $id, input: { power: 9 }) { user { id power } } }`;

let gateway: Gateway;
let ada: Seeded;
let eve: Seeded;
let adasOrder: Seeded;
let asAda: string;
let asStaff: string;

beforeAll(async () => {
  ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
  eve = await seed.user({ username: 'Eve', email: 'eve@example.com' });
  adasOrder = await seed.order({ user: ada });
  await seed.transaction(adasOrder, { userId: seed.objectId(ada) });
  await seed.order({ user: eve });
  asAda = await tokenOf(keys, { sub: ada.id });
  asStaff = await tokenOf(keys, { sub: 'clerk', roles: ['staff'] });
  const security = { ...USUAL_SECURITY, identity: identityOf(keys) };
  const { platform } = databases;
  gateway = await startGateway({ platform, host: '127.0.0.1', port: 0, production: true, security });
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe.each(EVERY_CLIENT)('%s', (_, ask) => {
  test('reads a user’s own orders with their user and transactions, and no other ones', async () => {
    const node = {
      id: adasOrder.id,
      user: { id: ada.id, username: 'Ada', email: 'ada@example.com' },
      transactions: { nodes: [{ amount: '10.00' }] },
    };
    expect(await ask({ url: gateway.url, text: MINE, token: asAda })).toMatchObject({
      data: { orders: { totalCount: 1, nodes: [node] } },
      problems: [],
    });
  });

  test('reads FORBIDDEN of a field that is not the user’s to read, and the rest', async () => {
    const answer = await ask({ url: gateway.url, text: SOMEBODY, variables: { id: eve.id }, token: asAda });
    expect(answer).toMatchObject({
      data: { user: { id: eve.id, username: 'Eve', email: null, orders: { totalCount: 0 } } },
      problems: [['FORBIDDEN', 'user.email']],
    });
  });

  test('writes as staff what a user is told FORBIDDEN of', async () => {
    const question = { url: gateway.url, text: EMPOWER, variables: { id: ada.id } };
    expect((await ask({ ...question, token: asAda })).problems).toEqual([['FORBIDDEN', 'updateUser']]);
    expect(await ask({ ...question, token: asStaff })).toMatchObject({
      data: { updateUser: { user: { id: ada.id, power: 9 } } },
      problems: [],
    });
  });

  test.each([
    ['no token', () => null],
    ['a token that has expired', () => tokenOf(keys, { sub: ada.id, exp: inSeconds(-60) })],
    ['a token of another provider', () => tokenOf(rsaPair(), { sub: ada.id })],
  ])('reads UNAUTHENTICATED with %s', async (__, token) => {
    const answer = await ask({ url: gateway.url, text: MINE, token: await token() });
    expect(answer).toEqual({ data: null, problems: [['UNAUTHENTICATED', '']] });
  });
});
