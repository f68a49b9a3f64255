import Big from 'big.js';
import mongoose from 'mongoose';
import { presentedId, type FieldKind } from '../../join/source.js';

const { Decimal128, EJSON, ObjectId } = mongoose.mongo.BSON;

/**
 * A normalised key as MongoDB stores it: 24 hex characters are an ObjectId, a UUID is a string as PostgreSQL writes it.
 * One form only: an index gives the rows of one value in order, of several it has to sort them all (measured: 2,000
 * documents read where 6 do).
 */
export function toStored(kind: FieldKind, key: string): unknown {
  return kind === 'objectId' ? new ObjectId(key) : key;
}

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
    case 'text':
      return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;
  }
}

/** An id of whatever type: even a document whose `_id` is no ObjectId has one, and is not lost for it. */
function toId(kind: FieldKind, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof ObjectId) return value.toHexString();
  return typeof value === 'string' ? presentedId(kind, value) : EJSON.stringify(value);
}

/** Nobody's money has more digits; written out, 1e6000 would be an answer of its own size. */
const MAX_EXPONENT = 40;
const MAX_LENGTH = 100;

/** Money, stored as Decimal128, a number or a string, as an exact decimal string; null for what is no number. */
function toDecimal(value: unknown): string | null {
  if (!(value instanceof Decimal128) && typeof value !== 'number' && typeof value !== 'string') return null;
  try {
    const text = value.toString().trim();
    if (text.length > MAX_LENGTH) return null;
    const decimal = new Big(text);
    return Math.abs(decimal.e) <= MAX_EXPONENT ? decimal.toFixed() : null;
  } catch {
    return null;
  }
}

/** ISO 8601 with its offset; without one a text names no point in time. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

function toDate(value: unknown): Date | null {
  if (typeof value === 'string' ? !ISO_TIME.test(value) : !(value instanceof Date) && typeof value !== 'number') {
    return null;
  }
  const date = new Date(value as string | number | Date);
  const year = date.getUTCFullYear();
  // Beyond these years ISO 8601 takes an agreement, and an invalid date has no year at all.
  return year >= 0 && year <= 9_999 ? date : null;
}

const INT_MAX = 2 ** 31 - 1;

/** GraphQL's Int has 32 bits; what does not fit is not an Int. */
function toInt(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) return null;
  return Math.abs(number) <= INT_MAX ? number : null;
}
