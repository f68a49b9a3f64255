import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type Gateway } from '../../src/gateway/server.js';
import { onServer, useDatabases } from '../support/databases.js';
import { HostileRequests } from '../support/hostile-requests.js';
import { Seed } from '../support/seed.js';
import { heapNeeded, slopeOf, soakSeconds } from '../support/soak.js';

const SECONDS = soakSeconds();
const AT_ONCE = 16;
/** What is compiled and cached in the first seconds is no leak. */
const WARM_UP = 20;

const databases = useDatabases();
const seed = new Seed(databases);
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0 });
  for (const user of await seed.users(50)) await seed.transaction(await seed.order({ user }));
});
afterAll(async () => gateway[Symbol.asyncDispose]());

const PAGE = JSON.stringify({
  query: '{ orders(first: 20) { totalCount nodes { total user { username } transactions { nodes { amount } } } } }',
});

async function connections(): Promise<number> {
  const { rows } = await onServer((client) =>
    client.query<{ count: string }>("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'test_%'"),
  );
  return Number(rows[0]?.count);
}

test.runIf(SECONDS > WARM_UP)(
  `after ${WARM_UP} of ${SECONDS} s of requests, sound and hostile, the heap grows by less than 1 MB a minute`,
  { timeout: (SECONDS + 60) * 1_000 },
  async () => {
    // The same ones again and again: documents that were new each time would fill Apollo Server's cache, which has a limit.
    const made = new HostileRequests(1);
    const requests = Array.from({ length: 300 }, () => made.next());
    const headers = { 'content-type': 'application/json' };
    const [start, heap, held] = [performance.now(), [] as { x: number; y: number }[], [] as number[]];
    const elapsed = () => (performance.now() - start) / 1_000;
    let asked = 0;
    for (let next = WARM_UP; elapsed() < SECONDS;) {
      await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, index) => {
          const hostile = index === 0 ? requests[asked % requests.length] : undefined;
          const response = await fetch(
            `${gateway.url}${hostile?.search ?? ''}`,
            hostile?.init ?? { method: 'POST', headers, body: PAGE },
          );
          await response.text();
          asked += 1;
        }),
      );
      if (elapsed() < next) continue;
      next += 5;
      heap.push({ x: elapsed() / 60, y: heapNeeded() });
      held.push(await connections());
    }
    const slope = slopeOf(heap);
    process.stdout.write(
      `${asked} requests, heap ${heap[0]?.y.toFixed(1)} to ${heap.at(-1)?.y.toFixed(1)} MB, ${slope.toFixed(2)} MB a minute, ${Math.min(...held)} to ${Math.max(...held)} connections\n`,
    );
    expect(slope).toBeLessThan(1);
    expect(Math.max(...held)).toBeLessThanOrEqual(10);
  },
);
