import fc from 'fast-check';
import { expect, test } from 'vitest';
import { referringTo } from '../../src/join/list.js';
import { normalizeKey } from '../../src/join/key.js';
import type { RowOf } from '../../src/join/source.js';
import { child, childParent, firstOf, NAME, parent, type parents } from './family.js';
import { memoryJoins } from './memory-reader.js';

const id = fc
  .tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean())
  .map(([digit, isUpper]) => (isUpper ? digit.toUpperCase() : digit).repeat(24));
const reference = fc.oneof(id, id, fc.constant(null), fc.string({ maxLength: 30 }));
const poison = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 2 });

test('whatever the keys, each slot holds its own row, null, or the error of its own key', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(reference, { maxLength: 60 }), fc.uniqueArray(id), poison, async (keys, there, bad) => {
      const rows: RowOf<typeof parents>[] = there.map(parent);
      const poisoned = new Set(bad.map((digit) => digit.repeat(24)));
      const { joins, asked } = memoryJoins(rows, { poison: poisoned });
      const slots = await Promise.allSettled(keys.map((key) => joins.one(childParent, child(key), NAME)));
      for (const [at, slot] of slots.entries()) {
        const key = normalizeKey('objectId', keys[at] ?? null);
        const isPoisoned = key !== null && poisoned.has(key);
        expect(slot.status).toBe(isPoisoned ? 'rejected' : 'fulfilled');
        if (slot.status === 'rejected') continue;
        const expected = rows.filter((row) => row.id.toLowerCase() === key);
        expect(slot.value === null ? expected : expected.includes(slot.value)).toEqual(slot.value === null ? [] : true);
      }
      const wanted = new Set(keys.map((key) => normalizeKey('objectId', key)).filter((key) => key !== null));
      if (poisoned.size === 0) expect(asked.length).toBe(wanted.size === 0 ? 0 : 1);
      expect(asked[0]?.keys.toSorted() ?? []).toEqual([...wanted].sort());
    }),
  );
});

test('whatever the rows, each parent gets its own children, as many as fit, and their count', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(reference),
      fc.array(id),
      fc.integer({ min: 1, max: 5 }),
      async (references, ids, limit) => {
        const { joins, asked } = memoryJoins(
          references.map((parentId, at) => ({ ...child(parentId), id: String(at) })),
        );
        const pages = await Promise.all(
          ids.map((one) => joins.page(referringTo(childParent, parent(one)), firstOf(limit))),
        );
        const counts = await Promise.all(ids.map((one) => joins.count(referringTo(childParent, parent(one)), null)));
        for (const [at, one] of ids.entries()) {
          const own = references.filter((parentId) => parentId?.toLowerCase() === one.toLowerCase()).length;
          expect(counts[at]).toBe(own);
          expect(pages[at]?.rows).toHaveLength(Math.min(own, limit));
          for (const { row } of pages[at]?.rows ?? []) expect(row.parentId?.toLowerCase()).toBe(one.toLowerCase());
        }
        expect(asked.length).toBe(ids.length === 0 ? 0 : 2);
      },
    ),
  );
});
