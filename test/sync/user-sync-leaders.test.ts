import { beforeEach, describe, expect, test } from 'vitest';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import { Leadership, LeadershipLostError } from '../../src/sync/leadership.js';
import { onServer, useDatabases } from '../support/databases.js';
import { useLinks } from '../support/linked-platform.js';
import { duringTransaction, sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { useTimings } from '../support/timings.js';
import { rounds } from '../support/long.js';
import { Churn } from './user-sync-churn.js';
import { listen } from '../support/log.js';
import { backfilled, clear, inStep, startSync, stateOf, usersIn } from './user-sync-support.js';

useTimings({
  leadership: { interval: 200, silence: 2_000, lock: 1_000 },
  userSync: { wait: 100, checkpoint: 100, firstRest: 100, longestRest: 1_000, lasting: 3_000 },
});
const databases = useDatabases();
const links = useLinks(databases);
const seed = new Seed(databases);

beforeEach(() => clear(databases));

/** A sync over the links. */
function startLinked(logger = listen().logger) {
  const { platform, postgres } = links;
  return startSync(databases, {
    url: postgres.url,
    postgres: platform.postgres,
    mongo: platform.mongo,
    snapshots: new UserSnapshots(platform.mongo),
    name: 'linked',
    logger,
  });
}

const leader = async () => (await stateOf(databases))?.leader;
const endSession = () =>
  onServer((client) =>
    client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND classid = x'73796e63'::int::oid AND granted AND datname = $1`,
      [new URL(databases.databaseUrl).pathname.slice(1)],
    ),
  );

describe('of two that copy users one leads, and', () => {
  test('when it is disposed of, the other goes on where it was', async () => {
    await seed.users(20);
    const first = startSync(databases, { name: 'first' });
    await backfilled(databases);
    startSync(databases, { name: 'second' });
    await seed.users(20);
    await inStep(databases);
    const { epoch, backfilledAt } = (await stateOf(databases)) ?? {};
    expect(await leader()).toBe('first');
    await first[Symbol.asyncDispose]();
    await usersIn(databases.platform).deleteMany({ username: /[02468]$/ });
    await inStep(databases);
    expect(await stateOf(databases)).toMatchObject({
      leader: 'second',
      epoch: String(Number(epoch) + 1),
      backfilledAt,
    });
  });

  test('when its session is ended again and again, what is written is copied all the same', async () => {
    const { logger, lines } = listen();
    startSync(databases, { name: 'first', logger });
    startSync(databases, { name: 'second', logger });
    await backfilled(databases);
    const { backfilledAt } = (await stateOf(databases)) ?? {};
    let ended = 0;
    const churn = new Churn(databases.platform);
    const writing = churn.runAndLook(
      { seed: 6, writes: rounds(400, 1_000), rest: 5, isEnough: () => ended >= 5 },
      databases,
    );
    const ending = async () => {
      for (; ended < 5; ended += 1) {
        const { epoch } = (await stateOf(databases)) ?? {};
        await endSession();
        await expect.poll(async () => (await stateOf(databases))?.epoch, { timeout: 20_000 }).not.toBe(epoch);
        // The next leader may not have heard yet that it leads: a session that ends then has failed to begin.
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    };
    await Promise.all([writing, ending()]);
    await inStep(databases, 30_000);
    expect((await stateOf(databases))?.backfilledAt).toEqual(backfilledAt);
    // Sessions that end for seconds on end, one after the other, are told as such, and as nothing else.
    const isOfSession = ({ msg }: { msg: string }) => /it is tried again|followed again/.test(msg);
    expect(lines.filter((line) => !isOfSession(line))).toEqual([]);
  });
});

test('what a former leader writes is refused, though its session lives', async () => {
  const { databaseUrl } = databases;
  const options = { url: databaseUrl, schema: 'public', name: 'former' };
  await using former = await Leadership.await(options, new AbortController().signal);
  await former?.write([], { phase: 'users' });
  await sql(databaseUrl, `UPDATE tandem_sync SET "epoch" = "epoch" + 1, "leader" = 'present'`);
  const insert = { sql: `INSERT INTO users ("id") VALUES ('late')`, parameters: [] };
  await expect(former?.write([insert], { phase: null })).rejects.toThrow(LeadershipLostError);
  await expect(former?.query('SELECT 1')).rejects.toThrow(LeadershipLostError);
  expect(await stateOf(databases)).toMatchObject({ leader: 'present', phase: 'users' });
  expect(await sql(databaseUrl, 'SELECT FROM users')).toEqual([]);
});

describe.each(['postgres', 'mongo'] as const)('when the link to %s', (name) => {
  test('is cut again and again while users are written, the tables are equal in the end', async () => {
    startLinked();
    await backfilled(databases);
    const { backfilledAt } = (await stateOf(databases)) ?? {};
    const link = links[name];
    const before = link.cuts;
    link.cutEvery(250);
    const churn = new Churn(databases.platform);
    const isEnough = () => link.cuts - before >= rounds(8, 20);
    await churn.runAndLook({ seed: 7, writes: rounds(600, 1_500), rest: 20, isEnough }, databases);
    link.heal();
    await inStep(databases, 60_000);
    await churn.look(databases);
    expect(await stateOf(databases)).toMatchObject({ backfilledAt });
  });

  test('is silent for a while, it goes on afterwards', async () => {
    startLinked();
    await backfilled(databases);
    links[name].hold('requests', 'answers');
    await new Churn(databases.platform).run({ seed: 8, writes: 200 });
    await new Promise((resolve) => setTimeout(resolve, 2_800));
    links[name].heal();
    await inStep(databases, 60_000);
  });
});

test('a leader of whom nothing is heard any more is replaced, and what it says later changes nothing', async () => {
  const sync = startLinked();
  await backfilled(databases);
  await seed.users(10);
  await inStep(databases);
  links.postgres.forget();
  startSync(databases, { name: 'second' });
  await expect.poll(leader, { timeout: 30_000 }).toBe('second');
  await seed.users(10);
  await inStep(databases);
  const { epoch } = (await stateOf(databases)) ?? {};
  links.postgres.heal();
  await sync[Symbol.asyncDispose]();
  expect(await stateOf(databases)).toMatchObject({ epoch, leader: 'second' });
});

test('MongoDB that is away is noted as the problem, and the note goes when it comes back', async () => {
  const { logger, lines } = listen();
  startLinked(logger);
  await backfilled(databases);
  links.mongo.refuse();
  links.mongo.cut();
  const problem = async () => (await stateOf(databases))?.problem;
  await expect.poll(problem, { timeout: 30_000 }).toMatch(/MongoDB/);
  links.mongo.heal();
  await expect.poll(problem, { timeout: 45_000 }).toBeNull();
  expect(lines.map(({ msg }) => msg)).toEqual([
    expect.stringMatching(/^the changes of users cannot be followed; it is tried again: /),
    'the changes of users are followed again',
  ]);
});

describe('PostgreSQL that cannot be written to is told, once, and noted as the problem, when', () => {
  const problem = async () => (await stateOf(databases))?.problem;
  const told = /^users cannot be copied to PostgreSQL; it is tried again: /;

  test('it lacks the table', async () => {
    const { logger, lines } = listen();
    startSync(databases, { logger });
    await backfilled(databases);
    await sql(databases.databaseUrl, 'ALTER TABLE users RENAME TO former_users');
    await seed.user();
    await expect.poll(problem, { timeout: 20_000 }).toMatch(/users/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await problem()).toMatch(/users/);
    await sql(databases.databaseUrl, 'ALTER TABLE former_users RENAME TO users');
    await expect.poll(problem, { timeout: 30_000 }).toBeNull();
    await inStep(databases);
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(told),
      'the changes of users are followed again',
    ]);
  });

  test('somebody locks the table', { timeout: 120_000 }, async () => {
    const { logger, lines } = listen();
    startSync(databases, { logger });
    await backfilled(databases);
    await duringTransaction(databases.databaseUrl, 'LOCK TABLE users IN ACCESS EXCLUSIVE MODE', async () => {
      await seed.user();
      await expect.poll(problem, { timeout: 60_000 }).toMatch(/lock timeout/);
    });
    await expect.poll(problem, { timeout: 30_000 }).toBeNull();
    await inStep(databases, 30_000);
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(told),
      'the changes of users are followed again',
    ]);
  });
});
