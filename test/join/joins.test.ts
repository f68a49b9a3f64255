import { describe, expect, test } from 'vitest';
import { Joins } from '../../src/join/joins.js';
import { defineMany, defineOne } from '../../src/join/relation.js';
import { defineSource, type Page, type PageRequest, type SourceReader } from '../../src/join/source.js';

interface Parent {
  readonly id: string;
  readonly childId: string | null;
}
interface Child {
  readonly id: string;
}

const ORDER_BY = [{ field: 'id', direction: 'asc' }] as const;
const parents = defineSource<Parent>({
  name: 'parents',
  database: 'postgres',
  from: 'parents',
  key: 'id',
  fields: { id: { kind: 'text' }, childId: { kind: 'objectId' } },
  orderBy: ORDER_BY,
});
const children = defineSource<Child>({
  name: 'children',
  database: 'mongo',
  from: 'children',
  key: 'id',
  fields: { id: { kind: 'objectId' }, name: { kind: 'text' }, age: { kind: 'int' } },
  orderBy: ORDER_BY,
});
const parentChild = defineOne({ name: 'child', from: parents, field: 'childId', to: children, target: 'id' });
const parentChildren = defineMany({ name: 'children', from: parents, field: 'childId', to: children, target: 'id' });

const ID = (digit: string) => digit.repeat(24);
const NAME = new Set(['name']);

/** What a reader was asked, in order. */
interface Asked {
  method: string;
  keys: readonly string[];
  fields?: string[];
}

/** A reader that has a row for each key but those of `missing`, in the reverse order, and fails while it is told to. */
function reader({ missing = [] as string[], fails = (): boolean => false } = {}) {
  const asked: Asked[] = [];
  const there = (keys: readonly string[]) => keys.filter((key) => !missing.includes(key)).toReversed();
  const note = (entry: Asked) => {
    asked.push(entry);
    if (fails()) throw new Error('the database is away');
  };
  const source: SourceReader = {
    async findByKeys<R extends object>(
      _source: object,
      _field: string,
      keys: readonly string[],
      fields: ReadonlySet<string>,
    ) {
      note({ method: 'findByKeys', keys, fields: [...fields].sort() });
      return there(keys).map((id) => ({ id: id.toUpperCase() })) as unknown as R[];
    },
    async findPages<R extends object>(
      _source: object,
      _field: string,
      keys: readonly string[],
      { first }: PageRequest,
    ) {
      note({ method: `findPages first ${first}`, keys });
      const page = (id: string): Page<R> => ({ rows: [{ row: { id } as R, position: [id] }], hasNextPage: false });
      return new Map(there(keys).map((id) => [id, page(id)]));
    },
    async countByKeys(_source, _field, keys) {
      note({ method: 'countByKeys', keys });
      return new Map(there(keys).map((key) => [key, 7]));
    },
    accepts: () => true,
    findPage: () => Promise.reject(new Error('no test asks for it')),
    count: () => Promise.reject(new Error('no test asks for it')),
  };
  return { asked, joins: new Joins({ postgres: source, mongo: source }) };
}

const parent = (childId: string | null): Parent => ({ id: 'p', childId });

describe('one', () => {
  test('every key gets its slot, in any order, with duplicates, missing and malformed ones, at one statement', async () => {
    const { joins, asked } = reader({ missing: [ID('b')] });
    const keys = [ID('c'), ID('a'), ID('b'), 'malformed', null, ID('A'), ID('c')];
    const found = await Promise.all(keys.map((key) => joins.one(parentChild, parent(key), NAME)));
    expect(found.map((row) => row?.id ?? null)).toEqual([ID('C'), ID('A'), null, null, null, ID('A'), ID('C')]);
    expect(asked).toEqual([{ method: 'findByKeys', keys: [ID('c'), ID('a'), ID('b')], fields: ['name'] }]);
  });

  test('different fields of one level are read together', async () => {
    const { joins, asked } = reader();
    await Promise.all([
      joins.one(parentChild, parent(ID('a')), NAME),
      joins.one(parentChild, parent(ID('a')), new Set(['age'])),
    ]);
    expect(asked).toEqual([{ method: 'findByKeys', keys: [ID('a')], fields: ['age', 'name'] }]);
  });

  test('what was loaded is not asked for again, until a write to its source', async () => {
    const { joins, asked } = reader();
    const ask = () => joins.one(parentChild, parent(ID('a')), NAME);
    await ask();
    await ask();
    joins.forget(parents);
    await ask();
    expect(asked).toHaveLength(1);
    joins.forget(children);
    await ask();
    expect(asked).toHaveLength(2);
  });

  test('a statement that fails fails its keys, and is asked again by the next', async () => {
    let away = true;
    const { joins } = reader({ fails: () => away });
    const ask = () => joins.one(parentChild, parent(ID('a')), NAME);
    await expect(ask()).rejects.toThrow('the database is away');
    away = false;
    await expect(ask()).resolves.toMatchObject({ id: ID('A') });
  });

  test('two requests share nothing', async () => {
    const first = reader();
    const second = reader();
    await first.joins.one(parentChild, parent(ID('a')), NAME);
    await second.joins.one(parentChild, parent(ID('a')), NAME);
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
  });
});

describe('many', () => {
  const page = (first: number): PageRequest => ({ first, after: null, fields: NAME });

  test('pages of one stretch are one statement, of two stretches two', async () => {
    const { joins, asked } = reader({ missing: [ID('b')] });
    const pages = await Promise.all([
      joins.many(parentChildren, parent(ID('a')), page(1)),
      joins.many(parentChildren, parent(ID('b')), page(1)),
      joins.many(parentChildren, parent(null), page(1)),
      joins.many(parentChildren, parent(ID('a')), page(2)),
    ]);
    expect(pages.map(({ rows }) => rows.length)).toEqual([1, 0, 0, 1]);
    expect(asked).toEqual([
      { method: 'findPages first 1', keys: [ID('a'), ID('b')] },
      { method: 'findPages first 2', keys: [ID('a')] },
    ]);
  });

  test('counts are one statement; a key without rows has none', async () => {
    const { joins, asked } = reader({ missing: [ID('b')] });
    const counts = [ID('a'), ID('b'), 'malformed'].map((key) => joins.count(parentChildren, parent(key)));
    expect(await Promise.all(counts)).toEqual([7, 0, 0]);
    expect(asked).toEqual([{ method: 'countByKeys', keys: [ID('a'), ID('b')] }]);
  });
});

describe('a declaration that cannot hold', () => {
  test('a relation over a field that is not there is refused at once', () => {
    expect(() => defineOne({ name: 'x', from: parents, field: 'nope', to: children, target: 'id' })).toThrow(
      /no field "nope"/,
    );
  });

  test('an order that does not end with the key is refused: rows that tie would be lost', () => {
    const source = { ...children, name: 'unordered', orderBy: [{ field: 'name', direction: 'asc' as const }] };
    expect(() => defineSource(source)).toThrow(/end with the key/);
  });
});
