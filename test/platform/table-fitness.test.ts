import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SOURCES } from '../../src/domains/catalogue.js';
import { orders } from '../../src/domains/order/order.source.js';
import type { Finding } from '../../src/platform/finding.js';
import { examineColumns, examineTables } from '../../src/platform/postgres/table-fitness.js';
import { createLogger } from '../../src/platform/logger.js';
import { examineRights } from '../../src/platform/postgres/migration-rights.js';
import { missingColumns } from '../../src/platform/postgres/missing.js';
import { PostgresDatabase } from '../../src/platform/postgres/postgres.js';
import { similarTables, tableFacts } from '../../src/platform/postgres/table-facts.js';
import { unguardedFields } from '../../src/platform/postgres/uniqueness.js';
import { PostgresFixture } from './postgres-support.js';

const postgres = new PostgresFixture();
beforeAll(() => postgres.open());
afterAll(() => postgres.close());

const examine = () => examineTables(postgres.database, SOURCES);
const of = (findings: readonly Finding[], severity: Finding['severity']) =>
  findings.filter((finding) => finding.severity === severity).map(({ about, problem }) => `${about}: ${problem}`);

const SOUND: Readonly<Record<string, string>> = {
  id: 'uuid PRIMARY KEY',
  userId: 'text NOT NULL',
  orderNumber: 'text NOT NULL UNIQUE',
  total: 'numeric(10,2) NOT NULL',
  userName: 'text',
  userEmail: 'text',
  createdAt: 'timestamptz NOT NULL',
  updatedAt: 'timestamptz NOT NULL',
  transactionState: "text NOT NULL DEFAULT 'NONE'",
  transactionError: 'text',
  unfinished: 'text',
  settlingUntil: 'timestamptz',
};

/** What the migrations add to a table that is there. */
const ADDED = ['userName', 'userEmail', 'transactionState', 'transactionError', 'unfinished', 'settlingUntil'];

async function makeTable(columns: Readonly<Record<string, string | null>>): Promise<void> {
  const given = Object.entries({ ...SOUND, ...columns }).filter(([, type]) => type !== null);
  await postgres.sql(`CREATE TABLE orders (${given.map(([name, type]) => `"${name}" ${String(type)}`).join(', ')})`);
}

/** Whatever kind of thing it is. */
async function dropOrders(): Promise<void> {
  const rows = await postgres.sql(`SELECT relkind::text AS kind FROM pg_class WHERE oid = to_regclass('orders')`);
  const kinds: Readonly<Record<string, string>> = { r: 'TABLE', v: 'VIEW', m: 'MATERIALIZED VIEW', p: 'TABLE' };
  for (const { kind } of rows) await postgres.sql(`DROP ${String(kinds[String(kind)])} orders CASCADE`);
}

describe('a table', () => {
  beforeEach(dropOrders);

  test('that is as the contract has it, or is not there, is fit', async () => {
    expect(await examine()).toEqual([]);
    await makeTable({});
    expect(await examine()).toEqual([]);
    expect(examineColumns(await tableFacts(postgres.database, SOURCES), SOURCES)).toEqual([]);
  });

  test('as another ORM writes it, with varchars, an enum, a domain and wider numbers, is fit', async () => {
    await postgres.sql(`DROP TYPE IF EXISTS word; CREATE DOMAIN word AS varchar(255)`);
    await postgres.sql(`CREATE TYPE progress AS ENUM ('NONE', 'PENDING', 'RECORDED', 'FAILED')`);
    await makeTable({
      userId: 'varchar(24) NOT NULL',
      orderNumber: 'word NOT NULL UNIQUE',
      total: 'numeric NOT NULL',
      userName: 'varchar(255)',
      status: "varchar(20) NOT NULL DEFAULT 'new'",
      createdAt: 'timestamptz(3) NOT NULL DEFAULT now()',
      transactionState: "progress NOT NULL DEFAULT 'NONE'",
    });
    expect(await examine()).toEqual([]);
  });

  test.each([
    ['id', 'varchar(36) PRIMARY KEY', /orders\.id is character varying\(36\), and the graph reads uuid/],
    ['id', 'bigserial PRIMARY KEY', /orders\.id is bigint, and the graph reads uuid/],
    ['userId', 'uuid NOT NULL', /orders\.userId is uuid, and the graph reads text/],
    ['userId', 'varchar(20) NOT NULL', /orders\.userId is character varying\(20\), and is too narrow for the 24/],
    ['total', 'double precision NOT NULL', /orders\.total is double precision, and the graph reads numeric\(10,2\)/],
    ['userId', 'char(36) NOT NULL', /orders\.userId is character\(36\), and the graph reads text/],
    ['orderNumber', 'char(20) NOT NULL UNIQUE', /orders\.orderNumber is character\(20\), and the graph reads text/],
    ['total', 'numeric(5,-2) NOT NULL', /orders\.total is numeric\(5,-2\), and rounds .* to -2 decimals/],
    ['total', 'numeric(10) NOT NULL', /orders\.total is numeric\(10,0\), and rounds .* to 0 decimals; money has two/],
    ['orderNumber', 'integer NOT NULL UNIQUE', /orders\.orderNumber is integer, and the graph reads text/],
    ['createdAt', 'bigint NOT NULL', /orders\.createdAt is bigint, and the graph reads timestamptz/],
    ['transactionState', 'integer NOT NULL', /orders\.transactionState is integer, and the graph reads text/],
    ['transactionError', 'jsonb', /orders\.transactionError is jsonb, and the graph reads text/],
  ])(
    'whose "%s" is %s is refused, with a statement that mends it, where PostgreSQL has one',
    async (column, type, problem) => {
      await makeTable({ [column]: type });
      const [refused] = (await examine()).filter(({ severity }) => severity === 'refused');
      expect(refused).toMatchObject({ about: `orders.${column}`, problem: expect.stringMatching(problem) as string });
      // The statement works, or there is none.
      if (refused?.remedy.startsWith('ALTER') !== true) expect(refused?.remedy).toMatch(/through a view/);
      else await postgres.sql(refused.remedy.replace(/ USING.*serial.*/, ''));
    },
  );

  test('without a column is refused, and one that is spelt otherwise is named', async () => {
    await makeTable({ userId: null, user_id: 'text NOT NULL', total: null });
    expect(of(await examine(), 'refused')).toEqual([
      'orders.total: orders has no column "total"',
      'orders.userId: orders has no column "userId", but has "user_id"',
    ]);
  });

  test('without the columns that migrations are about to add is fit, and before that each is named', async () => {
    await makeTable(Object.fromEntries(ADDED.map((name) => [name, null])));
    const toCome = ADDED.map((name) => `orders.${name}`);
    expect(missingColumns(await tableFacts(postgres.database, SOURCES), SOURCES)).toEqual(
      toCome.filter((column) => column !== 'orders.settlingUntil'),
    );
    expect(await examineTables(postgres.database, SOURCES, new Set(toCome))).toEqual([]);
    expect(of(await examine(), 'refused')).toEqual([
      'orders.userName: orders has no column "userName"',
      'orders.userEmail: orders has no column "userEmail"',
      'orders.transactionState: orders has no column "transactionState"',
      'orders.transactionError: orders has no column "transactionError"',
    ]);
  });

  test('with times without a zone is served, and told that they are taken as UTC', async () => {
    await makeTable({ createdAt: 'timestamp(3) NOT NULL' });
    expect(of(await examine(), 'warning')).toEqual([
      'orders.createdAt: orders.createdAt is timestamp(3) without time zone, which has no time zone: its times are taken as UTC',
    ]);
  });

  test('too narrow for the longest names is served, and told so', async () => {
    await makeTable({ userName: 'varchar(50)', orderNumber: 'varchar(255) NOT NULL UNIQUE' });
    expect(of(await examine(), 'warning')).toEqual([
      'orders.userName: orders.userName takes 50 characters: a row with more of them is WRITE_REFUSED',
    ]);
  });

  test('in which a new row must have what the graph does not know is told that creating one is refused', async () => {
    await makeTable({ status: 'text NOT NULL', note: 'text', shop: 'integer NOT NULL DEFAULT 1' });
    expect(of(await examine(), 'warning')).toEqual([
      'orders: a new row of orders must have "status", which the graph does not know: creating one is WRITE_REFUSED',
    ]);
  });

  test('whose rows lack what the graph promises is served, and told how many do', async () => {
    await makeTable({ total: 'numeric(10,2)', createdAt: 'timestamptz' });
    expect(await examine()).toEqual([]);
    await postgres.sql(
      `INSERT INTO orders SELECT gen_random_uuid(), 'u', n, null, null, null, now(), now() FROM generate_series(1, 3) n`,
    );
    expect(of(await examine(), 'warning')).toEqual([
      'orders.total: 3 rows of orders have no "total", which the graph promises: such a row is null there, with an error',
    ]);
    expect(examineColumns(await tableFacts(postgres.database, SOURCES), SOURCES)).toEqual([]);
  });

  test('in which rows share an order number is refused, and the numbers are named', async () => {
    await makeTable({ orderNumber: 'text NOT NULL' });
    await postgres.sql(
      `INSERT INTO orders SELECT gen_random_uuid(), 'u', 'N' || n % 8, 1, null, null, now(), now() FROM generate_series(1, 20) n`,
    );
    expect(of(await examine(), 'refused')).toEqual([
      'orders.orderNumber: 20 rows of orders share 8 values of "orderNumber": "N0", "N1", "N2", "N3", "N4", ...',
    ]);
  });

  describe('whose rows no index keeps apart', () => {
    const columns = Object.entries({ ...SOUND, id: 'uuid NOT NULL', orderNumber: 'text NOT NULL' })
      .map(([name, type]) => `"${name}" ${type}`)
      .join(', ');
    const insert = (table: string, at: string) => `
      INSERT INTO ${table} (id, "userId", "orderNumber", total, "createdAt", "updatedAt")
      SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'u', 'N' || n, 1, '${at}', now() FROM generate_series(1, 3) n`;

    test.each([
      [
        'because it is partitioned by time',
        [
          `CREATE TABLE orders (${columns}, PRIMARY KEY (id, "createdAt")) PARTITION BY RANGE ("createdAt")`,
          `CREATE TABLE one_part PARTITION OF orders FOR VALUES FROM (MINVALUE) TO ('2025-01-01')`,
          `CREATE TABLE other_part PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)`,
          // In a partition alone, and not of the whole table.
          `CREATE UNIQUE INDEX ON one_part ("orderNumber")`,
          insert('orders', '2024-01-01'),
          insert('orders', '2026-01-01'),
        ],
      ],
      [
        'because others inherit from it',
        [
          `CREATE TABLE orders (${columns}, PRIMARY KEY (id), UNIQUE ("orderNumber"))`,
          `CREATE TABLE child () INHERITS (orders)`,
          insert('orders', '2024-01-01'),
          insert('child', '2026-01-01'),
        ],
      ],
      [
        'because it is a view of two tables',
        [
          `CREATE TABLE one_part (${columns}, PRIMARY KEY (id), UNIQUE ("orderNumber"))`,
          `CREATE TABLE other_part (LIKE one_part INCLUDING ALL)`,
          `CREATE VIEW orders AS SELECT * FROM one_part UNION ALL SELECT * FROM other_part`,
          insert('one_part', '2024-01-01'),
          insert('other_part', '2026-01-01'),
        ],
      ],
    ])('%s is fit, and told which promise is not made, and how many rows share a value', async (__, statements) => {
      await postgres.sql('DROP TABLE IF EXISTS one_part, other_part CASCADE');
      for (const statement of statements) await postgres.sql(statement);
      const findings = await examine();
      expect(of(findings, 'refused')).toEqual([]);
      const ofRows = of(findings, 'warning').filter((problem) => !problem.startsWith('orders: '));
      expect(ofRows).toEqual([
        expect.stringMatching(/^orders\.id: no index keeps rows of orders from sharing one "id": /),
        expect.stringMatching(/^orders\.id: 6 rows of orders share 3 values of "id": "0+-0+/),
        expect.stringMatching(/^orders\.orderNumber: no index keeps rows of orders from sharing one "orderNumber": /),
        'orders.orderNumber: 6 rows of orders share 3 values of "orderNumber": "N1", "N2", "N3"',
      ]);
      await postgres.sql('DROP TABLE IF EXISTS one_part, other_part, child CASCADE');
    });

    test('an index that is partial, invalid, of an expression or of more columns is none', async () => {
      await postgres.sql(`CREATE TABLE orders (${columns}, org integer)`);
      await postgres.sql(`CREATE UNIQUE INDEX ON orders (id) WHERE org = 1`);
      await postgres.sql(`CREATE UNIQUE INDEX ON orders (lower("orderNumber"))`);
      await postgres.sql(`CREATE UNIQUE INDEX ON orders ("orderNumber", org)`);
      await postgres.sql(`CREATE UNIQUE INDEX invalid ON orders ("orderNumber")`);
      await postgres.sql(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'invalid'::regclass`);
      const facts = (await tableFacts(postgres.database, SOURCES)).get('orders');
      const unguarded = facts === undefined ? [] : await unguardedFields(postgres.database, orders, facts);
      expect(unguarded.map(({ field }) => field)).toEqual(['id', 'orderNumber']);
    });

    test('a constraint that is checked at the end of the transaction is one; so is that of the table beneath a view', async () => {
      await postgres.sql('DROP TABLE IF EXISTS beneath CASCADE');
      await postgres.sql(
        `CREATE TABLE beneath (${columns}, PRIMARY KEY (id), UNIQUE ("orderNumber") DEFERRABLE INITIALLY DEFERRED)`,
      );
      await postgres.sql("CREATE VIEW orders AS SELECT *, 'x' AS note FROM beneath WHERE total > 0");
      expect((await examine()).map(({ about }) => about)).toEqual(['orders']);
      await postgres.sql('CREATE OR REPLACE RULE twice AS ON UPDATE TO orders DO INSTEAD NOTHING');
      expect((await examine()).map(({ about }) => about)).toEqual(['orders', 'orders.id', 'orders.orderNumber']);
    });
  });

  test('that its user may not read is refused', async () => {
    await makeTable({});
    await postgres.sql(`DROP ROLE IF EXISTS nobody_special`);
    await postgres.sql(`CREATE ROLE nobody_special`);
    const findings = await postgres.as('nobody_special', (database) => examineTables(database, SOURCES));
    expect(of(findings, 'refused')).toEqual(['orders: this user of PostgreSQL may not read the table orders']);
  });
});

describe('what is no table', () => {
  beforeEach(async () => {
    await dropOrders();
    await postgres.sql(`DROP TABLE IF EXISTS "Purchases" CASCADE`);
    await postgres.sql(
      `CREATE TABLE "Purchases" (id uuid PRIMARY KEY, user_id text, number text, total numeric(10,2), at timestamptz)`,
    );
  });
  const select = `SELECT id, user_id AS "userId", number AS "orderNumber", total, NULL::text AS "userName",
    NULL::text AS "userEmail", at AS "createdAt", at AS "updatedAt", 'NONE' AS "transactionState",
    NULL::text AS "transactionError", NULL::text AS "unfinished" FROM "Purchases"`;

  test('a view is served, and told that its indexes are those of its tables', async () => {
    await postgres.sql(`CREATE VIEW orders AS ${select}`);
    const findings = await examine();
    expect(of(findings, 'refused')).toEqual([]);
    expect(of(findings, 'warning')).toEqual([
      'orders: orders is a view: indexes are not created on it by "npm run migrate"',
      expect.stringMatching(
        /^orders\.orderNumber: no index keeps rows of orders from sharing one "orderNumber": it is a view/,
      ),
    ]);
    await postgres.sql('CREATE UNIQUE INDEX purchase_number ON "Purchases" (number)');
    expect(await examine()).toHaveLength(1);
  });

  test('a materialized view is refused', async () => {
    await postgres.sql(`CREATE MATERIALIZED VIEW orders AS ${select}`);
    expect(of(await examine(), 'refused')).toEqual([
      'orders: orders is a materialized view, which takes no writes and shows none',
    ]);
  });
});

describe('a table in another schema than the first of the search_path', () => {
  test('is refused: a new one would hide it', async () => {
    await dropOrders();
    await makeTable({});
    await postgres.sql('CREATE SCHEMA mine');
    await postgres.sql(`ALTER DATABASE ${postgres.name} SET search_path = mine, public`);
    await using database = await PostgresDatabase.open({ url: postgres.url, logger: createLogger('silent') });
    expect(of(await examineTables(database, SOURCES), 'refused')).toEqual([
      "orders: orders lies in the schema public, which is not the first of this user's search_path: a new table would hide it",
    ]);
  });
});

describe('what migrating needs', () => {
  test('is refused at once to who does not own the table, may make none, or may only read', async () => {
    await dropOrders();
    await makeTable({});
    await postgres.sql('DROP ROLE IF EXISTS guest_of_mine');
    await postgres.sql('CREATE ROLE guest_of_mine');
    const rights = { altered: ['orders'], migrates: true };
    const findings = await postgres.as('guest_of_mine', async (database) =>
      examineRights(database, await tableFacts(database, SOURCES), rights),
    );
    expect(of(findings, 'refused')).toEqual([
      'public: this user may not create tables in the schema public',
      'orders: orders belongs to another user, who alone may alter it',
    ]);
    const facts = await tableFacts(postgres.database, SOURCES);
    expect(await examineRights(postgres.database, facts, rights)).toEqual([]);
    expect(await examineRights(postgres.database, facts, { altered: [], migrates: false })).toEqual([]);
  });

  test('a table that is there under another spelling is named before an empty one is made beside it', async () => {
    await dropOrders();
    await postgres.sql('CREATE TABLE "Orders" (id int)');
    const findings = await similarTables(postgres.database, SOURCES, await tableFacts(postgres.database, SOURCES));
    expect(of(findings, 'warning')).toEqual([
      'orders: there is no table orders, so an empty one will be made; there is public."Orders"',
    ]);
    await postgres.sql('DROP TABLE "Orders"');
  });
});
