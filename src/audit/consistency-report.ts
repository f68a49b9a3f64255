import { badUserInput } from '../errors/app-error.js';
import type { Backlog } from './backlog.js';
import { findInconsistencies, firstPage, inconsistencyPage, type ConsistencyFindings } from './consistency.js';
import { decodePlace, encodePlace } from './consistency-cursor.js';
import type { ConsistencyScan, ScanLimits } from './consistency-scan.js';
import { KINDS, type Inconsistency, type InconsistencyKind } from './inconsistency.js';
import { TIMINGS } from '../platform/timings.js';

/** A page as a client sees it. */
export interface InconsistencyList {
  /** In all, as far as it was looked. */
  readonly count: Promise<number>;
  readonly nodes: readonly Inconsistency[];
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

export interface InconsistencyPageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

/** A client waits for it. */
const MAX_ROWS = 20_000;

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

/**
 * How consistent the two databases are, for one request: looked for when it is asked, once, and no further than a client
 * can wait for. Later pages are looked for from where the one before has ended.
 */
export class ConsistencyReport {
  readonly #scan: ConsistencyScan;
  readonly #readBacklog: () => Promise<Backlog>;
  #findings: Promise<ConsistencyFindings> | null = null;
  #backlog: Promise<Backlog> | null = null;

  constructor(scan: ConsistencyScan, backlog: () => Promise<Backlog>) {
    this.#scan = scan;
    this.#readBacklog = backlog;
  }

  /** @throws {AppError} POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE */
  findings(): Promise<ConsistencyFindings> {
    return (this.#findings ??= findInconsistencies(this.#scan, limits()));
  }

  /** @throws {AppError} POSTGRES_UNAVAILABLE */
  backlog(): Promise<Backlog> {
    return (this.#backlog ??= this.#readBacklog());
  }

  /** Whether nothing was found, and no job waits for people. @throws {AppError} as {@link findings} does */
  async isSound(): Promise<boolean> {
    return isSound(await this.findings(), await this.backlog());
  }

  /** @throws {AppError} BAD_USER_INPUT; POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE */
  async list(kind: InconsistencyKind, { first, after }: InconsistencyPageArguments): Promise<InconsistencyList> {
    const size = pageSize(kind, first ?? DEFAULT_PAGE_SIZE);
    const page =
      after === null || after === undefined
        ? firstPage((await this.findings())[kind], size)
        : await inconsistencyPage(this.#scan, { kind, first: size, after: decodePlace(kind, after) }, limits());
    const { nodes, end, hasNext } = page;
    const list = { nodes, endCursor: end === null ? null : encodePlace(kind, end), hasNextPage: hasNext };
    // Of a later page nobody pays for a count that was not selected.
    return Object.defineProperty(list, 'count', { get: () => this.#count(kind) }) as unknown as InconsistencyList;
  }

  async #count(kind: InconsistencyKind): Promise<number> {
    return (await this.findings())[kind].count;
  }
}

/** Rows that may be hidden are no sound ones. */
export function isSound(findings: ConsistencyFindings, { parkedJobs }: Backlog): boolean {
  return parkedJobs === 0 && findings.unproved.length === 0 && KINDS.every((kind) => findings[kind].count === 0);
}

function limits(): ScanLimits {
  return { size: 2_000, batch: 5_000, rows: MAX_ROWS, until: performance.now() + TIMINGS.audit.client };
}

function pageSize(kind: InconsistencyKind, first: number): number {
  if (Number.isInteger(first) && first >= 1 && first <= MAX_PAGE_SIZE) return first;
  throw badUserInput('first', `${kind}(first:) takes 1 to ${MAX_PAGE_SIZE}, got ${first}; page with after:`);
}
