import { randomUUID } from 'node:crypto';
import type { Access } from '../security/access.js';
import { badUserInput } from '../errors/app-error.js';
import { UNLIMITED } from './consistency.js';
import type { ConsistencyService } from './consistency.service.js';
import type { Confirmed, ConsistencyScan, ScanLimits, ScanStep } from './consistency-scan.js';
import { KINDS, type Inconsistency, type InconsistencyKind } from './inconsistency.js';
import { actsWith, attempted, left, type Act, type ActParts, type Mended } from './repair-acts.js';
import { FindingCounts, stopReason } from './repair-guard.js';
import type { RepairLog } from './repair-log.repository.js';
import { distinct } from './visibility.js';
import type { Finding } from '../platform/finding.js';
import { REPORT_ALL, type RepairPolicies, type RepairPolicy } from './repair-policies.js';
import { TIMINGS } from '../platform/timings.js';

/** What was done about a finding, or would be. */
export interface RepairAct extends Inconsistency {
  readonly policy: RepairPolicy;
  readonly outcome: RepairOutcome;
  /** Why it is left; null where it is not. */
  readonly because: string | null;
}

/** Whether it is mended, will be by a job, is left, or would be mended by a run that is not dry. */
export type RepairOutcome = Mended['kind'] | 'planned';

/** What became of one kind. */
export interface RepairResult {
  readonly kind: InconsistencyKind;
  readonly policy: RepairPolicy;
  readonly found: number;
  /** Rows that were looked at of the table or collection that it is about. */
  readonly rows: number;
  /** Why nothing of it is changed, although it has a policy; null where it may be. */
  readonly stopped: string | null;
  readonly repaired: number;
  readonly underWay: number;
  readonly left: number;
}

export interface RepairRun {
  /** Under which the log has it; null of a dry run, which has none. */
  readonly runId: string | null;
  readonly isDry: boolean;
  /** Whether every row was looked at. */
  readonly isComplete: boolean;
  /** Why some of it could not be judged: rows may be hidden, or the members of MongoDB do not agree. */
  readonly unproved: readonly Finding[];
  readonly results: readonly RepairResult[];
  /** The first ones. */
  readonly acts: readonly RepairAct[];
}

export interface RepairRequest extends Partial<RepairPolicies> {
  readonly isDry: boolean;
  /** How much of the one kind that has a policy a person expects to be found. */
  readonly expect?: number | null;
}

export interface RepairOptions extends Partial<ScanLimits> {
  readonly onProgress?: (examined: number) => void;
}

export interface RepairParts extends ActParts {
  readonly audit: ConsistencyService;
  readonly log: RepairLog;
  readonly access: Access;
}

/** Acts that are told. */
const TOLD = 100;

/** Findings that are looked at again, and mended, before it is looked for more. */
const BATCH = 1_000;

/** Acts at the same time. */
const LANES = 4;

const CLIENT_ROWS = 20_000;

/**
 * Mends what the audit finds, each kind as its policy says, and nothing without one. Each finding is looked at once more
 * just before it is mended, and each act is logged. A run can be killed, and made again.
 */
export class RepairService {
  readonly #parts: RepairParts;
  readonly #acts: Readonly<Record<InconsistencyKind, Act>>;

  constructor(parts: RepairParts) {
    this.#parts = parts;
    this.#acts = actsWith(parts);
  }

  /**
   * Counts everything first, however long that takes, then mends the kinds that the guard lets pass.
   *
   * @throws {AppError} FORBIDDEN; BAD_USER_INPUT for an `expect` that is not about one kind; POSTGRES_UNAVAILABLE,
   * MONGO_UNAVAILABLE and OUTCOME_UNKNOWN when it is to be made again
   */
  async run(request: RepairRequest, { onProgress, ...limits }: RepairOptions = {}): Promise<RepairRun> {
    this.#parts.access.refuseOperation('repair');
    const scan = this.#parts.audit.scan();
    const run = new Run(request);
    const within = { ...UNLIMITED, batch: BATCH, ...limits };
    let examined = 0;
    for await (const step of scan.steps(within)) {
      onProgress?.((examined += step.examined));
      run.count(step);
    }
    const kinds = run.guarded();
    if (kinds.length === 0) return run.told();
    for await (const step of scan.steps(within, kinds)) {
      onProgress?.((examined += step.examined));
      const isMended = await this.#mendAll(scan, run, step.found, within.until);
      if (step.isCut || step.unjudged > 0 || step.unproved.length > 0 || !isMended) run.isComplete = false;
    }
    return run.told();
  }

  /** The same for a client, who does not wait for long. @throws {AppError} as {@link run} does */
  runBriefly(request: RepairRequest): Promise<RepairRun> {
    return this.run(request, { rows: CLIENT_ROWS, until: performance.now() + TIMINGS.audit.clientRepair });
  }

  /** @returns false where the time was not enough */
  async #mendAll(scan: ConsistencyScan, run: Run, found: readonly Confirmed[], until: number): Promise<boolean> {
    for (let at = 0; at < found.length; at += LANES) {
      if (performance.now() > until) return false;
      await Promise.all(found.slice(at, at + LANES).map((finding) => this.#mend(scan, run, finding)));
    }
    return true;
  }

  async #mend(scan: ConsistencyScan, run: Run, finding: Confirmed): Promise<void> {
    const policy = run.policies[finding.kind];
    // What was found after the count was confirmed by nobody.
    if (run.id === null || !run.take(finding)) return;
    const still = await scan.again(finding);
    // Another act has mended it, or another program.
    if (still === null) return;
    if (still.doubt !== undefined) {
      run.add(still, left(still.doubt.problem));
      return;
    }
    const { before, run: act } = this.#acts[still.kind];
    const about = { runId: run.id, kind: still.kind, subject: still.id, policy, before: await before(still) };
    const entry = await this.#parts.log.begin(about);
    const mended = await this.#verified(scan, still, await attempted(() => act(still, entry)));
    await this.#parts.log.end(entry, mended);
    run.add(still, mended);
  }

  /** What was mended is so no more. */
  async #verified(scan: ConsistencyScan, finding: Confirmed, mended: Mended): Promise<Mended> {
    if (mended.kind !== 'repaired' || (await scan.again(finding)) === null) return mended;
    return left('it is still so');
  }
}

/** A run, as far as it has come. */
class Run {
  readonly id: string | null;
  readonly policies: RepairPolicies;
  isComplete = true;
  readonly #expected: number | null;
  readonly #acts: RepairAct[] = [];
  #unproved: readonly Finding[] = [];
  /** Findings that rest on an absence which is not proved, by kind. */
  readonly #doubted = new Map<InconsistencyKind, number>();
  readonly #counts = new FindingCounts();
  /** Kinds that may be mended, with how many more of each. */
  readonly #allowed = new Map<InconsistencyKind, number>();
  readonly #stopped = new Map<InconsistencyKind, string>();
  readonly #outcomes = new Map(KINDS.map((kind) => [kind, { repaired: 0, underWay: 0, left: 0 }]));

  /** @throws {AppError} BAD_USER_INPUT */
  constructor({ isDry, expect, ...policies }: RepairRequest) {
    this.id = isDry ? null : randomUUID();
    this.policies = { ...REPORT_ALL, ...policies };
    this.#expected = expect ?? null;
    if (this.#expected !== null && this.#chosen().length !== 1) {
      throw badUserInput('expect', 'expect confirms the number of one finding: give exactly one kind a policy');
    }
  }

  #chosen(): readonly InconsistencyKind[] {
    return KINDS.filter((kind) => this.policies[kind] !== 'REPORT');
  }

  /** What is found before anything is changed. */
  count(step: ScanStep): void {
    this.#counts.add(step);
    this.#leave(step);
    if (step.isCut || step.unjudged > 0 || step.unproved.length > 0) this.isComplete = false;
    if (this.id !== null) return;
    for (const finding of step.found)
      if (this.policies[finding.kind] !== 'REPORT') this.#tell(finding, 'planned', null);
  }

  /** Leaves what is not proved, and says why. What is only reported is not counted: it may be none. */
  #leave({ doubted, unproved }: ScanStep): void {
    this.#unproved = distinct([...this.#unproved, ...unproved]);
    for (const finding of doubted) {
      if (this.policies[finding.kind] === 'REPORT') continue;
      this.#doubted.set(finding.kind, (this.#doubted.get(finding.kind) ?? 0) + 1);
      this.#tell(finding, 'left', finding.doubt?.problem ?? finding.problem);
    }
  }

  /** The kinds that may be mended, now that everything is counted; none of a dry run. */
  guarded(): readonly InconsistencyKind[] {
    for (const kind of this.#chosen()) {
      const counted = this.#counts.of(kind);
      const reason = stopReason(counted, this.#expected);
      if (reason !== null) this.#stopped.set(kind, reason);
      else if (counted.found > 0 && this.id !== null) this.#allowed.set(kind, counted.found);
    }
    return [...this.#allowed.keys()];
  }

  /** @returns false where as many of the kind were mended as were counted: then the run is not complete */
  take({ kind }: Inconsistency): boolean {
    const more = this.#allowed.get(kind) ?? 0;
    if (more === 0) this.isComplete = false;
    else this.#allowed.set(kind, more - 1);
    return more > 0;
  }

  add(finding: Inconsistency, mended: Mended): void {
    const outcomes = this.#outcomes.get(finding.kind);
    if (outcomes !== undefined) outcomes[mended.kind] += 1;
    this.#tell(finding, mended.kind, mended.kind === 'left' ? mended.because : null);
  }

  #tell({ kind, reason, id, reference, problem }: Inconsistency, outcome: RepairOutcome, because: string | null): void {
    if (this.#acts.length >= TOLD) return;
    this.#acts.push({ kind, reason, id, reference, problem, policy: this.policies[kind], outcome, because });
  }

  told(): RepairRun {
    const { id: runId, isComplete } = this;
    const results = KINDS.map((kind) => this.#resultOf(kind));
    return { runId, isDry: runId === null, isComplete, unproved: this.#unproved, results, acts: this.#acts };
  }

  #resultOf(kind: InconsistencyKind): RepairResult {
    const counted = this.#counts.of(kind);
    const doubted = this.#doubted.get(kind) ?? 0;
    const { repaired, underWay, left } = this.#outcomes.get(kind) ?? { repaired: 0, underWay: 0, left: 0 };
    const stopped = this.#stopped.get(kind) ?? null;
    const found = counted.found + doubted;
    const about = { kind, policy: this.policies[kind], found, rows: counted.rows, stopped };
    if (stopped !== null) return { ...about, repaired: 0, underWay: 0, left: this.id === null ? 0 : found };
    // Of all rows that were looked at twice, those that were not met again are mended: by an act for another, or elsewhere.
    const isOver = this.#allowed.has(kind) && this.isComplete;
    return { ...about, repaired: isOver ? counted.found - underWay - left : repaired, underWay, left: left + doubted };
  }
}
