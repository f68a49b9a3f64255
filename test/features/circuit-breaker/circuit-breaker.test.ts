import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { orders } from '../../../src/domains/order/order.source.js';
import { users } from '../../../src/domains/user/user.source.js';
import { feature } from '../../../src/features/circuit-breaker/feature.js';
import { startGateway, type Gateway } from '../../../src/gateway/server.js';
import type { SourceReader } from '../../../src/join/reader.js';
import type { Source } from '../../../src/join/source.js';
import { recordStatements } from '../../../src/platform/statements.js';
import { useDatabases } from '../../support/databases.js';
import { useLinks } from '../../support/linked-platform.js';
import { Seed } from '../../support/seed.js';
import { useTimings } from '../../support/timings.js';

useTimings({ circuitBreaker: { rest: 1_000 } });
const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);
let readers: Readonly<Record<'postgres' | 'mongo', SourceReader>>;

beforeAll(() => {
  readers = (feature.extendPlatform?.(links.platform) ?? links.platform).readers;
});

describe.each([
  ['PostgreSQL', 'postgres', orders, 'POSTGRES_UNAVAILABLE', 'mongo', users],
  ['MongoDB', 'mongo', users, 'MONGO_UNAVAILABLE', 'postgres', orders],
] as const)('%s', (_, database, source, code, other, otherSource) => {
  const read = () => readers[database].count(source, null);
  const outcome = async (): Promise<unknown> => {
    const [answer] = await Promise.allSettled([read()]);
    return answer.status === 'fulfilled' ? 'answered' : answer.reason;
  };

  test('is asked no more once five reads in a row have failed, until one that tries it is answered', async () => {
    expect(await outcome()).toBe('answered');
    links[database].cut();
    links[database].refuse();
    const first = [];
    for (let at = 0; at < 5; at += 1) first.push(await outcome());
    for (const error of first) expect(error).toMatchObject({ code, details: {} });
    const { result, statements } = await recordStatements(() => Promise.all(Array.from({ length: 50 }, outcome)));
    for (const error of result) expect(error).toMatchObject({ code, details: { reason: 'CIRCUIT_OPEN' } });
    expect(statements).toEqual([]);
    // The other one has a circuit of its own.
    expect(await readers[other].count(otherSource, null)).toBeTypeOf('number');

    links[database].heal();
    await expect.poll(outcome, { timeout: 15_000, interval: 200 }).toBe('answered');
    expect(await Promise.all(Array.from({ length: 20 }, outcome))).toEqual(
      Array.from({ length: 20 }, () => 'answered'),
    );
  }, 40_000);

  test('is asked on where what was asked is at fault', async () => {
    const asked: Source = source;
    // An id that is none; and a field that is none.
    const wrong = (field: string) => readers[database].findByKeys(asked, 'id', ['no id'], new Set([field]), null);
    for (let at = 0; at < 8; at += 1) await Promise.allSettled([wrong('id'), wrong('nothing')]);
    expect(await outcome()).toBe('answered');
  });
});

describe('the gateway', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ platform: links.platform, host: '127.0.0.1', port: 0, features: [feature] });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test('reads through the circuits that the feature has put there', async () => {
    await seed.order({ user: await seed.user({ username: 'Ada' }) });
    const ask = async () => {
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ orders { nodes { orderNumber user { username } } } }' }),
      });
      return (await response.json()) as { errors?: { extensions: object }[] };
    };
    expect(await ask()).toMatchObject({ data: { orders: { nodes: [{ user: { username: 'Ada' } }] } } });
    links.mongo.cut();
    links.mongo.refuse();
    const error = async () => (await ask()).errors?.[0]?.extensions;
    await expect
      .poll(error, { timeout: 15_000 })
      .toEqual({ code: 'MONGO_UNAVAILABLE', retryable: true, reason: 'CIRCUIT_OPEN' });
  }, 30_000);
});
