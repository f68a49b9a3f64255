import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { useDatabases } from '../support/databases.js';
import { HostileRequests, hostileSettings } from '../support/hostile-requests.js';
import { Seed } from '../support/seed.js';
import { heapNeeded } from '../support/soak.js';

const { count: COUNT, seed: SEED } = hostileSettings();
const AT_ONCE = 8;
/** In MB, from before the first of them: also what is compiled and cached once, and what the client here holds itself. */
const GROWTH = 50;

/** What only the inside knows: files, SQL, commands, hosts, drivers. */
const INSIDE =
  /node_modules|\.[jt]s:\d|\n\s+at |SELECT |INSERT |"\$match"|127\.0\.0\.1:\d|prisma|mongoose|MongoServer|ECONN|BSON/i;

const databases = useDatabases();
const seed = new Seed(databases);
let gateway: Gateway;

beforeAll(async () => {
  const { platform } = databases;
  gateway = await startGateway({ platform, host: '127.0.0.1', port: 0 });
  for (const user of await seed.users(5)) await seed.transaction(await seed.order({ user }));
});
afterAll(async () => gateway[Symbol.asyncDispose]());

test(
  `of ${COUNT} hostile requests (seed ${SEED}) none is a fault of ours, none learns what is inside, and less than ${GROWTH} MB stay`,
  { timeout: 600_000 },
  async () => {
    const requests = new HostileRequests(SEED);
    const faults: unknown[] = [];
    const statuses = new Map<number, number>();
    const ask = async (): Promise<void> => {
      const { search, init, sent } = requests.next();
      const response = await fetch(`${gateway.url}${search}`, init);
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      const leak = INSIDE.exec(text)?.[0];
      const isLeak = leak !== undefined && !sent.includes(leak);
      if (response.status >= 500 || text.includes('INTERNAL_SERVER_ERROR') || isLeak)
        faults.push({ search, init, text });
    };
    const before = heapNeeded();
    for (let asked = 0; asked < COUNT; asked += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, ask));
    const after = heapNeeded();
    process.stdout.write(`${COUNT} hostile requests, heap ${before.toFixed(1)} to ${after.toFixed(1)} MB\n`);
    expect(faults.slice(0, 3)).toEqual([]);
    expect(after - before).toBeLessThan(GROWTH);
    // It is not that everything was refused at the door.
    expect(statuses.get(200)).toBeGreaterThan(COUNT / 50);
    expect(statuses.get(400)).toBeGreaterThan(COUNT / 4);
    const plain = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ orders(first: 1) { nodes { user { id } } } }' }),
    });
    expect(await plain.json()).toMatchObject({ data: { orders: { nodes: [{}] } } });
  },
);
