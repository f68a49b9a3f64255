import mongoose from 'mongoose';
import type { FieldKind } from '../../join/source.js';
import type { Expression } from './document.js';
import {
  FIRST_TIME,
  INT_MAX,
  INT_MIN,
  ISO_TIME,
  LAST_TIME,
  LONG_LIMIT,
  MAX_DECIMAL_LENGTH,
  MAX_EXPONENT,
  MIN_NORMAL,
  NUMBER,
  PLAIN_BELOW,
  PLAIN_FROM,
} from './stored-values.js';

const { Decimal128 } = mongoose.mongo.BSON;

/**
 * What a stored value reads as, as an expression of the server's: `fromStored` in its words, so that filters and sorts
 * go by what is read. Null where that is null. Of an id it says only whether there is one: ids are compared with all forms
 * of storing them (`storedForms`), and some the server cannot spell.
 */
export function reading(kind: FieldKind, path: string): Expression {
  switch (kind) {
    case 'objectId':
    case 'uuid':
      return byType(path, { missing: null, null: null, undefined: null }, '');
    case 'decimal':
      return decimal(path);
    case 'dateTime':
      return dateTime(path);
    case 'int':
      return whole(float(path));
    case 'float':
      return float(path);
    case 'boolean':
      return byType(path, { bool: path });
    case 'text':
      return text(path);
  }
}

function text(path: string): Expression {
  const spelled = { $toString: converted(path, 'long') };
  const isPlain = {
    $and: [
      { $gte: [{ $abs: path }, PLAIN_FROM] },
      { $lt: [{ $abs: path }, PLAIN_BELOW] },
      { $eq: [{ $toDouble: { $toDecimal: path } }, path] },
    ],
  };
  // A decimal made of a double has 15 digits, whatever they are.
  const fraction = { $rtrim: { input: { $toString: { $toDecimal: path } }, chars: '0' } };
  const double = { $cond: [isLong(path), spelled, { $cond: [isPlain, fraction, null] }] };
  return byType(path, { string: path, int: spelled, long: spelled, double });
}

function dateTime(path: string): Expression {
  const ofNumber = converted(converted(path, 'long'), 'date');
  const ofText = { $cond: [{ $regexMatch: { input: path, regex: ISO_TIME.source } }, converted(path, 'date'), null] };
  const date = byType(path, { date: path, string: ofText, int: ofNumber, long: ofNumber, double: ofNumber });
  return onlyIf(date, (value) => isWithin(value, FIRST_TIME, LAST_TIME));
}

function decimal(path: string): Expression {
  const exact = { $toDecimal: path };
  const isNumber = {
    $and: [
      { $regexMatch: { input: path, regex: NUMBER.source } },
      { $lte: [{ $strLenCP: trimmed(path) }, MAX_DECIMAL_LENGTH] },
    ],
  };
  const value = byType(path, {
    decimal: path,
    int: exact,
    long: exact,
    double: { $cond: [isLong(path), { $toDecimal: converted(path, 'long') }, exact] },
    string: { $cond: [isNumber, converted(trimmed(path), 'decimal'), null] },
  });
  const [least, beyond] = [`1E-${MAX_EXPONENT}`, `1E+${MAX_EXPONENT + 1}`].map((limit) => new Decimal128(limit));
  return onlyIf(value, (it) => ({
    $or: [{ $eq: [it, 0] }, { $and: [{ $gte: [{ $abs: it }, least] }, { $lt: [{ $abs: it }, beyond] }] }],
  }));
}

function float(path: string): Expression {
  const ofText = {
    $cond: [{ $regexMatch: { input: path, regex: NUMBER.source } }, converted(trimmed(path), 'double'), null],
  };
  const exact = { $toDouble: path };
  const ofDecimal = onlyIf(converted(path, 'double'), (it) => ({
    $or: [{ $eq: [path, 0] }, { $gte: [{ $abs: it }, MIN_NORMAL] }],
  }));
  const number = byType(path, { double: path, int: exact, long: exact, string: ofText, decimal: ofDecimal });
  return onlyIf(number, (value) => isWithin(value, -Number.MAX_VALUE, Number.MAX_VALUE));
}

function whole(number: Expression): Expression {
  return onlyIf(number, (value) => ({
    $and: [isWithin(value, INT_MIN, INT_MAX), { $eq: [value, { $trunc: value }] }],
  }));
}

function isLong(path: string): Expression {
  return { $and: [{ $eq: [path, { $trunc: path }] }, { $gte: [path, -LONG_LIMIT] }, { $lt: [path, LONG_LIMIT] }] };
}

/** What NaN and null are not: they come before whatever else an expression here may give. */
function isWithin(value: Expression, first: unknown, last: unknown): Expression {
  return { $and: [{ $gte: [value, first] }, { $lte: [value, last] }] };
}

function byType(path: string, expressions: Readonly<Record<string, Expression | null>>, otherwise: '' | null = null) {
  const branches = Object.entries(expressions).map(([type, then]) => ({
    case: { $eq: [{ $type: path }, type] },
    then,
  }));
  return { $switch: { branches, default: otherwise } };
}

function onlyIf(expression: Expression, holds: (value: string) => Expression): Expression {
  return { $let: { vars: { it: expression }, in: { $cond: [holds('$$it'), '$$it', null] } } };
}

function converted(input: Expression, to: string): Expression {
  return { $convert: { input, to, onError: null, onNull: null } };
}

function trimmed(input: Expression): Expression {
  return { $trim: { input, chars: ' \t\r\n' } };
}
