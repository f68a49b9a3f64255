import { expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { PostgresDatabase } from '../../src/platform/postgres/postgres.js';
import { recordStatements } from '../../src/platform/statements.js';
import { onServer, useDatabases } from '../support/databases.js';

const databases = useDatabases();

test('each of 40 recordings at once sees its own statements, also when they wait for one connection', async () => {
  await using postgres = await PostgresDatabase.open({
    url: databases.databaseUrl,
    logger: createLogger('silent'),
    poolSize: 1,
  });
  const recordings = Array.from({ length: 40 }, async (_, at) => {
    const recorded = await recordStatements(() => postgres.query(`SELECT ${at}::text AS "at"`));
    expect(recorded.statements).toEqual([{ database: 'postgres', text: `SELECT ${at}::text AS "at"` }]);
  });
  await Promise.all(recordings);
});

test('the statements counted are those that the server ran', async () => {
  const { postgres } = databases.platform;
  const work = () =>
    postgres.run((prisma) => prisma.order.create({ data: { userId: 'x', orderNumber: 'n', total: 1 } }));
  const recorded = await recordStatements(work);
  expect(recorded).toHaveCost({ postgres: 1 });
  const name = new URL(databases.databaseUrl).pathname.slice(1);
  const ran = await onServer((client) =>
    client.query<{ query: string }>(`SELECT query FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'INSERT%'`, [
      name,
    ]),
  );
  expect(ran.rows.map(({ query }) => query)).toEqual(recorded.statements.map(({ text }) => text));
});

test('a command to MongoDB is shown as one would type it, long lists cut', async () => {
  const ids = Array.from({ length: 50 }, (_, at) => at);
  const recorded = await recordStatements(() =>
    databases.platform.mongo.run((db) =>
      db
        .collection<{ _id: number }>('users')
        .find({ _id: { $in: ids } })
        .toArray(),
    ),
  );
  expect(recorded.statements).toEqual([{ database: 'mongo', text: 'users.find({"_id":{"$in":[50 values]}})' }]);
});

test('the matcher fails when a statement more or fewer was sent, and shows them', async () => {
  const recorded = await recordStatements(() => databases.platform.postgres.query('SELECT 1'));
  expect(() => {
    expect(recorded).toHaveCost({ postgres: 2 });
  }).toThrow(/SELECT 1/);
  expect(() => {
    expect(recorded).toHaveCost({});
  }).toThrow();
  expect(recorded).not.toHaveCost({ postgres: 1, mongo: 1 });
});

test('of transactions that begin in one tick, each is told of its own statements', async () => {
  const { postgres } = databases.platform;
  const transactions = Array.from({ length: 5 }, async (_, at) => {
    const sql = `SELECT ${at}::text AS "at"`;
    const recorded = await recordStatements(() => postgres.transaction('nothing', [{ sql, parameters: [] }]));
    expect(recorded.statements).toEqual([{ database: 'postgres', text: sql }]);
  });
  await Promise.all(transactions);
});
