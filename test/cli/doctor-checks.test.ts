import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Audit } from '../../src/audit/audit.js';
import { NO_ROWS } from '../../src/audit/tally.js';
import { describeAudit } from '../../src/cli/doctor/audit-check.js';
import { failure, guarded, ok, skipped, warning, type Check } from '../../src/cli/doctor/check.js';
import { encryptionCheck } from '../../src/cli/doctor/encryption.js';
import { graphqlCopies } from '../../src/cli/doctor/graphql-copies.js';
import { examineInstallation, graphqlCheck } from '../../src/cli/doctor/installation.js';
import { clockCheck, measure, pingCheck } from '../../src/cli/doctor/measurement.js';
import * as mongo from '../../src/cli/doctor/mongo-connection.js';
import * as postgres from '../../src/cli/doctor/postgres-connection.js';
import { reasonOf, withoutPassword } from '../../src/cli/doctor/reason.js';
import { checksAsJson, describeChecks } from '../../src/cli/doctor/report.js';
import { loadConfig } from '../../src/config.js';
import { orderUser } from '../../src/domains/order/order.relations.js';
import { transactionUser } from '../../src/domains/transaction/transaction.relations.js';

function statusOf(checks: readonly Check[], id: string): string | undefined {
  return checks.find((check) => check.id === id)?.status;
}

describe('versions', () => {
  const facts = {
    ...{ version: '', versionNumber: 0, database: 'shop', schema: 'public', user: 'me', tls: null },
    ...{ readOnly: false, pingMs: 1, clockMs: 0 },
  };
  const address = { group: 'postgres', url: 'postgresql://localhost/shop', own: true } as const;

  test.each([
    [180_004, 'ok'],
    [140_000, 'ok'],
    [130_023, 'warning'],
    [120_018, 'error'],
  ])('PostgreSQL %i is %s', (versionNumber, status) => {
    expect(statusOf(postgres.checksOf(address, { ...facts, versionNumber }), 'postgres.version')).toBe(status);
  });

  test.each([
    ['8.0.4', 'ok'],
    ['6.0.0', 'ok'],
    ['5.0.31', 'error'],
    ['10.1.0', 'ok'],
  ])('MongoDB %s is %s', (version, status) => {
    const ofMongo: mongo.MongoFacts = {
      ...{ version, database: 'shop', user: null, tls: false, hosts: ['localhost'], pingMs: 1, clockMs: 0 },
      ...{ topology: 'replica set', replicaSet: 'rs0', isPrimary: true, readPreference: 'primary' },
    };
    const checks = mongo.checksOf({ group: 'mongo', url: 'mongodb://localhost/shop', own: true }, ofMongo);
    expect(statusOf(checks, 'mongo.version')).toBe(status);
    const secondary = mongo.checksOf({ group: 'mongo', url: 'x', own: true }, { ...ofMongo, isPrimary: false });
    expect(statusOf(secondary, 'mongo.primary')).toBe('warning');
  });
});

describe('clocks and distance', () => {
  test('a clock is compared with the middle of the quickest round trip', async () => {
    let at = 1_000_000;
    const measured = await measure(
      async () => at + 5_000,
      () => at++,
    );
    expect(measured.clockMs).toBeGreaterThan(4_900);
    expect(measured.clockMs).toBeLessThan(5_100);
    expect(clockCheck('mongo', measured).message).toMatch(/^its clock is 5\.\d s ahead of this machine's/);
  });

  test.each([
    [2_000, 'ok'],
    [-2_000, 'ok'],
    [2_100, 'warning'],
    [-90_000, 'warning'],
  ])('a clock that is %i ms off is %s', (clockMs, status) => {
    expect(clockCheck('postgres', { pingMs: 1, clockMs }).status).toBe(status);
  });

  test('a server that is far away is warned of', () => {
    expect(pingCheck('postgres', { pingMs: 0.44, clockMs: 0 }).message).toBe('it answers in 0.4 ms');
    expect(pingCheck('postgres', { pingMs: 80, clockMs: 0 }).status).toBe('warning');
  });
});

describe('encryption', () => {
  test.each([
    [['127.0.0.1'], 'ok'],
    [['localhost', '[::1]'], 'ok'],
    [['/var/run/postgresql'], 'ok'],
    [['postgres'], 'ok'],
    [['10.1.2.3', 'db.internal'], 'ok'],
    [['db.example.com'], 'warning'],
    [['localhost', '203.0.113.7'], 'warning'],
    [['1000.example.com'], 'warning'],
  ])('that is missing on the way to %j is %s', (hosts, status) => {
    expect(encryptionCheck('postgres', null, hosts, 'remedy').status).toBe(status);
    expect(encryptionCheck('postgres', 'TLSv1.3', hosts, 'remedy').status).toBe('ok');
  });
});

describe('copies of graphql', () => {
  async function project(packages: Readonly<Record<string, object>>): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'tandem-copies-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    for (const [name, manifest] of Object.entries(packages)) {
      await mkdir(path.join(folder, name), { recursive: true });
      await writeFile(path.join(folder, name, 'package.json'), JSON.stringify(manifest));
    }
    return folder;
  }
  const graphql = (version: string) => ({ name: 'graphql', version });
  const tandem = { name: 'tandem', dependencies: { graphql: '^16', '@apollo/server': '^5' } };
  const apollo = { name: '@apollo/server', version: '5.5.1', peerDependencies: { graphql: '^16' } };

  test('one is well', async () => {
    const folder = await project({
      '.': tandem,
      'node_modules/graphql': graphql('16.12.0'),
      'node_modules/@apollo/server': apollo,
    });
    const copies = graphqlCopies(folder);
    expect(copies).toEqual([
      { path: 'node_modules/graphql', version: '16.12.0', usedBy: ['@apollo/server', 'tandem'], isLoaded: true },
    ]);
    expect(graphqlCheck(copies)).toMatchObject({ status: 'ok', message: 'one copy of graphql, 16.12.0' });
  });

  test('two that are loaded are an error, with their paths and who brings them', async () => {
    const folder = await project({
      '.': tandem,
      'node_modules/graphql': graphql('16.12.0'),
      'node_modules/@apollo/server': { ...apollo, dependencies: { deep: '1' } },
      'node_modules/@apollo/server/node_modules/deep': { name: 'deep', dependencies: { graphql: '15' } },
      'node_modules/@apollo/server/node_modules/graphql': graphql('15.8.0'),
    });
    const check = graphqlCheck(graphqlCopies(folder));
    expect(check.status).toBe('error');
    expect(check.details).toEqual([
      'node_modules/graphql: graphql 16.12.0, which tandem gets',
      'node_modules/@apollo/server/node_modules/graphql: graphql 15.8.0, which @apollo/server, deep get',
    ]);
    expect(check.remedy).toContain('npm dedupe');
  });

  test('a second one that only a tool gets is a warning', async () => {
    const folder = await project({
      '.': { ...tandem, devDependencies: { tool: '1' } },
      'node_modules/graphql': graphql('16.12.0'),
      'node_modules/tool': { name: 'tool', dependencies: { graphql: '15' } },
      'node_modules/tool/node_modules/graphql': graphql('15.8.0'),
    });
    expect(graphqlCheck(graphqlCopies(folder)).status).toBe('warning');
  });

  test('one behind two links is one', async () => {
    const folder = await project({ '.': tandem, 'store/graphql': graphql('16.12.0'), 'store/server': apollo });
    await mkdir(path.join(folder, 'node_modules/@apollo'), { recursive: true });
    await mkdir(path.join(folder, 'store/server/node_modules'));
    await symlink('../store/graphql', path.join(folder, 'node_modules/graphql'));
    await symlink('../../store/server', path.join(folder, 'node_modules/@apollo/server'));
    await symlink('../../graphql', path.join(folder, 'store/server/node_modules/graphql'));
    expect(graphqlCopies(folder)).toMatchObject([{ path: 'store/graphql', usedBy: ['@apollo/server', 'tandem'] }]);
  });

  test('there is one here', async () => {
    const checks = await examineInstallation(loadConfig({}, '/dev/null'));
    expect(statusOf(checks, 'installation.graphql')).not.toBe('error');
    expect(statusOf(checks, 'installation.node')).toBe('ok');
    expect(statusOf(checks, 'installation.embedded')).toBe('ok');
  });

  test('what starts embedded databases is missed only where they are wanted', async () => {
    const folder = await project({ '.': { ...tandem, optionalDependencies: { 'mongodb-memory-server-core': '1' } } });
    const wanting = await examineInstallation(loadConfig({}, '/dev/null'), folder);
    expect(wanting.find(({ id }) => id === 'installation.embedded')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('an embedded PostgreSQL and MongoDB is not installed') as string,
    });
    const own = { DATABASE_URL: 'postgresql://localhost/shop', MONGODB_URI: 'mongodb://localhost/shop' };
    const named = await examineInstallation(loadConfig(own, '/dev/null'), folder);
    expect(statusOf(named, 'installation.embedded')).toBe('ok');
  });
});

describe('what is said of references', () => {
  const named = {
    nameOf: ({ from }: { from: string }) => from,
    databases: { postgres: 'DATABASE_URL (shop)', mongo: 'MONGODB_URI (shop)' },
    hides: () => false,
  };
  const sampled: Audit = {
    relation: orderUser,
    size: { rows: 1_234_567, isExact: false },
    method: 'sample',
    examined: 50_000,
    tally: {
      ...NO_ROWS,
      found: { count: 49_867, examples: [] },
      nobody: { count: 133, examples: [{ id: "a'b", reference: 'c'.repeat(900) }] },
    },
  };

  test('an estimate says that it is one, and of how many rows', () => {
    const { message, data } = describeAudit(sampled, named);
    expect(message).toBe(
      'orders.user: about 3,300 of about 1,230,000 orders point at nobody (an estimate: 50,000 rows sampled); here is one',
    );
    expect(data).toMatchObject({ method: 'sample', examined: 50_000, nobody: { count: 133, estimate: 3_300 } });
  });

  test('what people have stored is cut, and quoted where it is to be pasted', () => {
    const { details, remedy, data } = describeAudit(sampled, named);
    expect(details[0]?.length).toBeLessThan(150);
    expect(remedy).toMatch(/SELECT \* FROM "orders" WHERE "id" IN \('a''b'\)$/);
    expect(JSON.stringify(data).length).toBeLessThan(700);
  });

  test('documents are shown by a command of mongosh', () => {
    const tally = {
      ...sampled.tally,
      nobody: { count: 2, examples: [7, '0123456789abcdef01234567'].map((id) => ({ id, reference: '' })) },
    };
    expect(describeAudit({ ...sampled, relation: transactionUser, tally }, named).remedy).toContain(
      'db.getCollection("transactions").find({ _id: { $in: [7, ObjectId("0123456789abcdef01234567")] } })',
    );
  });

  test('a sample without a loss, and a source without rows, are well', () => {
    const tally = { ...NO_ROWS, found: { count: 49_000, examples: [] }, none: { count: 1_000, examples: [] } };
    expect(describeAudit({ ...sampled, tally }, named)).toMatchObject({
      status: 'ok',
      message: 'orders.user: every userId leads to one of users (50,000 rows sampled); about 25,000 have no userId',
    });
    const empty = {
      ...sampled,
      method: 'exact' as const,
      size: { rows: 0, isExact: true },
      examined: 0,
      tally: NO_ROWS,
    };
    expect(describeAudit(empty, named).message).toBe('orders.user: orders has no rows');
  });
});

describe('a check that fails', () => {
  test('is a finding, without traces and commands', async () => {
    const wrapped = new Error('Invalid invocation:\n\nRaw query failed. Code: `42501`. Message: `permission denied`');
    const [check] = await guarded('postgres.rows', () => Promise.reject(wrapped));
    expect(check).toMatchObject({ status: 'error', message: 'rows could not be looked at: permission denied' });
    expect(reasonOf(new Error('ERROR: no such thing\n   0: schema_core::x\n   at schema-engine/x.rs:266'))).toBe(
      'no such thing',
    );
    expect(reasonOf(new Error('not authorized on shop to execute command { count: "users", lsid: {} }'))).toBe(
      'not authorized on shop to run count',
    );
    expect(reasonOf(new Error('outside', { cause: new Error('inside.') }))).toBe('inside');
  });

  test('because it took too long is a warning', async () => {
    for (const message of ['canceling statement due to statement timeout', 'operation exceeded time limit']) {
      const [check] = await guarded('joins.orders.user', () => Promise.reject(new Error(message)));
      expect(check).toMatchObject({ status: 'warning', id: 'joins.orders.user' });
    }
  });

  test('says no password, however it is spelt', () => {
    expect(withoutPassword('no s3cr%40t and no s3cr@t', 'postgresql://me:s3cr%40t@host/db')).toBe('no *** and no ***');
    expect(withoutPassword('as it is', 'postgresql://host/db')).toBe('as it is');
  });
});

describe('the report', () => {
  const checks = [
    ok('installation.node', 'Node 20'),
    {
      ...failure('postgres.tables', 'orders \u001b[2J lacks "id"', 'ALTER TABLE', { about: 'orders' }),
      details: ['more'],
    },
    warning('mongo.topology', 'standalone', 'rs.initiate()'),
    skipped('joins.orders.user', 'not followed'),
  ];

  test('for people goes group by group, with each remedy, and sums up', () => {
    expect(describeChecks(checks)).toBe(`PostgreSQL
  ✖ orders \ufffd[2J lacks "id"
      more
    → ALTER TABLE

MongoDB
  ! standalone
    → rs.initiate()

Joins
  - not followed

This installation
  ✔ Node 20

1 error, 1 warning
`);
    expect(describeChecks([ok('joins.orders.user', 'fine')])).toBe('Joins\n  ✔ fine\n\nall is well\n');
  });

  test('for programs is one document of the shape that is documented', () => {
    const report = JSON.parse(checksAsJson(checks)) as Record<string, unknown>;
    expect(report).toEqual({
      shape: 1,
      errors: 1,
      warnings: 1,
      checks: [
        {
          id: 'postgres.tables',
          status: 'error',
          message: 'orders \u001b[2J lacks "id"',
          remedy: 'ALTER TABLE',
          data: { about: 'orders' },
        },
        { id: 'mongo.topology', status: 'warning', message: 'standalone', remedy: 'rs.initiate()', data: {} },
        { id: 'joins.orders.user', status: 'skipped', message: 'not followed', remedy: null, data: {} },
        { id: 'installation.node', status: 'ok', message: 'Node 20', remedy: null, data: {} },
      ],
    });
  });
});
