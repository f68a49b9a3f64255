import fc from 'fast-check';
import { expect, test } from 'vitest';
import { all, any, condition, not, type Filter } from '../../src/join/filter.js';

/** Kleene's logic: null is "unknown". */
type Truth = boolean | null;

type Row = Readonly<Record<string, number | null>>;

function truth(filter: Filter, row: Row): Truth {
  if (filter.kind === 'condition') return ofCondition(filter, row);
  const truths = filter.of.map((one) => truth(one, row));
  const decisive = filter.kind === 'any';
  if (truths.includes(decisive)) return decisive;
  return truths.includes(null) ? null : !decisive;
}

function ofCondition({ field, comparison, negated }: Filter & { kind: 'condition' }, row: Row): Truth {
  const value = row[field] ?? null;
  if (comparison.operator === 'isNull') return (value === null) !== negated;
  if (value === null) return null;
  const holds = comparison.operator === 'in' ? comparison.value.includes(value) : comparison.value === value;
  return holds !== negated;
}

const field = fc.constantFrom('a', 'b');
const value = fc.integer({ min: 0, max: 2 });
const leaf = fc.oneof(
  fc.tuple(field, value).map(([name, one]) => condition(name, { operator: 'equals', value: one })),
  fc.tuple(field, fc.array(value)).map(([name, some]) => condition(name, { operator: 'in', value: some })),
  field.map((name) => condition(name, { operator: 'isNull' })),
);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('filter'), { maxLength: 3 }).map(all),
    fc.array(tie('filter'), { maxLength: 3 }).map(any),
    tie('filter').map(not),
  ),
}));
const row = fc.record({ a: fc.option(value), b: fc.option(value) });

test('not(filter) is true of just the rows of which the filter is false; where it is unknown, neither holds', () => {
  fc.assert(
    fc.property(filter, row, (one, of) => {
      const plain = truth(one, of);
      expect(truth(not(one), of)).toBe(plain === null ? null : !plain);
    }),
  );
});
