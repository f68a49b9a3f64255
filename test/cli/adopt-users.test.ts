import { COPIED } from '../../src/copies/user-copy.source.js';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { NotAdoptableError } from '../../src/cli/adoption.js';
import { main as migrate } from '../../src/cli/migrate.js';
import { makeReady, NotMigratedError } from '../../src/cli/prepare.js';
import type { UserId } from '../../src/domains/user/user.source.js';
import { copyTable } from '../../src/copies/copy-table.js';
import { UserCopyRepository } from '../../src/copies/user-copy.repository.js';
import { createLogger } from '../../src/platform/logger.js';
import type { ClusterTime } from '../../src/platform/mongo/cluster-time.js';
import { openPlatform } from '../../src/platform/platform.js';
import { freshName, onServer } from '../support/databases.js';
import { useEmptyDatabases } from '../support/empty-databases.js';
import { sql } from '../support/rows.js';
import { run } from './commands-support.js';
import { Diagnosis } from './doctor-support.js';

const addresses = useEmptyDatabases();
const query = (...statements: string[]) => sql(addresses.databaseUrl, ...statements);

/** Everything that a command could change: tables, columns, indexes, rows and who has written them. */
const CATALOGUE = `
  SELECT c.relname, c.relkind::text, c.relfilenode::int,
    (SELECT json_agg(a ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)::text AS columns,
    CASE WHEN c.relkind = 'r' THEN query_to_xml(
      format('SELECT md5(string_agg(t::text || xmin || ctid, '','' ORDER BY ctid)) FROM %s t', c.oid::regclass),
      true, true, '')::text END AS rows
  FROM pg_class c WHERE c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_|^information_schema$')
  ORDER BY 1`;

/** As many an application has it: names and addresses that must be there, a password, times that it sets itself. */
const people = (id: string) => `
  CREATE TABLE users (id ${id} PRIMARY KEY, username varchar(50) NOT NULL, email varchar(120) NOT NULL UNIQUE,
    password varchar(100) NOT NULL, salt text NOT NULL,
    "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL)`;
const ROWS = 100;
const rows = (id: string) => `
  INSERT INTO users (${id === '' ? '' : 'id, '} username, email, password, salt, "createdAt", "updatedAt")
  SELECT ${id === '' ? '' : `${id}, `} 'person ' || n, n || '@example.com', md5(n::text), 'salt', now(), now()
  FROM generate_series(1, ${ROWS}) n`;
/** Where each row lies and who has written it, so that one that was written anew shows. */
const STORED = `
  SELECT
    md5(string_agg(
      concat_ws('|', ctid, xmin, id, username, email, password, salt, "createdAt"), ',' ORDER BY ctid)) AS md5,
    count(*)::int AS count FROM users`;

describe.each([
  ['numbered by the table', 'serial', ''],
  ['with UUIDs that the application makes', 'uuid', 'gen_random_uuid()'],
  ['with ids of texts', 'varchar(36)', `'person-' || n`],
])('a users table %s', (_, type, id) => {
  test('is adopted with every row and every password; what is missing is said before; twice is once', async () => {
    await query(people(type), rows(id));
    const [stored, catalogue] = [await query(STORED), await query(CATALOGUE)];

    const dry = await run(migrate, addresses, '--dry-run');
    expect(dry.printed).toContain(
      'users is there and keeps its rows; it gets mongoId, locCode, power, emailConflict, syncProblem, ' +
        'sourceVersion, namedVersion, syncedAt, deletedAt, erasedAt',
    );
    expect(await query(CATALOGUE)).toEqual(catalogue);

    await run(migrate, addresses);
    expect(await query(STORED)).toEqual(stored);
    const migrated = await query(CATALOGUE);
    const again = await run(migrate, addresses);
    expect(again.printed).toMatch(/: nothing to apply$/m);
    expect(again.printed).toMatch(/users is there and keeps its rows$/m);
    expect(await query(CATALOGUE)).toEqual(migrated);
  });

  test('then takes copies: a row of the same address becomes one, another is added, and passwords stay', async () => {
    await query(people(type), rows(id));
    await run(migrate, addresses);
    const passwords = 'SELECT email, password, salt FROM users WHERE password IS NOT NULL ORDER BY email';
    const before = await query(passwords);
    await copy([
      { id: idOf(1), username: 'Ada', email: '7@example.com', locCode: 'LOC1', power: 3 },
      { id: idOf(2), username: null, email: null, locCode: null, power: null },
    ]);
    expect(
      await query(`SELECT username, email, power, "mongoId" FROM users WHERE "mongoId" IS NOT NULL ORDER BY 4`),
    ).toEqual([
      { username: 'Ada', email: '7@example.com', power: 3, mongoId: idOf(1) },
      { username: null, email: null, power: null, mongoId: idOf(2) },
    ]);
    expect(await query('SELECT count(*)::int AS count FROM users')).toEqual([{ count: ROWS + 1 }]);
    expect(await query(passwords)).toEqual(before);
  });
});

const idOf = (number: number) => number.toString(16).padStart(24, '0') as UserId;

type Copied = Parameters<UserCopyRepository['write']>[0]['users'];

/** @param gone those who are not there any more */
async function copy(users: Copied, gone: readonly UserId[] = []): Promise<void> {
  await using platform = await openPlatform({ ...addresses, logger: createLogger('silent') });
  const copies = new UserCopyRepository(platform.postgres, { follows: true, logger: createLogger('silent') });
  await copies.write({ at: '0000000100000001' as ClusterTime, users, gone, unsure: [], last: undefined });
}

const person = (number: number, fields: Partial<Copied[number]>): Copied[number] => ({
  ...{ id: idOf(number), username: null, email: null, locCode: null, power: null },
  ...fields,
});

describe('a value that the table takes once only', () => {
  const TABLE = 'CREATE TABLE users (id serial PRIMARY KEY, username varchar(50) NOT NULL, email text)';
  const copies = () => query('SELECT "mongoId", username, email FROM users WHERE "mongoId" IS NOT NULL ORDER BY 1');

  test.each([
    ['a name', 'ALTER TABLE users ADD UNIQUE (username)'],
    ['an address together with another value', 'CREATE UNIQUE INDEX ON users (tenant, email)'],
    ['an address in whatever case', 'CREATE UNIQUE INDEX ON users (lower(email))'],
    ['a name within an address', `CREATE UNIQUE INDEX ON users ((username || '@' || COALESCE("locCode", '')))`],
    ['what the table computes of a name', 'CREATE UNIQUE INDEX ON users ("handle")'],
  ])('can be swapped by two users: %s', async (_, index) => {
    const more = `ADD tenant int DEFAULT 1, ADD "locCode" text,
      ADD handle text GENERATED ALWAYS AS (lower(username)) STORED`;
    await query(TABLE, `ALTER TABLE users ${more}`, index);
    await run(migrate, addresses);
    await copy([person(1, { username: 'ada', email: 'ada@x' }), person(2, { username: 'bob', email: 'bob@x' })]);
    await copy([person(1, { username: 'bob', email: 'bob@x' }), person(2, { username: 'ada', email: 'ada@x' })]);
    expect(await copies()).toEqual([
      { mongoId: idOf(1), username: 'bob', email: 'bob@x' },
      { mongoId: idOf(2), username: 'ada', email: 'ada@x' },
    ]);
  });

  test('is free for others when its user is gone, before or in the same batch, however they write it', async () => {
    await query(TABLE, 'ALTER TABLE users ADD UNIQUE (username)', 'CREATE UNIQUE INDEX ON users (lower(email))');
    await run(migrate, addresses);
    await copy([person(1, { username: 'ada', email: 'ada@x' }), person(2, { username: 'bob', email: 'bob@x' })]);
    await copy([], [idOf(1)]);
    await copy(
      [person(3, { username: 'ada', email: 'Ada@X' }), person(4, { username: 'bob', email: 'BOB@x' })],
      [idOf(2)],
    );
    expect(await copies()).toEqual([
      { mongoId: idOf(1), username: null, email: null },
      { mongoId: idOf(2), username: null, email: null },
      { mongoId: idOf(3), username: 'ada', email: 'Ada@X' },
      { mongoId: idOf(4), username: 'bob', email: 'BOB@x' },
    ]);
  });

  test('stays with a row that is no copy, whatever its "deletedAt" says', async () => {
    await query(
      TABLE,
      'ALTER TABLE users ADD "deletedAt" timestamptz, ADD "mongoId" text, ADD UNIQUE (email)',
      `INSERT INTO users (username, email, "deletedAt", "mongoId") VALUES ('ada', 'ada@x', now(), '${idOf(9)}')`,
    );
    await run(migrate, addresses);
    await copy([person(1, { username: 'eve', email: 'ada@x' })]);
    expect(await copies()).toEqual([
      { mongoId: idOf(1), username: 'eve', email: null },
      { mongoId: idOf(9), username: 'ada', email: 'ada@x' },
    ]);
  });

  test('changes where the column must not be empty', async () => {
    await query(TABLE, 'ALTER TABLE users ADD UNIQUE (username), ADD CHECK (email IS NOT NULL), ADD UNIQUE (email)');
    await run(migrate, addresses);
    await query('ALTER TABLE users ALTER username SET NOT NULL');
    await copy([person(1, { username: 'ada', email: 'ada@x' }), person(2, { username: 'bob', email: 'bob@x' })]);
    await copy([person(1, { username: 'eve', email: 'eve@x' }), person(2, { username: 'mallory', email: 'm@x' })]);
    expect(await copies()).toEqual([
      { mongoId: idOf(1), username: 'eve', email: 'eve@x' },
      { mongoId: idOf(2), username: 'mallory', email: 'm@x' },
    ]);
  });
});

test.each([
  ['alone, or in a key with others', ['UNIQUE (email)', 'UNIQUE (tenant, "locCode")'], ['email', 'locCode']],
  ['in no key of any', [], []],
  ['in an index that is not unique', ['INDEX (username)'], []],
  ['beside a key, or in what limits it', [`INDEX UNIQUE (tenant) INCLUDE (email) WHERE power > 1`], []],
  ['in an expression, and not in a text within it', [`INDEX UNIQUE ((power || 'email'))`], ['power']],
  ['in the primary key', ['PRIMARY KEY (id, username)', 'UNIQUE (username)'], []],
])('a copied column is known as one that rows may not share: %s', async (_, keys, names) => {
  const columns = 'id serial, tenant int, username text, email text, "locCode" text, power int';
  await query(`CREATE TABLE users (${columns})`);
  for (const key of keys) {
    const [, unique, rest] = /^INDEX (UNIQUE )?(.*)$/.exec(key) ?? [];
    await query(rest === undefined ? `ALTER TABLE users ADD ${key}` : `CREATE ${unique ?? ''}INDEX ON users ${rest}`);
  }
  await run(migrate, addresses);
  await using platform = await openPlatform({ ...addresses, logger: createLogger('silent') });
  const { uniqueColumns, hasUniqueTexts } = await copyTable(platform.postgres);
  expect(uniqueColumns.map(({ name: column }) => column)).toEqual(names);
  expect(hasUniqueTexts).toBe(names.length > 0);
});

/** What `npm start` does with databases of people's own. @throws what it says */
async function start(): Promise<void> {
  await using platform = await openPlatform({ ...addresses, logger: createLogger('silent') });
  const databases = { ...addresses, collections: {}, own: { postgres: true, mongo: true } };
  await makeReady(platform, { ...databases, stop: () => Promise.resolve() }, (_title, work) => work(() => undefined));
}

const PLAIN = 'CREATE TABLE users (id serial PRIMARY KEY, email text)';

test.each([
  [
    'a view',
    `CREATE TABLE people (id serial PRIMARY KEY, email text); CREATE VIEW users AS SELECT * FROM people`,
    /users is a view, which migrations cannot add columns to, and has no mongoId, .*\.\n +give it another name/,
  ],
  [
    'a materialized view',
    'CREATE MATERIALIZED VIEW users AS SELECT 1 AS id',
    /users is a materialized view, which takes no writes/,
  ],
  [
    'a foreign table',
    `CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
     CREATE FOREIGN TABLE users (id text, email text) SERVER elsewhere`,
    /users is a foreign table, in which no index keeps two copies of one user apart/,
  ],
  [
    'a partitioned table',
    'CREATE TABLE users (id bigserial, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region)',
    /users is partitioned by other columns than "mongoId"/,
  ],
  [
    'a table whose rows need what nobody knows',
    `${PLAIN}; ALTER TABLE users ADD tenant int NOT NULL`,
    /a new row of users must have "tenant".*\.\n +give it a default: ALTER TABLE "users" ALTER "tenant" SET DEFAULT/,
  ],
  ['a table without ids', 'CREATE TABLE users (email text PRIMARY KEY)', /users has no column "id"\.\n +give it one/],
  [
    'a table whose ids nothing fills',
    'CREATE TABLE users (id int PRIMARY KEY, email text)',
    /users\.id is integer, and nothing gives one to a new row.*\.\n +give it a default: .*AS IDENTITY/,
  ],
  [
    'a table whose ids are too short',
    'CREATE TABLE users (id varchar(10) PRIMARY KEY, email text)',
    /nothing gives one to a new row.*\.\n +let it take 24 characters: ALTER TABLE "users" ALTER "id" TYPE text/,
  ],
  [
    'a table with a column of another type',
    `${PLAIN}; ALTER TABLE users ADD power text`,
    /users\.power is text, and the graph reads integer\.\n +ALTER TABLE "users" ALTER "power" TYPE integer/,
  ],
  [
    'a table that computes a column',
    `${PLAIN}; ALTER TABLE users ADD username text GENERATED ALWAYS AS (lower(email)) STORED`,
    /users\.username is computed by the table.*\.\n +give it another name: .* RENAME "username" TO/,
  ],
  [
    'a table in which two rows are one user of MongoDB',
    `${PLAIN}; ALTER TABLE users ADD "mongoId" text;
     INSERT INTO users ("mongoId") SELECT repeat('a', 24) FROM generate_series(1, 2)`,
    /rows of users share 1 value of "mongoId": "a{24}"/,
  ],
])(
  '%s that is called users is refused with the remedy by migrate, dry run, doctor and start; nothing is changed',
  async (_, statements, reason) => {
    await query(...statements.split(';'));
    const catalogue = await query(CATALOGUE);
    for (const options of [['--dry-run'], []]) {
      const refusal = await run(migrate, addresses, ...options).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(NotAdoptableError);
      expect((refusal as Error).message).toMatch(reason);
    }
    await expect(start()).rejects.toThrow(reason);
    const found = (await Diagnosis.of(addresses)).of('postgres.tables').filter(({ status }) => status === 'error');
    expect(found.map(({ message, remedy }) => `${message}.\n ${String(remedy)}`).join('\n')).toMatch(reason);
    expect(await query(CATALOGUE)).toEqual(catalogue);
  },
);

test('a users table of another user is refused before anything is changed', async () => {
  const role = freshName();
  await query(people('serial'), rows(''));
  await onServer((client) => client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'hunter2'`));
  try {
    await query(
      `GRANT ALL ON SCHEMA public TO ${role}`,
      `GRANT ALL ON users TO ${role}`,
      `GRANT CREATE ON DATABASE ${addresses.name} TO ${role}`,
    );
    const asRole = Object.assign(new URL(addresses.databaseUrl), { username: role, password: 'hunter2' }).href;
    const catalogue = await query(CATALOGUE);
    await expect(run(migrate, { ...addresses, databaseUrl: asRole })).rejects.toThrow(
      /users belongs to another user, who alone may alter it/,
    );
    expect(await query(CATALOGUE)).toEqual(catalogue);
    const diagnosis = await Diagnosis.of({ ...addresses, databaseUrl: asRole });
    expect(diagnosis.of('postgres.rights').map(({ data }) => data)).toEqual([{ about: 'users' }]);
  } finally {
    await query(`DROP OWNED BY ${role}`);
    await onServer((client) => client.query(`DROP ROLE ${role}`));
  }
});

test('start says what users, orders and our own tables lack, and that npm run migrate adds it', async () => {
  await run(migrate, addresses);
  await start();
  await query('ALTER TABLE users DROP "namedVersion"', 'ALTER TABLE orders DROP "copiedAt"', 'DROP TABLE tandem_sync');
  await query(`DELETE FROM _prisma_migrations WHERE migration_name = '003_user_copies'`);
  const refusal = await start().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(NotMigratedError);
  expect((refusal as Error).message).toMatch(
    /lacks orders\.copiedAt, users\.namedVersion, tables of its own \(tandem_\*\)\. .*"npm run migrate" adds it/,
  );
  await run(migrate, addresses);
  await start();
});

test('what a migrated users table cannot take any more is warned of by the doctor, and stops no start', async () => {
  await run(migrate, addresses);
  await query('ALTER TABLE users ADD tenant int NOT NULL');
  await start();
  const diagnosis = await Diagnosis.of(addresses);
  expect(diagnosis.having('error')).toEqual([]);
  expect(diagnosis.of('postgres.tables').map(({ status, data }) => ({ status, ...data }))).toContainEqual({
    status: 'warning',
    about: 'users.tenant',
  });
});

test('a table in another spelling is told of, and one for the copies is made beside it', async () => {
  await query('CREATE TABLE "Users" (id int PRIMARY KEY)');
  const { printed } = await run(migrate, addresses);
  expect(printed).toMatch(
    /there is no table users, so an empty one will be made; there is public\."Users"\.\n +nothing, where/,
  );
  expect(await query('SELECT count(*)::int AS count FROM users')).toEqual([{ count: 0 }]);
});

test('columns of the copy may be empty in the end, whatever their default; those of other names need one', async () => {
  await query(...`${PLAIN}; ALTER TABLE users ADD power int NOT NULL DEFAULT 0`.split(';'));
  await run(migrate, addresses);
  const [power] = await query(
    `SELECT is_nullable FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'power'`,
  );
  expect(power).toEqual({ is_nullable: 'YES' });
});

test('"Email" is not "email"', async () => {
  await query(...`${PLAIN}; ALTER TABLE users ADD "Email" text NOT NULL`.split(';'));
  await expect(run(migrate, addresses)).rejects.toThrow('a new row of users must have "Email"');
});

test('what may be empty is the same for the migration and for what looks before', async () => {
  const [migration, code] = await Promise.all(
    ['../../prisma/migrations/003_user_copies/migration.sql', '../../src/copies/copy-table.ts'].map((path) =>
      readFile(new URL(path, import.meta.url), 'utf8'),
    ),
  );
  const [, names, patterns] =
    /attname IN \((.*?)\) OR NOT atthasdef AND attname ~\* '(.*?)'\)/.exec(migration ?? '') ?? [];
  const [, source] = /^const RELAXED = \/(.*)\/i;$/m.exec(code ?? '') ?? [];
  expect(names).toBe(COPIED.map((name) => `'${name}'`).join(', '));
  expect(patterns).toBe(source);
});
