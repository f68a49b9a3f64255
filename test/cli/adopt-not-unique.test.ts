import { expect, test } from 'vitest';
import { main as migrate } from '../../src/cli/migrate.js';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform } from '../../src/platform/platform.js';
import { createScope } from '../../src/scope.js';
import { useEmptyDatabases } from '../support/empty-databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';
import { run } from './commands-support.js';
import { Diagnosis } from './doctor-support.js';

const addresses = useEmptyDatabases();
const query = (...statements: string[]) => sql(addresses.databaseUrl, ...statements);

const COLUMNS = `id uuid NOT NULL, "userId" varchar(255) NOT NULL, "orderNumber" varchar(255) NOT NULL,
  total numeric(10,2) NOT NULL, "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL`;
const rows = (table: string, year: number) => `
  INSERT INTO ${table} SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'u', 'N' || n, 1, '${year}-01-01', now()
  FROM generate_series(1, 2) n`;

test.each([
  [
    'partitioned by time',
    [
      `CREATE TABLE orders (${COLUMNS}, PRIMARY KEY (id, "createdAt")) PARTITION BY RANGE ("createdAt")`,
      `CREATE TABLE orders_before PARTITION OF orders FOR VALUES FROM (MINVALUE) TO ('2025-01-01')`,
      `CREATE TABLE orders_since PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)`,
      rows('orders', 2024),
      rows('orders', 2026),
    ],
  ],
  [
    'that another table inherits from',
    [
      `CREATE TABLE orders (${COLUMNS}, PRIMARY KEY (id), UNIQUE ("orderNumber"))`,
      'CREATE TABLE old_orders () INHERITS (orders)',
      rows('old_orders', 2024),
      rows('orders', 2026),
    ],
  ],
])('a table %s is adopted with every row, and the doctor counts what is doubled', async (_, statements) => {
  await query(...statements);
  const dry = await run(migrate, addresses, '--dry-run');
  expect(dry.printed).toContain('no index keeps rows of orders from sharing one "id"');
  await run(migrate, addresses);
  expect(await query('SELECT count(*)::int FROM orders')).toEqual([{ count: 4 }]);
  const diagnosis = await Diagnosis.of(addresses);
  const found = diagnosis.of('postgres.tables').filter(({ message }) => message.includes('share'));
  expect(found.map(({ status }) => status)).toEqual(['warning', 'warning']);
  expect(found.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^4 rows of orders share 2 values of "id": /) as string,
    '4 rows of orders share 2 values of "orderNumber": "N1", "N2"',
  ]);

  await using platform = await openPlatform({ ...addresses, logger: createLogger('silent') });
  const user = await new Seed({ platform }).user();
  const { ordering } = createScope(platform);
  expect(await ordering.createOrder({ userId: user.id, total: '1', orderNumber: 'N1' })).toMatchObject({
    kind: 'orderNumberTaken',
  });
  const created = await ordering.createOrder({ userId: user.id, total: '1' });
  expect(created).toMatchObject({ kind: 'created' });
  await expect(ordering.deleteOrder('00000000-0000-4000-8000-000000000001')).rejects.toMatchObject({
    code: 'NOT_UNIQUE',
  });
});
