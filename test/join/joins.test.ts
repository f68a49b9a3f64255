import { describe, expect, test } from 'vitest';
import { referringTo, rowsOf } from '../../src/join/list.js';
import { defineRelation } from '../../src/join/relation.js';
import { child, childParent, children, firstOf, ID, NAME, parent, parents } from './family.js';
import { memoryJoins } from './memory-reader.js';

describe('one', () => {
  test('every key gets its slot, in any order, with duplicates, missing and malformed ones, at one statement', async () => {
    const { joins, asked } = memoryJoins([parent(ID('a')), parent(ID('C'))]);
    const keys = [ID('c'), ID('a'), ID('b'), 'malformed', null, ID('A'), ID('c')];
    const found = await Promise.all(keys.map((key) => joins.one(childParent, child(key), NAME)));
    expect(found.map((row) => row?.id ?? null)).toEqual([ID('C'), ID('a'), null, null, null, ID('a'), ID('C')]);
    expect(asked).toEqual([{ method: 'findByKeys', keys: [ID('c'), ID('a'), ID('b')], fields: ['name'] }]);
  });

  test('different fields of one level are read together', async () => {
    const { joins, asked } = memoryJoins([]);
    await Promise.all([NAME, new Set(['age'])].map((fields) => joins.one(childParent, child(ID('a')), fields)));
    expect(asked).toEqual([{ method: 'findByKeys', keys: [ID('a')], fields: ['age', 'name'] }]);
  });

  test('what was loaded is not asked for again, until a write to its source', async () => {
    const { joins, asked } = memoryJoins([]);
    const ask = () => joins.one(childParent, child(ID('a')), NAME);
    await ask();
    await ask();
    await joins.writing(children, () => Promise.resolve());
    await ask();
    expect(asked).toHaveLength(1);
    await joins.writing(parents, () => Promise.reject(new Error('unknown'))).catch(() => undefined);
    await ask();
    expect(asked).toHaveLength(2);
  });

  test('a statement that fails fails its keys, and is asked again by the next', async () => {
    let away = true;
    const { joins } = memoryJoins([parent(ID('a'))], { isAway: () => away });
    const ask = () => joins.one(childParent, child(ID('a')), NAME);
    await expect(ask()).rejects.toThrow('away');
    away = false;
    await expect(ask()).resolves.toMatchObject({ id: ID('a') });
  });

  test('a database that is away is asked once, not once for each key', async () => {
    const { joins, asked } = memoryJoins([], { isAway: () => true });
    await Promise.allSettled(['a', 'b', 'c'].map((digit) => joins.one(childParent, child(ID(digit)), NAME)));
    expect(asked).toHaveLength(1);
  });

  test('a key that makes its statement fail fails alone', async () => {
    const { joins } = memoryJoins(
      ['a', 'b', 'c', 'd', 'e'].map((digit) => parent(ID(digit))),
      { poison: new Set([ID('c')]) },
    );
    const found = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e'].map((digit) => joins.one(childParent, child(ID(digit)), NAME)),
    );
    expect(found.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, true]);
  });

  test('two requests share nothing', async () => {
    const [first, second] = [memoryJoins([]), memoryJoins([])];
    await first.joins.one(childParent, child(ID('a')), NAME);
    await second.joins.one(childParent, child(ID('a')), NAME);
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
  });
});

describe('many', () => {
  test('pages of one stretch are one statement, of two stretches two', async () => {
    const { joins, asked } = memoryJoins([child(ID('a')), child(ID('a'))]);
    const pages = await Promise.all([
      joins.page(referringTo(childParent, parent(ID('a'))), firstOf(1)),
      joins.page(referringTo(childParent, parent(ID('b'))), firstOf(1)),
      joins.page(referringTo(childParent, parent('malformed')), firstOf(1)),
      joins.page(referringTo(childParent, parent(ID('A'))), firstOf(2)),
    ]);
    expect(pages.map(({ rows }) => rows.length)).toEqual([1, 0, 0, 2]);
    expect(asked).toEqual([
      { method: 'findPages 1', keys: [ID('a'), ID('b')], fields: ['name'] },
      { method: 'findPages 2', keys: [ID('a')], fields: ['name'] },
    ]);
  });

  test('counts are one statement; a key without rows has none', async () => {
    const { joins, asked } = memoryJoins([child(ID('a'))]);
    const counts = [ID('a'), ID('b'), 'malformed'].map((key) =>
      joins.count(referringTo(childParent, parent(key)), null),
    );
    expect(await Promise.all(counts)).toEqual([1, 0, 0]);
    expect(asked).toEqual([{ method: 'countByKeys', keys: [ID('a'), ID('b')], fields: [] }]);
  });
});

test('a list that is asked for twice in one level is one statement, with the fields of both', async () => {
  const { joins, asked } = memoryJoins([]);
  await Promise.all([
    joins.page(rowsOf(children), firstOf(1)),
    joins.page(rowsOf(children), { ...firstOf(1), fields: new Set(['parentId']) }),
    joins.count(rowsOf(children), null),
    joins.count(rowsOf(children), null),
  ]);
  expect(asked).toEqual([
    { method: 'findPage 1', keys: [], fields: ['name', 'parentId'] },
    { method: 'count', keys: [], fields: [] },
  ]);
});

test('a row that was read without its reference is refused: nobody would be there, and nobody would know why', async () => {
  const { joins } = memoryJoins([]);
  await expect(joins.one(childParent, { id: 'c' } as ReturnType<typeof child>, NAME)).rejects.toThrow(/parentId/);
  expect(() => referringTo(childParent, { name: 'Ada' })).toThrow(/"id"/);
});

test('a page that nothing is wanted of is no statement', async () => {
  const { joins, asked } = memoryJoins([child(ID('a'))]);
  expect((await joins.page(rowsOf(children), firstOf(0))).rows).toEqual([]);
  expect(asked).toEqual([]);
});

describe('a relation that cannot hold is refused at once', () => {
  const from = { ...childParent };

  test('over a field that is not there', () => {
    expect(() => defineRelation({ ...from, field: 'nope' as 'parentId' })).toThrow(/no field "nope"/);
  });

  test('over keys of two kinds', () => {
    expect(() => defineRelation({ ...from, field: 'id' })).toThrow(/parents.*objectId|of kind text.*objectId/);
  });
});
