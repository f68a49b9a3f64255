import Big from 'big.js';
import mongoose from 'mongoose';
import type { FieldKind } from '../../join/source.js';
import type { Comparison, Scalar } from '../../join/filter.js';
import type { Document } from './document.js';
import { literalsOf } from './literals.js';
import { beginningWith } from './text-filter.js';
import { DECIMAL_DIGITS } from './stored-values.js';

const { Decimal128 } = mongoose.mongo.BSON;

/**
 * A plain condition of all documents whose field can read as what is asked for, and of few others: an index serves it,
 * and the exact test beside it decides. Values of the types in which people store such a field by mistake are let
 * through whole, for there are few. Null where there is no such condition.
 */
export function candidates(
  kind: FieldKind,
  name: string,
  comparison: Exclude<Comparison, { operator: 'isNull' }>,
): Document | null {
  const { operator, value } = comparison;
  const values = (Array.isArray(value) ? value : [value]) as readonly Scalar[];
  const isEqual = operator === 'equals' || operator === 'in';
  const relation = (literals: unknown[]): Document => ({
    [name]: isEqual ? { $in: literals } : { [`$${operator}`]: literals[0] },
  });
  const orOfType = (conditions: readonly Document[], ...types: string[]): Document => ({
    $or: [...conditions, ...types.map((type) => ({ [name]: { $type: type } }))],
  });
  switch (kind) {
    case 'text': {
      if (operator === 'contains' || operator === 'endsWith') return null;
      if (operator !== 'startsWith') return orOfType([relation([...values])], 'number');
      const pattern = beginningWith(value);
      return pattern === null ? null : orOfType([{ [name]: pattern }], 'number');
    }
    case 'dateTime':
      return orOfType([relation(literalsOf(kind, values))], 'string', 'number');
    case 'int':
    case 'float':
    case 'decimal':
      return orOfType(
        ranges(kind, operator, values as readonly (string | number)[]).map((range) => ({ [name]: range })),
        'string',
      );
    default:
      return null;
  }
}

/** Relative; more than what a double differs by from the decimal that it reads as, or a decimal from the double. */
const TOLERANCE = '1e-14';

/** More values than that are looked for in the range that holds them all. */
const MAX_RANGES = 50;

function ranges(kind: FieldKind, operator: string, values: readonly (string | number)[]): Document[] {
  const bounds = values.map((value) => {
    const big = new Big(value);
    const tolerance = big.abs().times(TOLERANCE);
    return { lower: big.minus(tolerance), upper: big.plus(tolerance) };
  });
  const native = (big: Big) =>
    kind === 'decimal' ? Decimal128.fromString(big.prec(DECIMAL_DIGITS, Big.roundHalfEven).toString()) : big.toNumber();
  const range = ({ lower, upper }: { lower: Big; upper: Big }): Document => ({
    ...(operator.startsWith('lt') ? {} : { $gte: native(lower) }),
    ...(operator.startsWith('gt') ? {} : { $lte: native(upper) }),
  });
  if (bounds.length <= MAX_RANGES) return bounds.map(range);
  return [
    range(
      bounds.reduce((hull, { lower, upper }) => ({
        lower: least(hull.lower, lower),
        upper: least(upper, hull.upper, -1),
      })),
    ),
  ];
}

function least(a: Big, b: Big, sign = 1): Big {
  return a.cmp(b) * sign <= 0 ? a : b;
}
