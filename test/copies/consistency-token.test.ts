import { beforeEach, describe, expect, test } from 'vitest';
import { startGateway } from '../../src/gateway/server.js';
import { recordStatements } from '../../src/platform/statements.js';
import { createScope } from '../../src/scope.js';
import { useDatabases } from '../support/databases.js';
import { useLinks } from '../support/linked-platform.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useWorker } from '../support/worker.js';
import { backfilled, startSync, stateOf } from '../sync/user-sync-support.js';

const databases = useDatabases();
const links = useLinks(databases);
const worker = useWorker(databases);
const seed = new Seed(databases);

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);

beforeEach(async () => {
  await worker.stop();
  await run('TRUNCATE "tandem_sync"');
});

/** A user whose copy is there, and an order with the user's name. */
async function customer() {
  const { id } = await seed.user({ username: 'Ada', email: 'ada@example.com' });
  const { ordering, userSync } = createScope(databases.platform);
  const outcome = await ordering.createOrder({ userId: id, total: '1' });
  if (outcome.kind !== 'created') throw new Error('there is no order');
  await userSync.syncUser(id);
  return { id, orderId: outcome.order.id };
}

async function rename(id: string, username: string): Promise<string> {
  const { users, consistency } = createScope(databases.platform);
  await users.update(id, { username });
  if (consistency.token === null) throw new Error('there is no token');
  return consistency.token;
}

const read = (id: string, consistencyToken: string | null) =>
  createScope(databases.platform, { consistencyToken }).userSync.getUser(id);

describe('a token of a write', () => {
  test('where nobody keeps the copies, is answered from the source at once; without it the copy is', async () => {
    const { id } = await customer();
    const token = await rename(id, 'Ada Lovelace');
    expect(await read(id, null)).toMatchObject({ username: 'Ada', source: 'POSTGRESQL' });
    expect(await read(id, token)).toMatchObject({ username: 'Ada Lovelace', source: 'MONGODB' });
    // It was copied on the way.
    expect(await read(id, token)).toMatchObject({ username: 'Ada Lovelace', source: 'POSTGRESQL' });
  });

  test('that twenty users wait for is asked after for all of them together', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await seed.user()).id));
    await run(
      `INSERT INTO "tandem_sync" ("source", "coveredTo", "freshAt")
       VALUES ('users', '0000000000000001', clock_timestamp() + interval '1 minute')`,
    );
    const { userSync } = createScope(databases.platform, { consistencyToken: 'ffffffffffffffff' });
    const { result, statements } = await recordStatements(() => Promise.all(ids.map((id) => userSync.getUser(id))));
    expect(result).toMatchObject(ids.map((id) => ({ id, source: 'MONGODB' })));
    const asked = statements.filter(({ text }) => text.includes('tandem_sync'));
    // Each once, and then one for all every 40 ms of a second.
    expect(asked.length).toBeLessThanOrEqual(20 + 26);
  });

  test('waits for the copy where somebody keeps it, and finds it', async () => {
    const { id } = await customer();
    startSync(databases);
    await backfilled(databases);
    for (let round = 1; round <= 20; round += 1) {
      const token = await rename(id, `Ada ${round}`);
      expect(await read(id, token)).toMatchObject({ username: `Ada ${round}`, source: 'POSTGRESQL' });
    }
  });

  test('does not wait for ever for one who does not come on', async () => {
    const { id } = await customer();
    await run(`INSERT INTO "tandem_sync" ("source", "coveredTo") VALUES ('users', '0000000000000001')`);
    const token = await rename(id, 'Ada Lovelace');
    expect(await read(id, token)).toMatchObject({ username: 'Ada Lovelace', source: 'MONGODB' });
  });

  test('that is none is BAD_USER_INPUT', async () => {
    const { id } = await customer();
    await expect(read(id, 'yesterday')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'x-consistency-token',
    });
  });

  test('lets nobody see a copy that is older, while MongoDB is away', async () => {
    const { id } = await customer();
    const consistencyToken = await rename(id, 'Ada Lovelace');
    links.mongo.refuse();
    links.mongo.cut();
    const { userSync } = createScope(links.platform, { consistencyToken });
    await expect(userSync.getUser(id)).rejects.toMatchObject({ code: 'MONGO_UNAVAILABLE' });
    links.mongo.heal();
  });
});

test('over HTTP the token of a mutation shows the copies on orders as they will be, until they are', async () => {
  const { id, orderId } = await customer();
  const old = await seed.order({ userId: id, userName: 'Countess' });
  const sync = startSync(databases);
  await backfilled(databases);
  await using gateway = await startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0 });
  const ask = async (query: string, token?: string) => {
    const headers = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { 'x-consistency-token': token }),
    };
    const response = await fetch(gateway.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return (await response.json()) as { data: Record<string, Record<string, unknown>>; errors?: unknown[] };
  };
  const answer = await ask(
    `mutation { updateUser(id: "${id}", input: { username: "Ada Lovelace" }) { consistencyToken } }`,
  );
  const token = String(answer.data['updateUser']?.['consistencyToken']);
  const orders = `{ order(id: "${orderId}") { userName } old: order(id: "${old.id}") { userName } }`;
  const late = { order: { userName: 'Ada' }, old: { userName: 'Countess' } };
  const now = { order: { userName: 'Ada Lovelace' }, old: { userName: 'Countess' } };
  expect((await ask(orders)).data).toEqual(late);
  expect((await ask(orders, token)).data).toEqual(now);
  expect((await ask(orders, 'yesterday')).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }, {}]);
  await worker.start();
  await expect.poll(async () => (await ask(orders)).data, { timeout: 8_000 }).toEqual(now);
  expect((await stateOf(databases))?.problem).toBeNull();
  expect((await ask(orders, token)).data).toEqual(now);
  await sync[Symbol.asyncDispose]();
});
