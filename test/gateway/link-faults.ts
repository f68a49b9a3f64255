import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { USUAL_LIMITS, USUAL_SECURITY } from '../../src/security/settings.js';
import { useDatabases } from '../support/databases.js';
import type { FaultyLink } from '../support/faulty-link.js';
import { useLinksBy } from '../support/linked-platform.js';
import { running } from '../support/running.js';
import { Seed, type Seeded } from '../support/seed.js';

const SECONDS = 4;
/** More than there are connections, to either database. */
const AT_ONCE = 40;
const PASSING = ['DEADLINE_EXCEEDED', 'MONGO_UNAVAILABLE', 'POSTGRES_UNAVAILABLE'];

const QUERY = `query ($order: ID!, $user: ID!) {
  order(id: $order) { user { username } }
  user(id: $user) { username orders(first: 1) { nodes { id } } }
}`;

interface Answered {
  readonly status: number;
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

/** The tests of what a gateway answers while its links to the databases are disturbed, and once they are healed. */
export function testLinkFaults(linkTo: (url: string) => Promise<FaultyLink>): void {
  const databases = useDatabases();
  const links = useLinksBy(databases, linkTo);
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

  async function ask(headers: Record<string, string> = {}): Promise<Answered> {
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: QUERY, variables: { order: order.id, user: ada.id } }),
    });
    return { status: response.status, ...((await response.json()) as object) };
  }

  const right = (): Answered => ({
    status: 200,
    data: { order: { user: { username: 'Ada' } }, user: { username: 'Ada', orders: { nodes: [{ id: order.id }] } } },
  });

  /** Many at once, each of which is answered in its time, rightly or with codes; those that came. */
  async function codesOfMany(): Promise<ReadonlySet<string>> {
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => ask()));
    expect(performance.now() - startedAt).toBeLessThan((SECONDS + 1) * 1_000);
    for (const answer of answers.filter(({ errors }) => errors === undefined)) expect(answer).toEqual(right());
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    return new Set(answers.flatMap(({ errors = [] }) => errors.map(({ extensions }) => extensions.code)));
  }

  async function expectCodes(): Promise<void> {
    const codes = await codesOfMany();
    expect(codes.size).toBeGreaterThan(0);
    expect(PASSING).toEqual(expect.arrayContaining([...codes]));
  }

  /** Of a link that is healed, two seconds later nothing runs and nobody has a connection; then all is answered. */
  afterEach(async () => {
    await links.postgres.heal();
    await links.mongo.heal();
    const atRest = async () => [await running(databases), inUse];
    await expect.poll(atRest, { timeout: 2_000 }).toEqual([[], 0]);
    await expect.poll(() => ask(), { timeout: 8_000 }).toEqual(right());
    expect(await codesOfMany()).toEqual(new Set());
    await expect.poll(atRest, { timeout: 2_000 }).toEqual([[], 0]);
  });

  describe.each([
    ['PostgreSQL', () => [links.postgres]],
    ['MongoDB', () => [links.mongo]],
    ['both', () => [links.postgres, links.mongo]],
  ])('the link to %s', (_, disturbed: () => readonly FaultyLink[]) => {
    const disturb = (by: (link: FaultyLink) => void | Promise<void>) =>
      Promise.all(disturbed().map(async (link) => by(link)));

    test('takes every byte and brings none: each of 40 is answered with a code within its time', async () => {
      await ask();
      await disturb((link) => link.silence());
      await expectCodes();
    }, 40_000);

    test('resets every connection, in the middle and anew: the same', async () => {
      await ask();
      const asked = codesOfMany();
      await disturb((link) => link.reset());
      expect(PASSING).toEqual(expect.arrayContaining([...(await asked)]));
      await expectCodes();
    }, 40_000);

    test('is late by two seconds: answered in full or with a code, within its time', async () => {
      await ask();
      await disturb((link) => link.delay(2_000));
      expect(PASSING).toEqual(expect.arrayContaining([...(await codesOfMany())]));
    }, 40_000);
  });

  test.each([
    ['PostgreSQL', () => links.postgres],
    ['MongoDB', () => links.mongo],
  ])(
    'who asks alone is answered in full, though the link to %s is late by two seconds',
    async (_, disturbed) => {
      await ask();
      await disturbed().delay(2_000);
      const startedAt = performance.now();
      expect(await ask()).toEqual(right());
      expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    },
    40_000,
  );

  test('who brings a consistency token, which is looked at before anything is read, is answered as well', async () => {
    await ask();
    await links.postgres.silence();
    const { status, errors } = await ask({ 'x-consistency-token': '6500000000000001' });
    expect(status).toBe(200);
    expect(errors?.map(({ extensions }) => extensions.code)).toContain('DEADLINE_EXCEEDED');
  }, 40_000);
}
