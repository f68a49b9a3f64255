import type { Comparison, Condition, Filter, Scalar } from '../../join/filter.js';
import { fieldOf, storedName, type Source } from '../../join/source.js';
import { candidates } from './candidates.js';
import type { Document, Expression } from './document.js';
import { decimalBound, literalOf, literalsOf } from './literals.js';
import { areFormsListed, readsAsOneOf } from './stored-forms.js';
import { reading } from './stored-values-in-queries.js';
import { insensitively, isPattern, textually } from './text-filter.js';

/**
 * A filter as a MongoDB query: a document is met by what is read of it (`reading`), whatever it stores. Beside each
 * such test stands a plain condition that loses nothing (`candidates`), so that an index finds the documents to test.
 * Values are literals: none of them is an operator.
 */
export function queryOf(source: Source, where: Filter | null): Document {
  return { ...visible(source), ...(where === null ? {} : partOf(source, where)) };
}

/** The condition of documents that are not hidden; empty where a source hides none. */
export function visible({ hiddenBy }: Source): Document {
  return hiddenBy === null ? {} : { [hiddenBy]: null };
}

function partOf(source: Source, where: Filter): Document {
  switch (where.kind) {
    case 'condition':
      return conditionOf(source, where);
    case 'all':
      return where.of.length === 0 ? {} : { $and: where.of.map((part) => partOf(source, part)) };
    case 'any':
      return where.of.length === 0 ? NOTHING : { $or: where.of.map((part) => partOf(source, part)) };
  }
}

const NOTHING = { _id: { $in: [] } };

function conditionOf(source: Source, condition: Condition): Document {
  const { field, comparison, negated, insensitive } = condition;
  const { kind } = fieldOf(source, field);
  const name = storedName(source, field);
  const value = reading(kind, `$${name}`);
  const { operator } = comparison;
  if (operator === 'isNull') return { $expr: { [negated ? '$ne' : '$eq']: [value, null] } };
  const isCaseless = insensitive && kind === 'text';
  if ((operator === 'equals' || operator === 'in') && areFormsListed(kind) && !isCaseless) {
    const holds = readsAsOneOf(kind, name, literalsOf(kind, valuesOf(comparison)) as Scalar[]);
    return negated ? { $and: [{ $nor: [holds] }, { $expr: { $ne: [value, null] } }] } : holds;
  }
  const holds = test(condition, source);
  const inside = { $cond: [{ $eq: ['$$value', null] }, false, negated ? { $not: [holds] } : holds] };
  const exact = { $expr: { $let: { vars: { value }, in: inside } } };
  const plain = negated || isCaseless ? null : candidates(kind, name, comparison);
  return plain === null ? exact : { $and: [plain, exact] };
}

type WithValue = Exclude<Comparison, { operator: 'isNull' }>;

function valuesOf({ value }: WithValue): readonly Scalar[] {
  return typeof value === 'object' ? value : [value];
}

/** The comparison of `$$value`, which is not null. */
function test({ field, comparison, insensitive }: Condition, source: Source): Expression {
  const { kind } = fieldOf(source, field);
  const { operator, value } = comparison as WithValue;
  const values = valuesOf(comparison as WithValue);
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
