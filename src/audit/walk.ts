import { KEY, type Source } from '../join/source.js';
import type { Relation } from '../join/relation.js';
import type { Judge, Judged } from './judge.js';
import { readerOf, type ReferenceReaders, type Stretch } from './reference-reader.js';

/** A stretch of a source, with the judgement on each of its relations. */
export interface JudgedStretch {
  readonly rows: number;
  readonly judged: ReadonlyMap<Relation, readonly Judged[]>;
  /** Where to go on; null after the last row. */
  readonly next: string | null;
}

/** Rows in one statement. With more the time is the same, and the memory is not. */
const STRETCH = 2_000;

/**
 * Judges every row that refers, stretch by stretch, so that memory is bounded whatever the number of rows. All relations
 * start from the same source, and each row is read once. The next stretch is read while the last one is judged, for they
 * are mostly two databases' work. Whoever stops can go on later from `next`.
 */
export async function* walkReferences(
  readers: ReferenceReaders,
  judge: Judge,
  { source, relations }: { readonly source: Source; readonly relations: readonly Relation[] },
  { after = null, size = STRETCH }: { readonly after?: string | null; readonly size?: number } = {},
): AsyncGenerator<JudgedStretch> {
  const reader = readerOf(readers, source);
  const fields = new Set([KEY, ...relations.map(({ field }) => field)]);
  let reading: Promise<Stretch> | null = reader.stretch(source, fields, after, size);
  while (reading !== null) {
    const { rows, next }: Stretch = await reading;
    reading = next === null ? null : reader.stretch(source, fields, next, size);
    // Should judging fail first, nobody is left to hear of this one.
    reading?.catch(() => undefined);
    yield { rows: rows.length, judged: await judgeAll(judge, relations, rows), next };
  }
}

/** What becomes of some rows' references, for each relation. */
export async function judgeAll(
  judge: Judge,
  relations: readonly Relation[],
  rows: readonly object[],
): Promise<ReadonlyMap<Relation, readonly Judged[]>> {
  const judged = new Map<Relation, readonly Judged[]>();
  for (const relation of relations) judged.set(relation, await judge.judge(relation, rows));
  return judged;
}
