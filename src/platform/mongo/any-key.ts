import Big from 'big.js';
import mongoose from 'mongoose';
import { normalizeKey } from '../../join/key.js';
import { fieldOf, KEY, storedName, type FieldKind, type Source } from '../../join/source.js';
import { insides, mentionedKeys, unwrapped, type Meant, type WrappedKind } from '../wrapped-reference.js';
import type { Document } from './document.js';
import type { MongoDatabase } from './mongo.js';
import { fromStored } from './stored-values.js';

const { Binary, Decimal128, EJSON, Long, ObjectId, Timestamp } = mongoose.mongo.BSON;

/** Values in one look-up at most. */
const MAX_VALUES = 20_000;

/** Texts that are parsed as JSON are no longer than that. */
const LONGEST_JSON = 2_000;

/**
 * The documents that references mean under a key of any type and in any wrapping, by the reference. A reference that is
 * not among them means nobody. The primary is asked, and what it knows counts even before a majority does: a document
 * that is there for anybody is there.
 *
 * @param references as they are stored in the other database
 * @param caseless whether texts are compared without regard to case too, for which every key that is a text is read
 * @throws {AppError} MONGO_UNAVAILABLE
 */
export async function documentsMeant(
  mongo: MongoDatabase,
  source: Source,
  references: readonly string[],
  caseless: boolean,
): Promise<ReadonlyMap<string, Meant>> {
  const { kind } = fieldOf(source, KEY);
  const asked = new Map([...new Set(references)].map((reference) => [reference, valuesOf(kind, reference)]));
  const found = await keysAmong(mongo, source, [...asked.values()].flat());
  const meant = new Map<string, Meant>();
  for (const [reference, values] of asked) {
    const keys = values.flatMap((value) => found.get(canonical(value)) ?? []);
    const [best] = keys.map((key) => toMeant(kind, reference, key)).toSorted(byHow);
    if (best !== undefined) meant.set(reference, best);
  }
  if (!caseless) return meant;
  const others = references.filter((reference) => !meant.has(reference));
  return new Map([...meant, ...(await caselessly(mongo, source, others))]);
}

const ORDER: readonly Meant['how'][] = ['plain', 'wrapped', 'otherType', 'mentioned'];

function byHow(a: Meant, b: Meant): number {
  return ORDER.indexOf(a.how) - ORDER.indexOf(b.how);
}

function toMeant(kind: FieldKind, reference: string, stored: unknown): Meant {
  const read = fromStored(kind, stored);
  const key = typeof read === 'string' ? read : EJSON.stringify(stored);
  const type = typeName(stored);
  // What reads as another spelling of an id is joined by nobody.
  if (normalizeKey(kind, key) !== key) return { key, how: 'otherType', type };
  if (normalizeKey(kind, reference) === key) return { key, how: 'plain', type };
  const isAlone = isWrappedKind(kind) ? unwrapped(kind, reference) === key : true;
  return { key, how: isAlone ? 'wrapped' : 'mentioned', type };
}

function isWrappedKind(kind: FieldKind): kind is WrappedKind {
  return kind === 'objectId' || kind === 'uuid';
}

/** Those of the values that are keys, by their canonical form. An index answers. */
async function keysAmong(
  mongo: MongoDatabase,
  source: Source,
  values: readonly unknown[],
): Promise<ReadonlyMap<string, readonly unknown[]>> {
  const distinct = [...new Map(values.map((value) => [exactForm(value), value])).values()];
  const found = new Map<string, unknown[]>();
  for (let at = 0; at < distinct.length; at += MAX_VALUES) {
    for (const key of await findKeys(mongo, source, oneOf(source, distinct.slice(at, at + MAX_VALUES)))) {
      const form = canonical(key);
      found.set(form, [...(found.get(form) ?? []), key]);
    }
  }
  return found;
}

/** In a list the server takes a document for a question about one. */
function oneOf(source: Source, values: readonly unknown[]): Document {
  const name = storedName(source, KEY);
  const isPlain = (value: unknown) =>
    value === null || typeof value !== 'object' || '_bsontype' in value || value instanceof Date;
  const others = values.filter((value) => !isPlain(value)).map((value) => ({ [name]: { $eq: value } }));
  return { $or: [{ [name]: { $in: values.filter(isPlain) } }, ...others] };
}

async function findKeys(mongo: MongoDatabase, source: Source, filter: Document): Promise<readonly unknown[]> {
  const name = storedName(source, KEY);
  const options = { projection: { _id: 0, [name]: 1 }, collation: { locale: 'simple' }, promoteValues: false } as const;
  const documents = await mongo.run((db, limits) =>
    db
      .collection(mongo.nameOf(source.from))
      // Hidden documents are there as well.
      .find<Document>(filter, { ...options, ...limits, readPreference: 'primary' })
      .toArray(),
  );
  return documents.map((document) => document[name]);
}

/** Of texts in another case than the key, which no index finds. */
async function caselessly(
  mongo: MongoDatabase,
  source: Source,
  references: readonly string[],
): Promise<readonly (readonly [string, Meant])[]> {
  const asked = references.map((reference) => [reference, insides(reference).map(inLowerCase)] as const);
  const texts = [...new Set(asked.flatMap(([, all]) => all))];
  if (texts.length === 0) return [];
  const name = storedName(source, KEY);
  const isOneOf = { $in: [{ $toLower: `$${name}` }, { $literal: texts }] };
  const found = await findKeys(mongo, source, { [name]: { $type: 'string' }, $expr: isOneOf });
  const keys = new Map(found.map((key) => [inLowerCase(String(key)), String(key)]));
  return asked.flatMap(([reference, all]) => {
    const key = all.map((text) => keys.get(text)).find((one) => one !== undefined);
    return key === undefined ? [] : [[reference, { key, how: 'otherType', type: 'string' }] as const];
  });
}

/** As the server does it: of other letters than ASCII's it changes none. */
function inLowerCase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Every value that a reference may stand for, of any type. */
function valuesOf(kind: FieldKind, reference: string): readonly unknown[] {
  const texts = insides(reference);
  const mentioned = isWrappedKind(kind) ? mentionedKeys(kind, reference) : [];
  const ids = [...mentionedKeys('uuid', reference), ...mentioned];
  return [...new Set([...texts, ...ids])].flatMap((text) => [
    ...[text, text.toLowerCase(), text.toUpperCase()],
    ...numbersOf(text),
    ...bytesOf(text),
    ...momentsOf(text),
    ...jsonOf(text),
  ]);
}

const NUMBER = /^[+-]?(?:\d{1,34}|\d{0,34}\.\d{1,34})(?:e[+-]?\d{1,3})?$/i;

/** The server compares numbers of all types by their exact value. */
function numbersOf(text: string): readonly unknown[] {
  if (!NUMBER.test(text)) return [];
  const number = Number(text);
  const isExact = !Number.isInteger(number) || Number.isSafeInteger(number);
  return [...(digitsOf(text) <= 34 ? [Decimal128.fromString(text)] : []), ...(isExact ? [number] : [])];
}

function digitsOf(text: string): number {
  return new Big(text).c.length;
}

const HEX = /^(?:0x|\\x)?((?:[0-9a-f]{2}){1,64})$/i;
const BASE64 = /^(?:[a-z0-9+/_-]{4}){1,16}(?:[a-z0-9+/_-]{2}(?:==)?|[a-z0-9+/_-]{3}=?)?$/i;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** A text of bytes as an ObjectId, a UUID in each of its byte orders, and plain bytes. */
function bytesOf(text: string): readonly unknown[] {
  const hex = UUID.test(text) ? text.replaceAll('-', '') : (HEX.exec(text)?.[1] ?? null);
  const all = [
    ...(hex === null ? [] : [Buffer.from(hex, 'hex')]),
    ...(text.length >= 16 && BASE64.test(text) ? [Buffer.from(text, 'base64')] : []),
  ];
  return all.flatMap((bytes) => {
    const plain = [0, 5, 128].map((subtype) => new Binary(bytes, subtype));
    if (bytes.length === 12) return [new ObjectId(bytes), bytes.toString('hex'), ...plain];
    if (bytes.length !== 16) return plain;
    const orders = [bytes, ofJava(bytes), ofCSharp(bytes)];
    const uuids = orders.flatMap((order) => [4, 3].map((subtype) => new Binary(order, subtype)));
    return [...uuids, ...plain, ...orders.flatMap(textsOfUuid)];
  });
}

function textsOfUuid(bytes: Buffer): readonly string[] {
  const hex = bytes.toString('hex');
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return [uuid, uuid.toUpperCase(), hex, hex.toUpperCase(), `{${uuid}}`, `{${uuid.toUpperCase()}}`, `urn:uuid:${uuid}`];
}

/** The old drivers' byte orders of subtype 3: each is its own inverse. */
function ofJava(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(bytes.subarray(0, 8)).reverse(), Buffer.from(bytes.subarray(8)).reverse()]);
}

function ofCSharp(bytes: Buffer): Buffer {
  const part = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).reverse();
  return Buffer.concat([part(0, 4), part(4, 6), part(6, 8), bytes.subarray(8)]);
}

function momentsOf(text: string): readonly unknown[] {
  const date = /^\d{4}-\d\d-\d\d[T ]/.test(text) ? new Date(text) : null;
  return date === null || Number.isNaN(date.getTime()) ? [] : [date];
}

/** What MongoDB's own JSON says: the graph shows keys of odd types so. */
function jsonOf(text: string): readonly unknown[] {
  if (text.length > LONGEST_JSON || !/^[[{"]|^(?:true|false|null)$/.test(text)) return [];
  try {
    const value: unknown = EJSON.parse(text, { relaxed: false });
    // A value with a question in it is no key, and would fail the look-up.
    return value === undefined || JSON.stringify(value).includes('"$') ? [] : [value];
  } catch {
    return [];
  }
}

/** Told apart by type, so that no value is left out for being equal to another. */
function exactForm(value: unknown): string {
  return typeof value === 'string' ? `s${value}` : EJSON.stringify({ value }, { relaxed: false });
}

/** One form for all values that the server takes for equal. */
function canonical(value: unknown): string {
  if (typeof value === 'string') return `s${value}`;
  const number = numberIn(value);
  return number === null ? EJSON.stringify({ value }, { relaxed: false }) : `n${number}`;
}

function numberIn(value: unknown): string | null {
  const plain = isBson(value, 'Int32', 'Double') ? Number(value) : value;
  if (typeof plain === 'number') {
    if (!Number.isFinite(plain)) return null;
    return Number.isInteger(plain) ? BigInt(plain).toString() : `double ${plain}`;
  }
  if (value instanceof Long && !(value instanceof Timestamp)) return value.toString();
  if (!(value instanceof Decimal128) || !/\d$/.test(value.toString())) return null;
  return new Big(value.toString()).toFixed();
}

function isBson(value: unknown, ...types: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && types.includes(String((value as Document)['_bsontype']));
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  ObjectId: 'ObjectId',
  Int32: 'int',
  Double: 'double',
  Long: 'long',
  Decimal128: 'decimal',
  Timestamp: 'timestamp',
};

/** What MongoDB calls the type of a value. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'date';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'double';
  if (typeof value !== 'object') return typeof value === 'boolean' ? 'bool' : typeof value;
  if (isBson(value, 'Binary', 'UUID')) {
    const { sub_type: subtype } = value as mongoose.mongo.Binary;
    return subtype === 3 || subtype === 4 ? 'UUID' : 'binData';
  }
  const name: unknown = (value as Document)['_bsontype'];
  return typeof name === 'string' ? (TYPE_NAMES[name] ?? name) : 'object';
}
