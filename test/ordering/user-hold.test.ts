import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { Link } from '../support/link.js';
import { useLinks } from '../support/linked-platform.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';

useTimings({ ordering: { call: 2_000 }, mongo: { command: 2_000, heartbeat: 500 } });
const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);
const REFUSE = { orders: 'REFUSE', erase: false } as const;

let link: Link;
let other: Platform;
beforeAll(async () => {
  link = await Link.to(databases.mongodbUri);
  const { databaseUrl } = databases;
  other = await openPlatform({ databaseUrl, mongodbUri: link.url, logger: createLogger('silent') });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await link[Symbol.asyncDispose]();
});

/** The driver that has lost its server finds it again. */
const answering = () => vi.waitFor(() => other.mongo.run((db) => db.command({ ping: 1 })), { timeout: 15_000 });

test('who gives up deleting a user does not let go of what another holds, whose delete is on its way', async () => {
  const { id } = await seed.user();
  const { mongo } = links.platform;
  const look = mongo.run.bind(mongo);
  const holding = (step: string) => {
    if (step !== 'userHeld') return;
    // The delete follows the look for the document, and is held.
    vi.spyOn(mongo, 'run').mockImplementationOnce(async (work) => {
      const found = await look(work);
      links.mongo.hold('requests');
      return found;
    });
  };
  const first = await createScope({ ...links.platform, onStep: holding }).userRemoval.deleteUser(id, REFUSE);
  expect(first).toEqual({ kind: 'pending', userId: id });
  const leaving = (step: string) => {
    if (step !== 'userHeld') return;
    link.refuse();
    link.cut();
  };
  const second = await createScope({ ...other, onStep: leaving }).userRemoval.deleteUser(id, REFUSE);
  expect(second).toEqual({ kind: 'pending', userId: id });
  const order = await createScope(databases.platform).ordering.createOrder({ userId: id, total: '1' });
  // Whether the user goes is not decided: nobody is told that it is gone.
  expect(order.kind).toBe('userUnverifiable');
  links.mongo.heal();
  await createScope(databases.platform).userRemoval.settle(id as never, performance.now() + 5_000);
  expect(await sql(databases.databaseUrl, `SELECT 1 FROM tandem_user_deletions WHERE "deletedAt" IS NULL`)).toEqual([]);
});

test('a job that goes on with a deletion cannot be stopped by the call that gives it up', async () => {
  const { id } = await seed.user();
  link.heal();
  await answering();
  const leaving = async (step: string) => {
    if (step !== 'userHeld') return;
    link.refuse();
    link.cut();
    await sleep(300);
    await createScope(databases.platform).userRemoval.settle(id as never, performance.now() + 5_000);
  };
  const outcome = await createScope({ ...other, onStep: leaving }).userRemoval.deleteUser(id, REFUSE);
  expect(outcome).toEqual({ kind: 'pending', userId: id });
  expect(await createScope(databases.platform).users.byId(id)).toBeNull();
});

test('a user whose deletion is given up can have orders again', async () => {
  const { id } = await seed.user();
  link.heal();
  const leaving = async (step: string) => {
    if (step !== 'userHeld') return;
    link.refuse();
    link.cut();
    // The driver notices, so that nothing is sent.
    await sleep(300);
  };
  await answering();
  const given = createScope({ ...other, onStep: leaving }).userRemoval.deleteUser(id, REFUSE);
  await expect(given).rejects.toMatchObject({ code: 'MONGO_UNAVAILABLE' });
  link.heal();
  const order = await createScope(databases.platform).ordering.createOrder({ userId: id, total: '1' });
  expect(order.kind).toBe('created');
});

test('erasing a person empties the answers that are kept, too', async () => {
  const { id } = await seed.user({ username: 'Ada', email: 'ada@example.com' });
  const input = { userId: id, total: '5', idempotencyKey: 'erased' } as const;
  await createScope(databases.platform).ordering.createOrder(input);
  await createScope(databases.platform).userRemoval.deleteUser(id, { orders: 'KEEP', erase: true });
  expect(await createScope(databases.platform).ordering.createOrder(input)).toMatchObject({
    kind: 'created',
    order: { userName: null, userEmail: null, total: '5.00' },
  });
  const kept = await sql(databases.databaseUrl, 'SELECT outcome::text FROM tandem_idempotency_keys');
  expect(JSON.stringify(kept)).not.toMatch(/Ada|ada@example/);
});
