import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import { KINDS_OF, type ConsistencyWalk, type WalkName } from './consistency-walk.js';
import type { CopyProgress, Standing } from './copy-progress.js';
import type { Finding } from '../platform/finding.js';
import { doubted, reasonsOf, type Visibility } from './visibility.js';
import { identity, KINDS, type Found, type InconsistencyKind } from './inconsistency.js';

/** Where a scan stands: in which walk, behind which place of it, and behind which finding there. */
export interface Place {
  readonly walk: WalkName;
  readonly start: string | null;
  readonly id: string | null;
}

/** An inconsistency that lasts, and where it was found. */
export interface Confirmed extends Found {
  readonly place: Place;
}

/** What a scan tells at each of its steps. */
export interface ScanStep {
  readonly walk: WalkName;
  /** Rows that were looked at in this step. */
  readonly examined: number;
  readonly found: readonly Confirmed[];
  /** Findings that may be none: the copies had not come so far yet. */
  readonly unjudged: number;
  /** Findings that rest on an absence that is not proved: they may be none. Each says why. */
  readonly doubted: readonly Confirmed[];
  /** Why rows may be hidden, or could not be read: what was looked at is not all then. */
  readonly unproved: readonly Finding[];
  /** Where to go on; null where the walk has ended. */
  readonly next: Place | null;
  /** Whether the walk ends here although there is more. */
  readonly isCut: boolean;
}

export interface ScanLimits {
  /** Rows in one statement. */
  readonly size: number;
  /** Findings that are looked at again at once. */
  readonly batch: number;
  /** Rows of each table and collection at most. */
  readonly rows: number;
  /** When it should be done, as `performance.now()` tells the time. */
  readonly until: number;
}

/** What is said of copies depends on how far the stream is. */
export const OF_COPIES: ReadonlySet<InconsistencyKind> = new Set(['staleCopies', 'staleOrderCopies']);

interface Candidate {
  readonly finding: Found;
  readonly place: Place;
}

/**
 * Looks for what is wrong, beside the running system. What is found is put aside until the copies have passed the moment
 * at which it was found, and counts only if it is still so then. Memory is bounded, whatever the number of rows.
 */
export class ConsistencyScan {
  readonly #walks: readonly ConsistencyWalk[];
  readonly #progress: CopyProgress;
  readonly #visibility: Visibility;

  constructor(walks: readonly ConsistencyWalk[], progress: CopyProgress, visibility: Visibility) {
    this.#walks = walks;
    this.#progress = progress;
    this.#visibility = visibility;
  }

  /**
   * What is found of these kinds, walk after walk, from a place on.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE
   */
  async *steps(
    limits: ScanLimits,
    kinds: readonly InconsistencyKind[] = KINDS,
    from: Place | null = null,
  ): AsyncGenerator<ScanStep> {
    const first = from === null ? 0 : this.#walks.findIndex(({ name }) => name === from.walk);
    for (const [at, walk] of this.#walks.entries()) {
      if (at < first || !KINDS_OF[walk.name].some((kind) => kinds.includes(kind))) continue;
      try {
        yield* this.#through(walk, limits, kinds, at === first ? from : null);
      } catch (error) {
        const unproved = await this.#visibility.explain(error, walk.name);
        yield { walk: walk.name, examined: 0, ...NOTHING, unproved, next: null, isCut: false };
      }
    }
  }

  /**
   * A finding as it is now, without waiting for anything; null where it is none any more.
   *
   * @throws {AppError} as {@link steps} does
   */
  async again(finding: Confirmed): Promise<Confirmed | null> {
    const walk = this.#walks.find(({ name }) => name === finding.place.walk);
    const lasting = await walk?.lasting([finding], UNKEPT);
    const still = lasting?.find(({ kind }) => kind === finding.kind);
    return still === undefined ? null : { ...doubted(still, await this.#visibility.look()), place: finding.place };
  }

  async *#through(
    walk: ConsistencyWalk,
    limits: ScanLimits,
    kinds: readonly InconsistencyKind[],
    from: Place | null,
  ): AsyncGenerator<ScanStep> {
    let examined = 0;
    let pending: readonly Candidate[] = [];
    for await (const stretch of walk.stretches(from?.start ?? null, limits.size)) {
      examined += stretch.examined;
      const meant = behind(stretch.found, stretch.start === from?.start ? from.id : null);
      pending = [...pending, ...meant.filter(({ kind }) => kinds.includes(kind)).map(placed(walk, stretch.start))];
      const isOver = examined >= limits.rows || performance.now() > limits.until;
      const isLast = stretch.next === null || isOver;
      const judged = isLast || pending.length >= limits.batch ? await this.#judged(walk, pending) : NOTHING;
      if (judged !== NOTHING) pending = [];
      const next = stretch.next === null ? null : { walk: walk.name, start: stretch.next, id: null };
      const isCut = isOver && next !== null;
      yield { walk: walk.name, examined: stretch.examined, ...judged, next, isCut };
      if (isCut) return;
    }
  }

  /** Separates confirmed findings from unproved ones. Rows may be hidden even where nothing was found. */
  async #judged(walk: ConsistencyWalk, pending: readonly Candidate[]): Promise<Judged> {
    const { found, unjudged } = await this.#confirm(walk, pending);
    const hidden = await this.#visibility.look();
    const all = found.map((one) => doubted(one, hidden));
    const isDoubted = ({ doubt }: Found) => doubt !== undefined;
    const unproved = [...reasonsOf(hidden), ...all.flatMap(({ doubt }) => doubt ?? [])];
    return { found: all.filter((one) => !isDoubted(one)), unjudged, doubted: all.filter(isDoubted), unproved };
  }

  async #confirm(walk: ConsistencyWalk, pending: readonly Candidate[]): Promise<Pick<Judged, 'found' | 'unjudged'>> {
    if (pending.length === 0) return { found: [], unjudged: 0 };
    const standing = await this.#progress.pass(latestOf(pending));
    const judged = pending.filter(({ finding }) => standing.kind !== 'behind' || !OF_COPIES.has(finding.kind));
    const lasting = await this.#lasting(walk, judged, standing);
    const found = judged.flatMap(({ finding, place }) => {
      const still = lasting.get(identity(finding));
      return still === undefined ? [] : [{ ...still, place }];
    });
    return { found, unjudged: pending.length - judged.length };
  }

  /** In portions that a statement can take. */
  async #lasting(
    walk: ConsistencyWalk,
    judged: readonly Candidate[],
    standing: Standing,
  ): Promise<ReadonlyMap<string, Found>> {
    const lasting = new Map<string, Found>();
    for (let at = 0; at < judged.length; at += PORTION) {
      const portion = judged.slice(at, at + PORTION).map(({ finding }) => finding);
      for (const one of await walk.lasting(portion, standing)) lasting.set(identity(one), one);
    }
    return lasting;
  }
}

type Judged = Pick<ScanStep, 'found' | 'unjudged' | 'doubted' | 'unproved'>;

const NOTHING: Judged = { found: [], unjudged: 0, doubted: [], unproved: [] };

/** Whoever looks once more has waited already. */
const UNKEPT: Standing = { kind: 'unkept', isWhole: true };

const PORTION = 2_000;

/** What comes behind a finding; all where it is gone, or none is named. */
function behind(found: readonly Found[], id: string | null): readonly Found[] {
  return found.slice(id === null ? 0 : found.findLastIndex((one) => one.id === id) + 1);
}

function placed({ name }: ConsistencyWalk, start: string | null) {
  return (finding: Found): Candidate => ({ finding, place: { walk: name, start, id: finding.id } });
}

function latestOf(pending: readonly Candidate[]): ClusterTime | null {
  const moments = pending.flatMap(({ finding }) => finding.moment ?? []).sort();
  return moments.at(-1) ?? null;
}
