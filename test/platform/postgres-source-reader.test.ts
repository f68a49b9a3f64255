import { beforeEach, describe, expect, test } from 'vitest';
import { orders, type Order } from '../../src/domains/order/order.source.js';
import { AppError } from '../../src/errors/app-error.js';
import {
  dateTime,
  defineSource,
  endingWithKey,
  float,
  int,
  nullable,
  text,
  uuid,
  type Source,
} from '../../src/join/source.js';
import { condition } from '../../src/join/filter.js';
import { reversed, type Page, type PageRequest, type Position } from '../../src/join/page.js';
import { ADA, asked, BOB, order, usePostgres } from './postgres-support.js';

const postgres = usePostgres();
beforeEach(() => postgres.sql('TRUNCATE orders'));

describe('pages', () => {
  test('five rows of one millisecond lie on both sides of a page border, and none is lost or doubled', async () => {
    for (const micro of ['000', '001', '001', '500', '999'])
      await order(postgres, ADA, `2024-01-01 00:00:00.123${micro}+00`);
    for (const backward of [false, true]) {
      const seen: string[] = [];
      let at: Position | null = null;
      do {
        const bound: Partial<PageRequest> = backward ? { before: at } : { after: at };
        const page: Page<Order> = await postgres.reader.findPage(
          orders,
          asked(orders, { limit: 2, backward, ...bound }),
        );
        seen.push(...page.rows.map(({ row }) => row.id));
        at = (backward ? page.hasPreviousPage : page.hasNextPage)
          ? (page.rows.at(backward ? 0 : -1)?.position ?? null)
          : null;
      } while (at !== null);
      expect(new Set(seen).size).toBe(5);
      expect(seen).toHaveLength(5);
    }
  });

  test('money is sorted as a number, though it is read as a text', async () => {
    await postgres.sql(
      `INSERT INTO orders ("userId", "orderNumber", "total") SELECT $1, n, n FROM unnest(ARRAY[9, 10, 100]) n`,
      [ADA],
    );
    const orderBy = endingWithKey([{ field: 'total', direction: 'asc' }]);
    const page = await postgres.reader.findPage(orders, asked(orders, { orderBy, fields: new Set(['total']) }));
    expect(page.rows.map(({ row }) => row.total)).toEqual(['9.00', '10.00', '100.00']);
  });

  test('null is the smallest value of a field that may be without one', async () => {
    for (const [name, number] of [
      [null, 1],
      ['a', 2],
      ['', 3],
    ] as const)
      await postgres.sql(`INSERT INTO orders ("userId", "orderNumber", "total", "userName") VALUES ($1, $2, 1, $3)`, [
        ADA,
        number,
        name,
      ]);
    const orderBy = endingWithKey([{ field: 'userName', direction: 'asc' }]);
    const names = async (terms: PageRequest['orderBy']) => {
      const request = asked(orders, { orderBy: terms, fields: new Set(['userName']) });
      return (await postgres.reader.findPage(orders, request)).rows.map(({ row }) => row.userName);
    };
    expect(await names(orderBy)).toEqual([null, '', 'a']);
    expect(await names(reversed(orderBy))).toEqual(['a', '', null]);
  });

  test('an adopted table holds nulls where none should be: newest first, they are found first', async () => {
    const name = 'adopted_nulls';
    const adopted: Source<Order> = { ...orders, from: name };
    await postgres.sql(`CREATE TABLE ${name} (LIKE orders INCLUDING ALL)`);
    await postgres.sql(`ALTER TABLE ${name} ALTER "createdAt" DROP NOT NULL`);
    await postgres.sql(
      `INSERT INTO ${name} ("userId", "orderNumber", "total", "createdAt")
       SELECT $1, n, 1, CASE WHEN n > 3 THEN now() + n * interval '1 second' END FROM generate_series(1, 7) n`,
      [ADA],
    );
    const seen: (string | null | undefined)[] = [];
    let after: Position | null = null;
    for (;;) {
      const page: Page<Order> = await postgres.reader.findPage(
        adopted,
        asked(adopted, { limit: 2, after, fields: new Set(['orderNumber', 'createdAt']) }),
      );
      seen.push(...page.rows.map(({ row }) => ((row.createdAt as Date | null) === null ? null : row.orderNumber)));
      if (!page.hasNextPage) break;
      after = page.rows.at(-1)?.position ?? null;
    }
    expect(seen).toEqual([null, null, null, '7', '6', '5', '4']);
  });
});

describe('keys', () => {
  test('an id of MongoDB is found in whatever case it was written, and goes out in lower case', async () => {
    await order(postgres, ADA.toUpperCase(), '2024-01-01');
    await order(postgres, 'not an id', '2024-01-02');
    const rows = await postgres.reader.findByKeys(orders, 'userId', [ADA, BOB], new Set(['total']), null);
    expect(rows.map(({ userId, total }) => [userId, total])).toEqual([[ADA, '10.00']]);
    expect(await postgres.reader.countByKeys(orders, 'userId', [ADA, BOB], null)).toEqual(new Map([[ADA, 1]]));
    const pages = await postgres.reader.findPages(orders, 'userId', [ADA, BOB], asked(orders));
    expect([pages.get(ADA)?.rows.length, pages.get(BOB)?.rows.length ?? 0]).toEqual([1, 0]);
  });

  test('whole numbers are keys in columns of any width, and come as numbers', async () => {
    const numbered = (from: string) =>
      defineSource({
        name: 'numbered',
        type: 'Numbered',
        description: '',
        database: 'postgres',
        from,
        fields: { id: int(''), name: nullable(text('')) },
      });
    for (const type of ['smallint', 'int', 'bigint']) {
      await postgres.sql(`CREATE TABLE "numbered ${type}" (id ${type} PRIMARY KEY, name text)`);
      await postgres.sql(`INSERT INTO "numbered ${type}" SELECT n, n FROM generate_series(-1, 5) n`);
      const source = numbered(`numbered ${type}`);
      const rows = await postgres.reader.findByKeys(
        source,
        'id',
        ['-1', '5', '999999999999999'],
        new Set(['name']),
        null,
      );
      expect(new Set(rows)).toEqual(
        new Set([
          { id: -1, name: '-1' },
          { id: 5, name: '5' },
        ]),
      );
      const pages = await postgres.reader.findPages(source, 'id', ['-1', '4000000000'], asked(source));
      expect(pages.get('-1')?.rows).toEqual([{ row: { id: -1 }, position: ['-1'] }]);
    }
  });

  test('whatever a people’s table has its texts, numbers and times in, they are filtered, sorted and paged by', async () => {
    const odd = defineSource({
      name: 'odd',
      type: 'Odd',
      description: '',
      database: 'postgres',
      fields: {
        id: uuid(''),
        state: text(''),
        code: text(''),
        share: float(''),
        ratio: float(''),
        day: dateTime(''),
        local: dateTime(''),
      },
    });
    await postgres.sql(`CREATE TYPE state AS ENUM ('open', 'closed')`);
    await postgres.sql(
      `CREATE TABLE odd (id uuid DEFAULT gen_random_uuid(), state state, code char(5), share numeric, ratio real, day date, local timestamp)`,
    );
    await postgres.sql(
      `INSERT INTO odd (state, code, share, ratio, day, local)
       SELECT (ARRAY['open', 'closed'])[n % 2 + 1]::state, 'c' || n % 3, 0.1 + n % 3, 0.1 + n % 3,
         date '2024-01-01' + n % 3, timestamp '2024-01-01 12:00:00.000001' + n % 3 * interval '1 day'
       FROM generate_series(1, 9) n`,
    );
    for (const field of Object.keys(odd.fields)) {
      const orderBy = endingWithKey([{ field, direction: 'asc' }]);
      const seen = new Set<unknown>();
      let after: Position | null = null;
      do {
        const page: Page<{ readonly id: string }> = await postgres.reader.findPage(
          odd,
          asked(odd, { orderBy, after, limit: 2 }),
        );
        for (const { row } of page.rows) seen.add(row.id);
        after = page.hasNextPage ? (page.rows.at(-1)?.position ?? null) : null;
        expect(after === null || postgres.reader.accepts(odd, orderBy, after)).toBe(true);
      } while (after !== null);
      expect([field, seen.size]).toEqual([field, 9]);
    }
    const [first] = await postgres.reader
      .findPage(odd, asked(odd, { fields: new Set(Object.keys(odd.fields)) }))
      .then(({ rows }) => rows.map(({ row }) => row));
    for (const [field, value] of Object.entries(first ?? {})) {
      // Of char(n), trailing blanks do not count.
      const scalar = value instanceof Date ? value.toISOString() : typeof value === 'string' ? value.trimEnd() : value;
      const shown = condition(field, { operator: 'equals', value: scalar });
      expect([field, await postgres.reader.count(odd, shown)]).not.toEqual([field, 0]);
    }
  });
});

describe('failures', () => {
  const failing = (statement: string): Promise<unknown> =>
    postgres.database.query(statement).then(
      () => null,
      (error: unknown) => error,
    );

  test("a value that cannot be cast or computed may be one row's fault; anything else is nobody's", async () => {
    const { reader } = postgres;
    for (const fault of [`SELECT 'x'::int`, 'SELECT 1 / 0', `SELECT '2024-02-30'::date`, 'SELECT 40000::smallint'])
      expect([fault, reader.isKeysFault(await failing(fault))]).toEqual([fault, true]);
    for (const fault of ['SELECT nothing', 'SELECT 1 FROM nowhere', 'SELEC'])
      expect([fault, reader.isKeysFault(await failing(fault))]).toEqual([fault, false]);
    const cause = await failing(`SELECT 'x'::int`);
    expect(reader.isKeysFault(new AppError('POSTGRES_UNAVAILABLE', 'away', { cause }))).toBe(false);
    for (const odd of ['text', new Error('x')]) expect(reader.isKeysFault(odd)).toBe(false);
  });
});
