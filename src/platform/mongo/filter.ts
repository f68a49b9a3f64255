import type { Comparison, Condition, Filter, Scalar } from '../../join/filter.js';
import { fieldOf, storedName, type Source } from '../../join/source.js';
import { candidates } from './candidates.js';
import type { Document, Expression } from './document.js';
import { decimalBound, literalOf, literalsOf } from './literals.js';
import { reading } from './stored-values-in-queries.js';
import { insensitively, isPattern, textually } from './text-filter.js';

/**
 * A filter as a MongoDB query: a document is met by what is read of it (`reading`), whatever it stores. Beside each
 * such test stands a plain condition that loses nothing (`candidates`), so that an index finds the documents to test.
 * Values are literals: none of them is an operator.
 */
export function queryOf(source: Source, where: Filter | null): Document {
  if (where === null) return {};
  switch (where.kind) {
    case 'condition':
      return conditionOf(source, where);
    case 'all':
      return where.of.length === 0 ? {} : { $and: where.of.map((part) => queryOf(source, part)) };
    case 'any':
      return where.of.length === 0 ? NOTHING : { $or: where.of.map((part) => queryOf(source, part)) };
  }
}

const NOTHING = { _id: { $in: [] } };

function conditionOf(source: Source, condition: Condition): Document {
  const { kind } = fieldOf(source, condition.field);
  const name = storedName(source, condition.field);
  const value = reading(kind, `$${name}`);
  const { comparison, negated, insensitive } = condition;
  if (comparison.operator === 'isNull') return { $expr: { [negated ? '$ne' : '$eq']: [value, null] } };
  const holds = test(condition, source);
  const inside = { $cond: [{ $eq: ['$$value', null] }, false, negated ? { $not: [holds] } : holds] };
  const exact = { $expr: { $let: { vars: { value }, in: inside } } };
  const plain = negated || (insensitive && kind === 'text') ? null : candidates(kind, name, comparison);
  return plain === null ? exact : { $and: [plain, exact] };
}

/** The comparison of `$$value`, which is not null. */
function test({ field, comparison, insensitive }: Condition, source: Source): Expression {
  const { kind } = fieldOf(source, field);
  const { operator, value } = comparison as Exclude<Comparison, { operator: 'isNull' }>;
  const values = (Array.isArray(value) ? value : [value]) as readonly Scalar[];
  if (insensitive && kind === 'text')
    return { $or: values.map((one) => insensitively(operator, '$$value', String(one))) };
  if (isPattern(operator)) return textually(operator, '$$value', { $literal: String(value) });
  if (operator === 'in' || operator === 'equals') return { $in: ['$$value', { $literal: literalsOf(kind, values) }] };
  if (kind === 'decimal') {
    const { relation, bound } = decimalBound(operator, String(value));
    return { [`$${relation}`]: ['$$value', bound] };
  }
  return { [`$${operator}`]: ['$$value', { $literal: literalOf(kind, value) }] };
}
