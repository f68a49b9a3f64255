import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { outsideDeadline, withinDeadline } from '../../src/platform/deadline.js';
import { MongoDatabase } from '../../src/platform/mongo/mongo.js';
import { PostgresDatabase } from '../../src/platform/postgres/postgres.js';
import { recordStatements } from '../../src/platform/statements.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { running } from '../support/running.js';

const databases = useDatabases();
let postgres: PostgresDatabase;
let mongo: MongoDatabase;

// Few connections, so that everybody gets one that somebody else had a moment ago.
beforeAll(async () => {
  const applicationName = new URL(databases.databaseUrl).pathname.slice(1);
  const logger = createLogger('silent');
  postgres = await PostgresDatabase.open({ url: databases.databaseUrl, logger, poolSize: 3, applicationName });
  mongo = await MongoDatabase.open({ url: databases.mongodbUri, poolSize: 3, applicationName });
  await mongo.run((db) => db.collection<{ _id: number }>('things').insertMany([{ _id: 1 }, { _id: 2 }]));
  await sql(databases.databaseUrl, 'CREATE TABLE written (what text)');
});
afterAll(async () => {
  await Promise.all([postgres[Symbol.asyncDispose](), mongo[Symbol.asyncDispose]()]);
});

const OVER = new Error('the time is over');

/** The same, ended after so many milliseconds. */
function ended<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const ending = new AbortController();
  setTimeout(() => {
    ending.abort(OVER);
  }, milliseconds);
  return withinDeadline(ending.signal, work);
}

const pgSleep = (seconds: number) => postgres.query('SELECT pg_sleep($1)::text', seconds);
const mongoSleep = (milliseconds: number) =>
  mongo.run((db, limits) =>
    db
      .collection('things')
      .find({ $where: `sleep(${milliseconds}) || true` }, limits)
      .toArray(),
  );

test.each([
  ['a statement in PostgreSQL', () => pgSleep(9)],
  ['a command in MongoDB', () => mongoSleep(9_000)],
])('%s is cancelled there when the time is over, and whoever waits is told at once', async (_, work) => {
  const waiting = ended(400, work);
  await expect.poll(() => running(databases)).toHaveLength(1);
  await expect(waiting).rejects.toBe(OVER);
  await expect.poll(() => running(databases), { timeout: 5_000 }).toEqual([]);
});

test('what still waits for a connection when its time is over is never sent, and the connection is kept', async () => {
  const url = databases.databaseUrl;
  const alone = await PostgresDatabase.open({ url, logger: createLogger('silent'), poolSize: 1 });
  try {
    const pid = async () => (await alone.query('SELECT pg_backend_pid() AS "pid"'))[0]?.['pid'];
    const before = await pid();
    const holding = alone.query('SELECT pg_sleep(1)::text');
    await expect.poll(() => running(databases)).toHaveLength(1);
    const { result, statements } = await recordStatements(() =>
      Promise.allSettled([ended(50, () => alone.query("SELECT 'late'"))]),
    );
    expect(result).toEqual([{ status: 'rejected', reason: OVER }]);
    await holding;
    expect(await pid()).toBe(before);
    expect(statements).toEqual([]);
  } finally {
    await alone[Symbol.asyncDispose]();
  }
});

test('what begins when the time is over already is sent to neither database', async () => {
  const { result, statements } = await recordStatements(() =>
    withinDeadline(AbortSignal.abort(OVER), () => Promise.allSettled([pgSleep(1), mongoSleep(1)])),
  );
  expect(result.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(statements).toEqual([]);
});

test('600 that end just when their time is over never end one of another, on the same connections', async () => {
  const cut = Array.from({ length: 300 }, async (_, at) => {
    await sleep(at * 8);
    const due = 5 + (at % 7);
    return ended(due, () => (at % 2 === 0 ? pgSleep(due / 1_000) : mongoSleep(due)));
  });
  const others = Array.from({ length: 300 }, async (_, at) => {
    await sleep(at * 8 + 4);
    const [row] = await postgres.query(`SELECT $1::text AS "at", pg_sleep(0.002)::text`, String(at));
    return row?.['at'];
  });
  const outcomes = await Promise.allSettled(cut);
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  expect(reasons.filter((reason) => reason !== OVER)).toEqual([]);
  expect(reasons.length).toBeGreaterThan(0);
  expect(await Promise.all(others)).toEqual(Array.from({ length: 300 }, (_, at) => String(at)));
  await expect.poll(() => running(databases), { timeout: 5_000 }).toEqual([]);
}, 60_000);

test('a write is not cancelled: it is done, and no longer waited for', async () => {
  const write = () =>
    postgres.write('a test', (prisma) =>
      prisma.$executeRawUnsafe(`INSERT INTO written SELECT 'done' || pg_sleep(0.5)::text`),
    );
  await expect(ended(100, write)).rejects.toBe(OVER);
  await expect.poll(() => sql(databases.databaseUrl, 'SELECT what FROM written')).toEqual([{ what: 'done' }]);
  const insert = () =>
    mongo.write('a test', async (db) => {
      await sleep(200);
      return db.collection<{ _id: number }>('things').insertOne({ _id: 3 });
    });
  await expect(ended(100, insert)).rejects.toBe(OVER);
  await expect.poll(() => mongo.run((db) => db.collection('things').countDocuments())).toBe(3);
});

test('what others rely on comes to its end', async () => {
  const shared = ended(50, () => outsideDeadline(() => pgSleep(0.3)));
  expect(await shared).toHaveLength(1);
});
