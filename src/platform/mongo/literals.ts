import Big from 'big.js';
import mongoose from 'mongoose';
import { normalizeKey } from '../../join/key.js';
import type { FieldKind } from '../../join/source.js';
import type { Scalar } from '../../join/filter.js';
import { DECIMAL_DIGITS } from './stored-values.js';

const { Decimal128 } = mongoose.mongo.BSON;

/** A filter's value as the server compares it with what is read; null where it can equal nothing that is read. */
export function literalOf(kind: FieldKind, value: Scalar): unknown {
  switch (kind) {
    case 'objectId':
    case 'uuid':
      return normalizeKey(kind, value);
    case 'decimal':
      return isExact(new Big(value as string)) ? Decimal128.fromString(String(value)) : null;
    case 'dateTime':
      return new Date(value as string);
    case 'int':
    case 'float':
    case 'boolean':
    case 'text':
      return value;
  }
}

export function literalsOf(kind: FieldKind, values: readonly Scalar[]): unknown[] {
  return values.map((value) => literalOf(kind, value)).filter((literal) => literal !== null);
}

type Relation = 'lt' | 'lte' | 'gt' | 'gte';

/**
 * The same comparison with a value that a Decimal128 can hold. Nothing that is read has more digits, so what is less
 * than a longer value is at most the next lower one.
 */
export function decimalBound(operator: Relation, value: string): { relation: Relation; bound: unknown } {
  const big = new Big(value);
  if (isExact(big)) return { relation: operator, bound: Decimal128.fromString(value) };
  const lower = big.prec(DECIMAL_DIGITS, big.s > 0 ? Big.roundDown : Big.roundUp);
  return { relation: operator.startsWith('lt') ? 'lte' : 'gt', bound: Decimal128.fromString(lower.toString()) };
}

function isExact(value: Big): boolean {
  return value.c.length <= DECIMAL_DIGITS;
}
