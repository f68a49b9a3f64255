import type { Finding } from '../platform/finding.js';
import type { ConsistencyScan, Confirmed, Place, ScanLimits } from './consistency-scan.js';
import { distinct } from './visibility.js';
import { KINDS, type InconsistencyKind, type InconsistencyReason } from './inconsistency.js';
import { KINDS_OF, type WalkName } from './consistency-walk.js';
import { ReferenceGroups, type ReferenceGroup } from './reference-remedies.js';

/** How often one thing was found, why, and the first few. */
export interface Inconsistencies {
  readonly count: number;
  readonly reasons: Readonly<Partial<Record<InconsistencyReason, number>>>;
  readonly examples: readonly Confirmed[];
  /** Counts references whose partner is there, by cause. */
  readonly groups: readonly ReferenceGroup[];
  /** Where the first walk was cut that looks for it, of which the examples are; null where all was looked at. */
  readonly cut: Place | null;
}

/** What is wrong between the two databases, by kind, and of how many rows. */
export interface ConsistencyFindings extends Readonly<Record<InconsistencyKind, Inconsistencies>> {
  /** Orders that people see. */
  readonly orders: number;
  readonly transactions: number;
  /** Users in MongoDB. */
  readonly users: number;
  /** Copies of users who are there. */
  readonly copies: number;
  /** Whether every row was looked at, and everything could be judged. */
  readonly isComplete: boolean;
  /** Why some of it could not: rows may be hidden, or the members of MongoDB's replica set do not agree. */
  readonly unproved: readonly Finding[];
}

/** A page of what is wrong, in the order of the walks. */
export interface FoundPage {
  readonly nodes: readonly Confirmed[];
  /** Where the page ends; null where nothing is behind it. */
  readonly end: Place | null;
  /** Whether there is more, or may be: a page ends, too, when enough rows were looked at. */
  readonly hasNext: boolean;
}

export const UNLIMITED: ScanLimits = {
  size: 2_000,
  batch: 5_000,
  rows: Number.POSITIVE_INFINITY,
  until: Number.POSITIVE_INFINITY,
};

/** Findings of one kind that are kept: as many as the largest page has. */
const EXAMPLES = 100;

/** How many rows were looked at so far. */
type OnProgress = (examined: number) => void;

/**
 * Looks for everything that is wrong, within limits.
 *
 * @throws {AppError} POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE
 */
export async function findInconsistencies(
  scan: ConsistencyScan,
  limits: ScanLimits = UNLIMITED,
  onProgress: OnProgress = () => undefined,
): Promise<ConsistencyFindings> {
  const examined: Record<WalkName, number> = { orders: 0, transactions: 0, users: 0, copies: 0 };
  const tally = new Tally();
  let isComplete = true;
  let unproved: readonly Finding[] = [];
  for await (const step of scan.steps(limits)) {
    examined[step.walk] += step.examined;
    tally.add(step.found);
    if (step.isCut) tally.cut(step.walk, step.next);
    unproved = distinct([...unproved, ...step.unproved]);
    if (step.isCut || step.unjudged > 0 || step.unproved.length > 0) isComplete = false;
    onProgress(Object.values(examined).reduce((sum, count) => sum + count));
  }
  return { ...examined, ...tally.all(), isComplete, unproved };
}

/**
 * A page of what is wrong of one kind. It is found when it is asked for: nothing is kept between two pages.
 *
 * @throws {AppError} POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE
 */
export async function inconsistencyPage(
  scan: ConsistencyScan,
  { kind, first, after }: { kind: InconsistencyKind; first: number; after: Place | null },
  limits: ScanLimits,
): Promise<FoundPage> {
  const found: Confirmed[] = [];
  let cut: Place | null = null;
  for await (const step of scan.steps({ ...limits, batch: first + 1 }, [kind], after)) {
    found.push(...step.found);
    cut = step.isCut ? step.next : null;
    if (found.length > first || cut !== null) break;
  }
  const nodes = found.slice(0, first);
  const isFull = found.length > first;
  const end = isFull ? (nodes.at(-1)?.place ?? null) : (cut ?? nodes.at(-1)?.place ?? null);
  return { nodes, end, hasNext: isFull || cut !== null };
}

/** The first page, of what was found already. */
export function firstPage({ count, examples, cut }: Inconsistencies, first: number): FoundPage {
  const nodes = examples.slice(0, first);
  const isFull = examples.length > first || (examples.length === first && count > first && cut === null);
  const last = nodes.at(-1)?.place ?? null;
  return { nodes, end: isFull ? last : (cut ?? last), hasNext: isFull || cut !== null };
}

class Tally {
  readonly #found = new Map<InconsistencyKind, Mutable>(
    KINDS.map((kind) => [kind, { count: 0, reasons: {}, examples: [], groups: new ReferenceGroups(), cut: null }]),
  );

  add(found: readonly Confirmed[]): void {
    for (const one of found) {
      const known = this.#of(one.kind);
      known.count += 1;
      known.reasons[one.reason] = (known.reasons[one.reason] ?? 0) + 1;
      known.groups.add(one);
      // What comes behind a cut is not next to what comes before it.
      if (known.cut === null && known.examples.length < EXAMPLES) known.examples.push(one);
    }
  }

  cut(walk: WalkName, place: Place | null): void {
    for (const kind of KINDS_OF[walk]) this.#of(kind).cut ??= place;
  }

  all(): Readonly<Record<InconsistencyKind, Inconsistencies>> {
    const all = [...this.#found].map(([kind, known]) => [kind, { ...known, groups: known.groups.all() }] as const);
    return Object.fromEntries(all) as unknown as Record<InconsistencyKind, Inconsistencies>;
  }

  #of(kind: InconsistencyKind): Mutable {
    const known = this.#found.get(kind);
    if (known === undefined) throw new TypeError(`${kind} is not looked for`);
    return known;
  }
}

interface Mutable {
  count: number;
  reasons: Partial<Record<InconsistencyReason, number>>;
  examples: Confirmed[];
  groups: ReferenceGroups;
  cut: Place | null;
}
