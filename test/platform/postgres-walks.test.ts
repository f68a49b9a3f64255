import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/join/cursor.js';
import type { Filter } from '../../src/join/filter.js';
import type { Page, PageRequest, Position } from '../../src/join/page.js';
import type { SortTerm } from '../../src/join/source.js';
import { compareRows, expectedList } from './postgres-oracle.js';
import { usePostgres } from './postgres-support.js';
import {
  asRecords,
  CREATE_THINGS,
  OWNER_KEYS,
  someFilter,
  someOrder,
  someThings,
  things,
  type Thing,
} from './postgres-things.js';
import { rounds } from '../support/long.js';

const postgres = usePostgres();
beforeAll(async () => {
  await postgres.sql(CREATE_THINGS);
});

const ALL = 1_000;
/** All of them: a field that is read must not get in the way of one that is sorted by. */
const FIELDS = new Set(Object.keys(things.fields));

async function store(rows: readonly Thing[]): Promise<void> {
  await postgres.sql('TRUNCATE things');
  await postgres.sql('INSERT INTO things SELECT * FROM json_populate_recordset(NULL::things, $1)', [asRecords(rows)]);
}

const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);
const idsOf = (page: Page<{ readonly id: string }>) => ids(page.rows.map(({ row }) => row));

function request(orderBy: readonly SortTerm[], more: Partial<PageRequest>): PageRequest {
  return { fields: FIELDS, where: null, limit: ALL, backward: false, after: null, before: null, orderBy, ...more };
}

/** A position on its way to a client and back. */
function sent(orderBy: readonly SortTerm[], position: Position | undefined): Position {
  const back = decodeCursor(things, orderBy, encodeCursor(things, orderBy, position ?? []));
  if (back === null || !postgres.reader.accepts(things, orderBy, back)) {
    throw new Error(`given out and not taken back: ${JSON.stringify(position)}`);
  }
  return back;
}

/** All ids of a list in its order, by pages of these sizes from one of its ends. */
async function walk(where: Filter, orderBy: readonly SortTerm[], sizes: readonly number[], backward: boolean) {
  const seen: string[][] = [];
  let from: Position | null = null;
  for (let at = 0; ; at += 1) {
    const limit = sizes[at % sizes.length] ?? 1;
    const bound: Partial<PageRequest> = backward ? { before: from } : { after: from };
    const page: Page<{ readonly id: string }> = await postgres.reader.findPage(
      things,
      request(orderBy, { where, limit, backward, ...bound }),
    );
    seen.push(idsOf(page));
    expect(backward ? page.hasNextPage : page.hasPreviousPage).toBe(at > 0);
    if (!(backward ? page.hasPreviousPage : page.hasNextPage)) return (backward ? seen.reverse() : seen).flat();
    expect(page.rows).toHaveLength(limit);
    from = sent(orderBy, page.rows.at(backward ? 0 : -1)?.position);
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 });

test('a walk by pages of any size, in any order, under any filter, finds each row once, from either end', async () => {
  const property = fc.asyncProperty(
    someThings,
    someOrder,
    someFilter,
    sizes,
    async (rows, orderBy, where, pageSizes) => {
      await store(rows);
      const expected = ids(expectedList(rows, where, orderBy));
      expect(await walk(where, orderBy, pageSizes, false)).toEqual(expected);
      expect(await walk(where, orderBy, pageSizes, true)).toEqual(expected);
      expect(await postgres.reader.count(things, where)).toBe(expected.length);
    },
  );
  await fc.assert(property, { numRuns: rounds(40, 300) });
});

/** What lies between two rows of a sorted list, and the page of it that is wanted. */
interface Stretch {
  readonly limit: number;
  readonly backward: boolean;
  readonly after: Thing | null;
  readonly before: Thing | null;
}

function expectedPage(
  list: readonly Thing[],
  orderBy: readonly SortTerm[],
  { limit, backward, after, before }: Stretch,
) {
  const between = list.filter(
    (row) =>
      (after === null || compareRows(orderBy, row, after) > 0) &&
      (before === null || compareRows(orderBy, row, before) < 0),
  );
  const goesOn = between.length > limit;
  return {
    ids: ids(backward ? between.slice(Math.max(0, between.length - limit)) : between.slice(0, limit)),
    hasNextPage: backward ? before !== null : goesOn,
    hasPreviousPage: backward ? goesOn : after !== null,
  };
}

function shape(page: Page<{ readonly id: string }> = { rows: [], hasNextPage: false, hasPreviousPage: false }) {
  return { ids: idsOf(page), hasNextPage: page.hasNextPage, hasPreviousPage: page.hasPreviousPage };
}

const someRow = fc.option(fc.nat(), { freq: 2 });
const someStretch = fc.record({
  limit: fc.integer({ min: 0, max: 5 }),
  backward: fc.boolean(),
  after: someRow,
  before: someRow,
});

test('a page between any two positions, of the whole list and of each key, is what lies between them', async () => {
  const where = fc.option(someFilter, { freq: 3 });
  const property = fc.asyncProperty(
    someThings,
    someOrder,
    where,
    someStretch,
    async (rows, orderBy, where, numbers) => {
      await store(rows);
      const row = (number: number | null) => (number === null ? null : (rows[number % rows.length] ?? null));
      const stretch: Stretch = { ...numbers, after: row(numbers.after), before: row(numbers.before) };
      const places = (await postgres.reader.findPage(things, request(orderBy, {}))).rows;
      const position = (mark: Thing | null) =>
        mark === null ? null : sent(orderBy, places.find(({ row }) => row.id === mark.id)?.position);
      const asked = request(orderBy, {
        where,
        limit: stretch.limit,
        backward: stretch.backward,
        after: position(stretch.after),
        before: position(stretch.before),
      });

      const page = await postgres.reader.findPage(things, asked);
      expect(shape(page)).toEqual(expectedPage(expectedList(rows, where, orderBy), orderBy, stretch));
      const pages = await postgres.reader.findPages(things, 'owner', OWNER_KEYS, asked);
      const counts = await postgres.reader.countByKeys(things, 'owner', OWNER_KEYS, where);
      for (const key of OWNER_KEYS) {
        const own = rows.filter((row) => row['owner']?.toLowerCase() === key);
        const list = expectedList(own, where, orderBy);
        expect(shape(pages.get(key))).toEqual(expectedPage(list, orderBy, stretch));
        expect(counts.get(key) ?? 0).toBe(list.length);
      }
    },
  );
  await fc.assert(property, { numRuns: rounds(40, 300) });
});
