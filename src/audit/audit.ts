import type { Relation } from '../join/relation.js';
import { KEY, type Source } from '../join/source.js';
import { Judge, type Judged } from './judge.js';
import { readerOf, type ReferenceReaders, type Size } from './reference-reader.js';
import { NO_ROWS, tallied, type Tally } from './tally.js';
import { judgeAll, walkReferences } from './walk.js';

/** What was found out about a relation's references. */
export interface Audit {
  readonly relation: Relation;
  /** The rows of the source that refers. */
  readonly size: Size;
  /** `exact`: every row was looked at. `sample`: rows from anywhere, from which the whole can be estimated. */
  readonly method: 'exact' | 'sample';
  /** How many rows were looked at. */
  readonly examined: number;
  readonly tally: Tally;
}

export interface AuditLimits {
  /** Every row is looked at where there are no more than so many, and the time is enough. */
  readonly exactUpTo: number;
  /** How many rows are looked at otherwise. */
  readonly sample: number;
  /** When it should be done, as `performance.now()` tells the time. */
  readonly until: number;
}

/** The share of the time before which nothing is concluded: the first look-ups, of keys not yet known, are the slow ones. */
const WARM_UP = 1 / 4;

/** How many rows were looked at, of how many. */
type OnProgress = (examined: number, of: number) => void;

/** Audits references. Of one instance all audits share what they know of who is there. */
export class ReferenceAudit {
  readonly #readers: ReferenceReaders;
  readonly #judge: Judge;

  constructor(readers: ReferenceReaders) {
    this.#readers = readers;
    this.#judge = new Judge(readers);
  }

  /** Finds out about all relations that start from a source; its rows are read once for all of them. */
  async audit(
    source: Source,
    relations: readonly Relation[],
    limits: AuditLimits,
    onProgress: OnProgress = () => undefined,
  ): Promise<readonly Audit[]> {
    const size = await readerOf(this.#readers, source).size(source, limits.exactUpTo);
    const walked = size.rows > limits.exactUpTo ? null : await this.#walk(source, relations, size, limits, onProgress);
    return walked ?? this.#sample(source, relations, size, limits);
  }

  /** Looks at every row; null as soon as it can be seen that the time is not enough. */
  async #walk(
    source: Source,
    relations: readonly Relation[],
    size: Size,
    { until }: AuditLimits,
    onProgress: OnProgress,
  ): Promise<readonly Audit[] | null> {
    const tallies = new Tallies(relations);
    const startedAt = performance.now();
    const warmUp = (until - startedAt) * WARM_UP;
    for await (const { rows, judged, next } of walkReferences(this.#readers, this.#judge, { source, relations })) {
      tallies.add(rows, judged);
      onProgress(tallies.examined, size.rows);
      const elapsed = performance.now() - startedAt;
      const needed = elapsed < warmUp ? elapsed : (elapsed / tallies.examined) * size.rows;
      if (next !== null && startedAt + needed > until) return null;
    }
    // Rows come and go meanwhile; whoever has looked at each has counted them.
    return tallies.audits({ rows: tallies.examined, isExact: true }, 'exact');
  }

  async #sample(
    source: Source,
    relations: readonly Relation[],
    size: Size,
    { sample }: AuditLimits,
  ): Promise<readonly Audit[]> {
    const fields = new Set([KEY, ...relations.map(({ field }) => field)]);
    const rows = await readerOf(this.#readers, source).sample(source, fields, size, sample);
    const tallies = new Tallies(relations);
    tallies.add(rows.length, await judgeAll(this.#judge, relations, rows));
    return tallies.audits(size, 'sample');
  }
}

/** The tallies of relations whose rows are looked at together. */
class Tallies {
  examined = 0;
  readonly #tallies: Map<Relation, Tally>;

  constructor(relations: readonly Relation[]) {
    this.#tallies = new Map(relations.map((relation) => [relation, NO_ROWS]));
  }

  add(rows: number, judged: ReadonlyMap<Relation, readonly Judged[]>): void {
    this.examined += rows;
    for (const [relation, tally] of this.#tallies)
      this.#tallies.set(relation, tallied(tally, judged.get(relation) ?? []));
  }

  audits(size: Size, method: Audit['method']): readonly Audit[] {
    return [...this.#tallies].map(([relation, tally]) => ({ relation, size, method, examined: this.examined, tally }));
  }
}
