import { isStorable, normalizeKey } from '../../join/key.js';
import { fieldOf, KEY, type Source } from '../../join/source.js';
import { dashed, insides, mentionedKeys, unwrapped, type Meant } from '../wrapped-reference.js';
import { columnOf, comparedBy, quoted } from './columns.js';
import type { RunQuery } from './source-reader.js';

/**
 * The rows that references mean under their key, or under another field that no two rows share, in any wrapping. A
 * reference that is not among them means no row. Hidden rows are there, too.
 *
 * @param references as they are stored in the other database
 * @throws {AppError} POSTGRES_UNAVAILABLE
 */
export async function rowsMeant(
  query: RunQuery,
  source: Source,
  references: readonly string[],
): Promise<ReadonlyMap<string, Meant>> {
  const asked = [...new Set(references)].map((reference) => [reference, insides(reference)] as const);
  const keys = new Map(asked.map(([reference, texts]) => [reference, keysOf(source, reference, texts)]));
  const meant = new Map<string, Meant>();
  const there = await present(query, source, KEY, [...keys.values()].flat());
  for (const [reference, mine] of keys) {
    const key = mine.find((one) => there.has(one));
    if (key !== undefined) meant.set(reference, { key, how: howOf(source, reference, key), type: kindOf(source, KEY) });
  }
  for (const field of source.unique) {
    const others = asked.filter(([reference]) => !meant.has(reference));
    const values = await present(
      query,
      source,
      field,
      others.flatMap(([, texts]) => texts.flatMap(inAnyCase)),
    );
    for (const [reference, texts] of others) {
      const key = texts.flatMap(inAnyCase).find((text) => values.has(text));
      if (key !== undefined) meant.set(reference, { key, how: 'otherType', type: field });
    }
  }
  return meant;
}

function kindOf(source: Source, field: string): string {
  return fieldOf(source, field).kind;
}

function howOf(source: Source, reference: string, key: string): Meant['how'] {
  const { kind } = fieldOf(source, KEY);
  if (normalizeKey(kind, reference) === key) return 'plain';
  if (kind !== 'uuid' && kind !== 'objectId') return 'wrapped';
  return unwrapped(kind, reference) === key ? 'wrapped' : 'mentioned';
}

/** The keys that a reference may stand for, in normal spelling. */
function keysOf(source: Source, reference: string, texts: readonly string[]): readonly string[] {
  const { kind } = fieldOf(source, KEY);
  if (kind === 'uuid') return [...new Set([...mentionedKeys(kind, reference), ...texts.flatMap(uuidsInBase64)])];
  if (kind === 'objectId') return mentionedKeys(kind, reference);
  const all = kind === 'text' ? texts.flatMap(inAnyCase) : texts;
  return [...new Set(all.map((text) => normalizeKey(kind, text)).filter((key) => key !== null))];
}

function inAnyCase(text: string): readonly string[] {
  return [text, text.toLowerCase(), text.toUpperCase()];
}

const BASE64_UUID = /"base64"\s*:\s*"([a-z0-9+/]{22}==)"|^([a-z0-9+/_-]{22}(?:==)?)$/i;

/** The bytes of a UUID in MongoDB, in each of the orders in which drivers have written them. */
function uuidsInBase64(text: string): readonly string[] {
  const match = BASE64_UUID.exec(text);
  const encoded = match?.[1] ?? match?.[2];
  if (encoded === undefined) return [];
  const hex = Buffer.from(encoded, 'base64').toString('hex');
  const bytes = (from: number, to: number) => hex.slice(2 * from, 2 * to);
  const reversed = (from: number, to: number) => (bytes(from, to).match(/../g) ?? []).reverse().join('');
  return [hex, reversed(0, 8) + reversed(8, 16), reversed(0, 4) + reversed(4, 6) + reversed(6, 8) + bytes(8, 16)].map(
    dashed,
  );
}

async function present(
  query: RunQuery,
  source: Source,
  field: string,
  values: readonly string[],
): Promise<ReadonlySet<string>> {
  const storable = [...new Set(values.filter(isStorable))];
  if (storable.length === 0) return new Set();
  const types = { uuid: 'uuid', int: 'bigint' } as const;
  const { kind } = fieldOf(source, field);
  const type = kind === 'uuid' || kind === 'int' ? types[kind] : 'text';
  const rows = await query(
    `SELECT ${columnOf(source, field)}::text AS "value" FROM ${quoted(source.from)} ` +
      `WHERE ${comparedBy(source, field)} = ANY($1::${type}[])`,
    storable,
  );
  return new Set(rows.map(({ value }) => (kind === 'objectId' ? String(value).toLowerCase() : String(value))));
}
