import Big from 'big.js';
import mongoose from 'mongoose';
import type { FieldKind } from '../../join/source.js';

const { Decimal128, EJSON, Long, ObjectId, Timestamp, UUID } = mongoose.mongo.BSON;

// Whatever changes here changes in stored-values-in-queries.ts, which says the same in MongoDB's words, and in
// stored-forms.ts, which says it backwards: what is read is what is filtered, and what is joined.

/**
 * A stored value as its field's kind, or null where it is missing or of another kind: people's data is dirty, and one
 * odd value must not fail the row it is in, let alone the list.
 */
export function fromStored(kind: FieldKind, value: unknown): unknown {
  switch (kind) {
    case 'objectId':
    case 'uuid':
      return toId(kind, value);
    case 'decimal':
      return toDecimal(value);
    case 'dateTime':
      return toDate(value);
    case 'int':
      return toInt(value);
    case 'float':
      return toFloat(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'text':
      return toText(value);
  }
}

/** Ids as people write them when they write upper case; in mixed case an id is a text as it stands. */
const UPPER_CASE = {
  objectId: /^[0-9A-F]{24}$/,
  uuid: /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/,
};

/** An id of whatever type: even a document whose `_id` is no ObjectId has one, and is not lost for it. */
function toId(kind: 'objectId' | 'uuid', value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof ObjectId) return value.toHexString();
  if (kind === 'uuid' && value instanceof UUID) return value.toHexString();
  // Digit by digit: as a double, two numbers above 2^53 would be one id.
  if (isStoredLong(value)) return value.toString();
  if (typeof value === 'number' && isLong(value)) return BigInt(value).toString();
  if (typeof value !== 'string') return EJSON.stringify(value);
  return UPPER_CASE[kind].test(value) ? value.toLowerCase() : value;
}

/** Neither NaN nor the infinities; three digits of exponent are enough for any of the kinds. */
export const NUMBER = /^[ \t\r\n]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?[ \t\r\n]*$/;

/** Money is written in so many characters at most, and written out it is no longer: 1e6000 would be its own answer. */
export const MAX_DECIMAL_LENGTH = 100;
export const MAX_EXPONENT = 40;

/** What a Decimal128 holds, and what a double surely holds. */
export const DECIMAL_DIGITS = 34;
const DOUBLE_DIGITS = 15;

/** From here on a whole double is more than a 64-bit integer. */
export const LONG_LIMIT = 2 ** 63;

/**
 * Money, stored as Decimal128, a number or a string, as an exact decimal string; null for what is no number. A fraction
 * that is stored as a double counts with the 15 digits that a double surely holds: 0.1 + 0.2 is 0.3.
 */
function toDecimal(value: unknown): string | null {
  const decimal = typeof value === 'number' ? ofDouble(value) : ofText(value);
  return decimal !== null && Math.abs(decimal.e) <= MAX_EXPONENT ? decimal.toFixed() : null;
}

function ofDouble(value: number): Big | null {
  if (!Number.isFinite(value)) return null;
  if (isLong(value)) return new Big(BigInt(value).toString());
  // By halves to the even digit, as the server does; toPrecision(15) goes by halves up.
  return new Big(value.toPrecision(DECIMAL_DIGITS)).prec(DOUBLE_DIGITS, Big.roundHalfEven);
}

/** Whether a number is one that a 64-bit integer could be as well. */
function isLong(value: number): boolean {
  return Number.isInteger(value) && value >= -LONG_LIMIT && value < LONG_LIMIT;
}

function ofText(value: unknown): Big | null {
  if (value instanceof Decimal128 || isStoredLong(value)) {
    const text = value.toString();
    return /\d$/.test(text) ? new Big(text) : null; // neither NaN nor infinite
  }
  if (typeof value !== 'string' || !NUMBER.test(value)) return null;
  const text = value.trim();
  return text.length <= MAX_DECIMAL_LENGTH
    ? new Big(text.replace('+', (sign, at) => (at === 0 ? '' : sign))).prec(DECIMAL_DIGITS, Big.roundHalfEven)
    : null;
}

/** To the driver a timestamp is a kind of Long. */
function isStoredLong(value: unknown): value is mongoose.mongo.Long {
  return value instanceof Long && !(value instanceof Timestamp);
}

/** Below this a double has fewer digits, and the server takes no text for one. */
export const MIN_NORMAL = 2.2250738585072014e-308;

function toFloat(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (isStoredLong(value)) return value.toNumber();
  const text = value instanceof Decimal128 ? value.toString() : value;
  if (typeof text !== 'string' || !NUMBER.test(text)) return null;
  const number = Number(text);
  const isZero = !/^[^eE]*[1-9]/.test(text);
  return Number.isFinite(number) && (isZero || Math.abs(number) >= MIN_NORMAL) ? number : null;
}

export const INT_MAX = 2 ** 31 - 1;
export const INT_MIN = -(2 ** 31);

/** GraphQL's Int has 32 bits; what does not fit is not an Int. */
function toInt(value: unknown): number | null {
  const number = toFloat(value);
  return number !== null && Number.isInteger(number) && number >= INT_MIN && number <= INT_MAX ? number : null;
}

/** Fractions in these limits are written without an exponent, and alike here and on the server. */
export const PLAIN_FROM = 1e-6;
export const PLAIN_BELOW = 1e14;

/** A text, or a number that has one spelling: a code such as 6 is easily stored as one. */
function toText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (isStoredLong(value)) return value.toString();
  if (typeof value !== 'number') return null;
  if (isLong(value)) return BigInt(value).toString();
  const size = Math.abs(value);
  const isPlain = size >= PLAIN_FROM && size < PLAIN_BELOW && Number(value.toPrecision(DOUBLE_DIGITS)) === value;
  return isPlain ? String(value) : null;
}

/** ISO 8601 with its offset; without one a text names no point in time. */
export const ISO_TIME =
  /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])$/;

/** Beyond the years 0 to 9999 ISO 8601 takes an agreement. */
export const FIRST_TIME = new Date('0000-01-01T00:00:00.000Z');
export const LAST_TIME = new Date('9999-12-31T23:59:59.999Z');

function toDate(value: unknown): Date | null {
  if (typeof value === 'string' ? !isTime(value) : !(value instanceof Date) && typeof value !== 'number') return null;
  const date = new Date(value as string | number | Date);
  return date >= FIRST_TIME && date <= LAST_TIME ? date : null;
}

/** JavaScript takes the 30th of February for the 1st of March. */
function isTime(value: string): boolean {
  if (!ISO_TIME.test(value)) return false;
  const day = value.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}
