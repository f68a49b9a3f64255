import mongoose from 'mongoose';
import type { Scalar } from '../../join/filter.js';
import type { FieldKind } from '../../join/source.js';
import type { Document } from './document.js';
import { fromStored } from './stored-values.js';

const { EJSON, Long, ObjectId, UUID } = mongoose.mongo.BSON;

/** Kinds of which every form of a value can be listed, so that a query by them needs no other test. */
const LISTED: ReadonlySet<FieldKind> = new Set(['objectId', 'uuid', 'text', 'boolean']);

export function areFormsListed(kind: FieldKind): boolean {
  return LISTED.has(kind);
}

/**
 * Every way to store a value that reads as this one (`fromStored`), the usual way first; none for what nothing reads as.
 * Keys, references and filters all go by these, so they agree on who is meant. An id is in normal spelling. Texts that
 * read as a number are endless: as the key of a row or a reference to one, only the plain one counts.
 */
export function storedForms(kind: FieldKind, value: Scalar): readonly unknown[] {
  const forms = [...new Set(formsOf(kind, value))];
  return forms.filter((form) => String(fromStored(kind, form)) === String(value));
}

function formsOf(kind: FieldKind, value: Scalar): readonly unknown[] {
  const text = String(value);
  switch (kind) {
    case 'objectId':
      return [new ObjectId(text), text, text.toUpperCase()];
    case 'uuid':
      return [text, text.toUpperCase(), new UUID(text)];
    case 'text':
      return [text, ...numbersSpelled(text)];
    case 'int':
      return [Number(text), text];
    case 'boolean':
    case 'float':
    case 'decimal':
    case 'dateTime':
      return [value];
  }
}

const HEX = /^[0-9a-f]{24}$/;

/**
 * Every `_id` that reads as this id, whatever its type: of an ObjectId's id the forms of {@link storedForms}, of any other
 * the text itself and the value that is written so, a number or an odd type.
 */
export function keysReadAs(id: string): readonly unknown[] {
  if (HEX.test(id)) return storedForms('objectId', id);
  return [id, ...numbersSpelled(id), ...parsed(id)].filter((key) => fromStored('objectId', key) === id);
}

function parsed(id: string): readonly unknown[] {
  try {
    return [EJSON.parse(id)];
  } catch {
    return [];
  }
}

/** Documents with one of these `_id`s. In a list the server would take what has dollars in it for a question. */
export function withKeys(keys: readonly unknown[]): Document {
  const isPlain = (key: unknown) => key === null || typeof key !== 'object' || key instanceof ObjectId;
  const others = keys.filter((key) => !isPlain(key)).map((key) => ({ _id: { $eq: key } }));
  return { $or: [{ _id: { $in: keys.filter(isPlain) } }, ...others] };
}

/**
 * Where a form stands among those of one value; the usual one first. Of several documents with one key the graph, the
 * copies and the audit read the one with the lowest rank.
 */
export function formRank(kind: FieldKind, value: unknown): number {
  if (isUsualForm(kind, value)) return 0;
  if (typeof value !== 'string') return 3;
  return value === fromStored(kind, value) ? 1 : 2;
}

/** What may read as this text; a number equals one of any of the server's types. */
function numbersSpelled(text: string): readonly unknown[] {
  if (/^-?[0-9]{1,19}$/.test(text)) return [Long.fromString(text)];
  return text.trim() === '' ? [] : [Number(text)];
}

/** Whether a value is stored in the usual way. */
export function isUsualForm(kind: FieldKind, value: unknown): boolean {
  return kind === 'objectId' ? value instanceof ObjectId : value === fromStored(kind, value);
}

/** Documents of which the field reads as one of these values. An index serves it, also in a list's order. */
export function readsAsOneOf(kind: FieldKind, name: string, values: readonly Scalar[]): Document {
  const forms = values.flatMap((value) => storedForms(kind, value));
  return { [name]: { $in: forms, ...isOwnValue(kind) } };
}

/**
 * What has to be added where the server has compared a field with forms: it takes an array for each of its elements,
 * and a decimal for the number that it equals, which reads as a text where the decimal does not.
 */
export function isOwnValue(kind: FieldKind): Document {
  return { $not: { $type: kind === 'text' ? ['array', 'decimal'] : ['array'] } };
}
