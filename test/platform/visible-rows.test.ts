import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { PostgresDatabase } from '../../src/platform/postgres/postgres.js';
import { hiddenRows, transactionSeeingAll } from '../../src/platform/postgres/visible-rows.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';

const databases = useDatabases();
const ORDERS = [{ table: 'orders', keys: ['id', 'userId'] }];

let [role, keeper] = ['', ''];
let postgres: PostgresDatabase;

const as = (schema: string) =>
  PostgresDatabase.open({
    url: Object.assign(new URL(databases.databaseUrl), {
      username: role,
      password: 'hunter2',
      search: `?schema=${schema}`,
    }).href,
    logger: createLogger('silent'),
    poolSize: 1,
  });

beforeAll(async () => {
  role = `${new URL(databases.databaseUrl).pathname.slice(1)}_gate`;
  keeper = `${role}_keeper`;
  await sql(
    databases.databaseUrl,
    `CREATE ROLE ${role} LOGIN PASSWORD 'hunter2'`,
    `CREATE ROLE ${keeper}`,
    `GRANT CREATE ON DATABASE ${new URL(databases.databaseUrl).pathname.slice(1)} TO ${keeper}`,
  );
});

beforeEach(async () => {
  await sql(
    databases.databaseUrl,
    'DROP SCHEMA IF EXISTS shop CASCADE',
    `ALTER ROLE ${role} NOBYPASSRLS`,
    'CREATE SCHEMA shop',
    `GRANT USAGE, CREATE ON SCHEMA shop TO ${role}, ${keeper}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT ALL ON TABLES TO ${role}, ${keeper}`,
    'CREATE TABLE shop.orders (id uuid PRIMARY KEY, "userId" text, org int, at int)',
    `INSERT INTO shop.orders SELECT gen_random_uuid(), 'ada', i FROM generate_series(1, 3) AS i`,
  );
  postgres = await as('shop');
  return () => postgres[Symbol.asyncDispose]();
});

afterAll(async () => {
  await sql(databases.databaseUrl, 'DROP SCHEMA shop CASCADE');
  for (const name of [role, keeper]) await sql(databases.databaseUrl, `DROP OWNED BY ${name}`, `DROP ROLE ${name}`);
});

const shop = (...statements: string[]) => sql(databases.databaseUrl, 'SET search_path = shop', ...statements);
const problems = async () => (await hiddenRows(postgres, ORDERS)).map(({ problem }) => problem);
const insideOut = ['ALTER TABLE orders RENAME TO purchases'];

/** Whether a transaction with the proof runs, and what it fails with. */
async function proved(): Promise<unknown> {
  try {
    await transactionSeeingAll(postgres, 'looking', ORDERS, [{ sql: 'SELECT 1 AS "one"', parameters: [] }]);
    return true;
  } catch (error) {
    return (error as { code?: string }).code ?? error;
  }
}

describe('rows may be hidden', () => {
  const HIDING: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'by a policy',
      ['ALTER TABLE orders ENABLE ROW LEVEL SECURITY', 'CREATE POLICY mine ON orders USING (org = 1)'],
      /^orders has row level security \(mine\), which may hide rows from \w+_gate$/,
    ],
    [
      'by a policy that fails where a setting is not there',
      [
        'ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
        `CREATE POLICY strict ON orders USING (org = current_setting('app.org')::int)`,
      ],
      /\(strict\)/,
    ],
    ['by row level security without any policy', ['ALTER TABLE orders ENABLE ROW LEVEL SECURITY'], /without a policy/],
    [
      'by a policy of the table beneath a view, whose owner is subject to it',
      [
        ...insideOut,
        'CREATE VIEW orders AS SELECT id, "userId" FROM purchases',
        'ALTER VIEW orders OWNER TO KEEPER',
        'ALTER TABLE purchases ENABLE ROW LEVEL SECURITY',
        'CREATE POLICY mine ON purchases USING (org = 1)',
      ],
      /^orders: purchases has row level security \(mine\), which may hide rows from \w+_keeper$/,
    ],
    [
      'by a policy beneath a view that is read as the caller',
      [
        ...insideOut,
        'CREATE VIEW orders WITH (security_invoker = on) AS SELECT id, "userId" FROM purchases',
        'ALTER TABLE purchases ENABLE ROW LEVEL SECURITY',
        'CREATE POLICY mine ON purchases USING (org = 1)',
      ],
      /^orders: purchases has .* from \w+_gate$/,
    ],
    [
      'by a condition of a view',
      [...insideOut, 'CREATE VIEW orders AS SELECT id, "userId" FROM purchases WHERE org = 1'],
      /^orders is a view that may leave rows out/,
    ],
    [
      'by a condition of a view beneath a view',
      [
        ...insideOut,
        'CREATE VIEW recent AS SELECT id, "userId" FROM purchases WHERE org = 1',
        'CREATE VIEW orders AS SELECT id, "userId" FROM recent',
      ],
      /^orders: recent is a view that may leave rows out/,
    ],
    [
      'by a join in a view',
      [...insideOut, 'CREATE VIEW orders AS SELECT p.id, p."userId" FROM purchases p JOIN purchases q ON p.org = q.at'],
      /^orders is a view/,
    ],
    [
      'by a limit of a view',
      [...insideOut, 'CREATE VIEW orders AS SELECT id, "userId" FROM purchases LIMIT 1'],
      /view/,
    ],
    [
      'by a view of one table without those that inherit from it',
      [...insideOut, 'CREATE VIEW orders AS SELECT id, "userId" FROM ONLY purchases'],
      /^orders is a view/,
    ],
    [
      'by a view with a rule that takes its writes elsewhere',
      [
        ...insideOut,
        'CREATE VIEW orders AS SELECT id, "userId" FROM purchases',
        'CREATE RULE elsewhere AS ON DELETE TO orders DO INSTEAD NOTHING',
      ],
      /^orders is a view/,
    ],
    [
      'by a view that shows another user id than the table has',
      [...insideOut, `CREATE VIEW orders AS SELECT id, CASE WHEN org = 1 THEN "userId" END AS "userId" FROM purchases`],
      /^orders is a view that computes "userId"/,
    ],
    [
      'by a materialized view',
      [...insideOut, 'CREATE MATERIALIZED VIEW orders AS SELECT id, "userId" FROM purchases'],
      /^orders is a materialized view/,
    ],
    [
      'by a foreign table',
      [
        'DROP TABLE orders',
        'CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public',
        'CREATE SERVER IF NOT EXISTS other FOREIGN DATA WRAPPER postgres_fdw',
        'CREATE FOREIGN TABLE orders (id uuid, "userId" text) SERVER other',
      ],
      /^orders is a foreign table/,
    ],
    [
      'by a foreign partition',
      [
        'DROP TABLE orders',
        'CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public',
        'CREATE SERVER IF NOT EXISTS other FOREIGN DATA WRAPPER postgres_fdw',
        'CREATE TABLE orders (id uuid, "userId" text, org int) PARTITION BY LIST (org)',
        'CREATE FOREIGN TABLE far PARTITION OF orders FOR VALUES IN (1) SERVER other',
      ],
      /^orders: far is a foreign table/,
    ],
    [
      'from a role that may not read the column by which they are found',
      ['REVOKE SELECT ON orders FROM GATE', 'GRANT SELECT (id) ON orders TO GATE'],
      /^\w+_gate may not read "userId" of orders$/,
    ],
  ];

  test.each(HIDING)('%s', async (_, statements, problem) => {
    expect([await problems(), await proved()]).toEqual([[], true]);
    const named = statements.map((one) => one.replaceAll('KEEPER', keeper).replaceAll('GATE', role));
    await shop(...named);
    expect(await problems()).toEqual([expect.stringMatching(problem)]);
    expect(await proved()).toBe('ABSENCE_UNPROVED');
  });

  test('from an owner under FORCE ROW LEVEL SECURITY', async () => {
    await shop(`ALTER TABLE orders OWNER TO ${role}`, 'ALTER TABLE orders ENABLE ROW LEVEL SECURITY');
    expect([await problems(), await proved()]).toEqual([[], true]);
    await shop('ALTER TABLE orders FORCE ROW LEVEL SECURITY');
    expect(await hiddenRows(postgres, ORDERS)).toMatchObject([
      { about: 'orders', remedy: expect.stringContaining('ALTER TABLE orders NO FORCE ROW LEVEL SECURITY') as string },
    ]);
    expect(await proved()).toBe('ABSENCE_UNPROVED');
  });
});

describe('every row is seen', () => {
  const SEEING: readonly (readonly [string, readonly string[]])[] = [
    [
      'through a view that names the columns of one table otherwise',
      [...insideOut, 'CREATE VIEW orders AS SELECT id, "userId", org + 1 AS more FROM purchases'],
    ],
    [
      'through a view whose owner sees every row, whatever policy the caller has',
      [
        ...insideOut,
        'CREATE VIEW orders AS SELECT id, "userId" FROM purchases',
        'ALTER TABLE purchases ENABLE ROW LEVEL SECURITY',
        'CREATE POLICY mine ON purchases USING (org = 1)',
      ],
    ],
    [
      'in a partitioned table, whatever policies its partitions have',
      [
        'DROP TABLE orders',
        'CREATE TABLE orders (id uuid, "userId" text, org int) PARTITION BY LIST (org)',
        'CREATE TABLE orders_1 PARTITION OF orders FOR VALUES IN (1)',
        'ALTER TABLE orders_1 ENABLE ROW LEVEL SECURITY',
      ],
    ],
    ['by a role with BYPASSRLS', ['ALTER TABLE orders ENABLE ROW LEVEL SECURITY', 'ALTER ROLE GATE BYPASSRLS']],
  ];

  test.each(SEEING)('%s', async (_, statements) => {
    await shop(...statements.map((one) => one.replaceAll('GATE', role)));
    expect([await problems(), await proved()]).toEqual([[], true]);
  });
});

test('a policy that is enabled while a transaction runs waits for its end', async () => {
  const done: string[] = [];
  const acting = transactionSeeingAll(postgres, 'acting', ORDERS, [
    { sql: 'SELECT 1 AS "slept" FROM pg_sleep(0.3)', parameters: [] },
    { sql: 'SELECT count(*)::int AS "count" FROM orders', parameters: [] },
  ]).then((results) => {
    done.push('acted');
    return results;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await shop('ALTER TABLE orders ENABLE ROW LEVEL SECURITY').then(() => done.push('enabled'));
  expect(await acting).toEqual([[{ slept: 1 }], [{ count: 3 }]]);
  expect(done).toEqual(['acted', 'enabled']);
  expect(await proved()).toBe('ABSENCE_UNPROVED');
});

test('where the proof is not asked for, a transaction sees what its role does', async () => {
  await shop('ALTER TABLE orders ENABLE ROW LEVEL SECURITY', 'CREATE POLICY mine ON orders USING (org = 1)');
  const count = { sql: 'SELECT count(*)::int AS "count" FROM orders', parameters: [] };
  const when = { sql: `$1::text = 'yes'`, parameter: 'no' };
  expect(await transactionSeeingAll(postgres, 'looking', ORDERS, [count], when)).toEqual([[{ count: 1 }]]);
  await expect(
    transactionSeeingAll(postgres, 'looking', ORDERS, [count], { ...when, parameter: 'yes' }),
  ).rejects.toMatchObject({ code: 'ABSENCE_UNPROVED', message: expect.not.stringMatching(/mine|select/i) as string });
});
