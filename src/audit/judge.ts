import { normalizeKey } from '../join/key.js';
import { referenceOf, type Relation } from '../join/relation.js';
import { fieldOf, KEY, type Source } from '../join/source.js';
import type { Meant } from '../platform/wrapped-reference.js';
import { readerOf, type ReferenceReaders } from './reference-reader.js';

/**
 * What becomes of a row's reference: a partner, nobody under a sound key, no key at all, or there is no reference. Of
 * `wrapped` and `otherType` the partner is there, and the graph does not find it.
 */
export type Fate = 'found' | 'nobody' | 'malformed' | 'wrapped' | 'otherType' | 'none';

/** A row's reference, judged. */
export interface Judged {
  readonly id: unknown;
  /** As the graph reads it. */
  readonly reference: unknown;
  readonly fate: Fate;
  /** The type of the partner's key, or the field that is referred to; null unless the partner is of another type. */
  readonly type: string | null;
}

/** Keys in one look-up at most. */
const MAX_KEYS = 10_000;

/** Keys that are remembered for each source that is referred to, some 25 MB of them: a user is looked up once. */
const MAX_REMEMBERED = 250_000;

/**
 * Judges references as the graph's joins do: whoever is not `found` here is null there. Only keys that were found are
 * remembered, and only so many.
 */
export class Judge {
  readonly #readers: ReferenceReaders;
  readonly #found = new Map<string, Set<string>>();

  constructor(readers: ReferenceReaders) {
    this.#readers = readers;
  }

  /** One judgement for each row, in the rows' order. @throws {TypeError} for a row that was read without the field */
  async judge(relation: Relation, rows: readonly object[]): Promise<readonly Judged[]> {
    const { kind } = fieldOf(relation.to, KEY);
    const references = rows.map((row) => {
      const reference = referenceOf(relation, row, relation.field) ?? null;
      return { id: (row as Record<string, unknown>)[KEY], reference, key: normalizeKey(kind, reference) };
    });
    const there = await this.#present(relation.to, new Set(references.map(({ key }) => key)));
    const judged = references.map(({ id, reference, key }) => ({ id, reference, fate: fateOf(reference, key, there) }));
    const lost = judged.flatMap(({ reference, fate }) => (isLost(fate) ? textOf(reference) : []));
    const meant = lost.length === 0 ? NOBODY : await readerOf(this.#readers, relation.to).meant(relation.to, lost);
    return judged.map((one) =>
      withMeant(one, isLost(one.fate) ? meant.get(textOf(one.reference)[0] ?? '') : undefined),
    );
  }

  async #present(source: Source, keys: ReadonlySet<string | null>): Promise<ReadonlySet<string>> {
    const found = this.#found.get(source.name) ?? new Set();
    this.#found.set(source.name, found);
    const there = new Set<string>();
    const unknown: string[] = [];
    for (const key of keys) {
      if (key === null) continue;
      if (found.has(key)) there.add(key);
      else unknown.push(key);
    }
    for (let at = 0; at < unknown.length; at += MAX_KEYS) {
      const present = await readerOf(this.#readers, source).present(source, unknown.slice(at, at + MAX_KEYS));
      for (const key of present) {
        there.add(key);
        if (found.size < MAX_REMEMBERED) found.add(key);
      }
    }
    return there;
  }
}

const NOBODY: ReadonlyMap<string, Meant> = new Map();

function textOf(reference: unknown): readonly string[] {
  return typeof reference === 'string' || typeof reference === 'number' ? [String(reference)] : [];
}

function isLost(fate: Fate): boolean {
  return fate === 'nobody' || fate === 'malformed';
}

/** A row that was read just before its partner keeps its fate: the next look finds it. */
function withMeant(judged: Omit<Judged, 'type'>, meant: Meant | undefined): Judged {
  if (meant === undefined || meant.how === 'plain') return { ...judged, type: null };
  if (meant.how === 'otherType') return { ...judged, fate: 'otherType', type: meant.type };
  return { ...judged, fate: 'wrapped', type: null };
}

function fateOf(reference: unknown, key: string | null, there: ReadonlySet<string>): Fate {
  if (reference === null) return 'none';
  if (key === null) return 'malformed';
  return there.has(key) ? 'found' : 'nobody';
}
