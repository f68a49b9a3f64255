import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { USUAL_LIMITS, USUAL_SECURITY } from '../../src/security/settings.js';
import { useDatabases } from '../support/databases.js';
import type { Link } from '../support/link.js';
import { useLinks } from '../support/linked-platform.js';
import { running } from '../support/running.js';
import { Seed, type Seeded } from '../support/seed.js';

const SECONDS = 4;
/** More than there are connections, to either database. */
const AT_ONCE = 40;

const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);
let gateway: Gateway;
let ada: Seeded;
let order: Seeded;
/** How many of MongoDB's connections somebody uses. */
let inUse = 0;

beforeAll(async () => {
  const security = { ...USUAL_SECURITY, limits: { ...USUAL_LIMITS, seconds: SECONDS } };
  gateway = await startGateway({ platform: links.platform, host: '127.0.0.1', port: 0, security });
  const client = links.platform.mongo.connection.getClient();
  client.on('connectionCheckedOut', () => (inUse += 1)).on('connectionCheckedIn', () => (inUse -= 1));
  ada = await seed.user({ username: 'Ada' });
  order = await seed.order({ user: ada });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const QUERY = `query ($order: ID!, $user: ID!) {
  order(id: $order) { user { username } }
  user(id: $user) { username orders(first: 1) { nodes { id } } }
}`;

interface Answered {
  readonly status: number;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

async function ask(headers: Record<string, string> = {}): Promise<Answered> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: QUERY, variables: { order: order.id, user: ada.id } }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

/** Many at once, each of which has to be answered in its time; the codes that came, and how often. */
async function codesOfMany(): Promise<ReadonlyMap<string, number>> {
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => ask()));
  expect(performance.now() - startedAt).toBeLessThan((SECONDS + 1) * 1_000);
  const codes = new Map<string, number>();
  for (const { status, errors = [] } of answers) {
    expect(status).toBe(200);
    for (const { extensions } of errors) codes.set(extensions.code, (codes.get(extensions.code) ?? 0) + 1);
  }
  return codes;
}

const PASSING = ['DEADLINE_EXCEEDED', 'MONGO_UNAVAILABLE', 'POSTGRES_UNAVAILABLE'];

/** Of a link that is mended, two seconds later everything is as before: nothing runs, nobody waits, all is answered. */
afterEach(async () => {
  links.postgres.heal();
  links.mongo.heal();
  await expect
    .poll(() => ask(), { timeout: 8_000 })
    .toEqual({
      status: 200,
      data: { order: { user: { username: 'Ada' } }, user: { username: 'Ada', orders: { nodes: [{ id: order.id }] } } },
    });
  await expect.poll(() => running(databases), { timeout: 2_000 }).toEqual([]);
  await expect.poll(() => inUse, { timeout: 2_000 }).toBe(0);
  expect(await codesOfMany()).toEqual(new Map());
});

const BOTH = (): readonly Link[] => [links.postgres, links.mongo];

describe.each([
  ['PostgreSQL', () => [links.postgres]],
  ['MongoDB', () => [links.mongo]],
  ['both', BOTH],
])('the link to %s', (_, disturbed: () => readonly Link[]) => {
  test('takes every byte and brings none: each of 40 is answered with a code within its time', async () => {
    await ask();
    for (const link of disturbed()) link.hold('requests', 'answers');
    const codes = await codesOfMany();
    expect(codes.size).toBeGreaterThan(0);
    expect(PASSING).toEqual(expect.arrayContaining([...codes.keys()]));
  }, 40_000);

  test('resets every connection, in the middle and anew: the same', async () => {
    await ask();
    const asked = codesOfMany();
    for (const link of disturbed()) {
      link.cut();
      link.refuse();
    }
    const codes = await asked;
    expect(PASSING).toEqual(expect.arrayContaining([...codes.keys()]));
    expect((await codesOfMany()).size).toBeGreaterThan(0);
  }, 40_000);

  test('is late by two seconds: answered in full or with a code, within its time', async () => {
    await ask();
    for (const link of disturbed()) link.delay(2_000);
    const codes = await codesOfMany();
    expect(PASSING).toEqual(expect.arrayContaining([...codes.keys()]));
  }, 40_000);
});

test('who brings a consistency token, which is looked at before anything is read, is answered as well', async () => {
  await ask();
  links.postgres.hold('requests', 'answers');
  const { status, errors } = await ask({ 'x-consistency-token': '6500000000000001' });
  expect(status).toBe(200);
  expect(errors?.map(({ extensions }) => extensions.code)).toContain('DEADLINE_EXCEEDED');
}, 40_000);
