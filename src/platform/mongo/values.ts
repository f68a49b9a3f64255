import Big from 'big.js';
import mongoose from 'mongoose';
import { presentedId, type FieldKind } from '../../join/source.js';

const { Decimal128, EJSON, ObjectId } = mongoose.mongo.BSON;

/**
 * The values under which a normalised key may lie in a document. An id in a reference was written by somebody's program:
 * as an ObjectId or as a string, in either case.
 */
export function storedForms(kind: FieldKind, key: string): readonly unknown[] {
  if (kind === 'objectId') return [new ObjectId(key), key, key.toUpperCase()];
  return kind === 'uuid' ? [key, key.toUpperCase()] : [key];
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

/** Money, stored as Decimal128, a number or a string, as an exact decimal string; null for what is no number. */
function toDecimal(value: unknown): string | null {
  if (!(value instanceof Decimal128) && typeof value !== 'number' && typeof value !== 'string') return null;
  try {
    const decimal = new Big(value.toString().trim());
    return Math.abs(decimal.e) <= MAX_EXPONENT ? decimal.toFixed() : null;
  } catch {
    return null;
  }
}

function toDate(value: unknown): Date | null {
  if (!(value instanceof Date) && typeof value !== 'string' && typeof value !== 'number') return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

const INT_MAX = 2 ** 31 - 1;

/** GraphQL's Int has 32 bits; what does not fit is not an Int. */
function toInt(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) return null;
  return Math.abs(number) <= INT_MAX ? number : null;
}
