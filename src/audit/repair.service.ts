import { randomUUID } from 'node:crypto';
import type { Access } from '../security/access.js';
import { UNLIMITED } from './consistency.js';
import type { ConsistencyService } from './consistency.service.js';
import type { Confirmed, ConsistencyScan, ScanLimits, ScanStep } from './consistency-scan.js';
import { KINDS, type Inconsistency, type InconsistencyKind } from './inconsistency.js';
import { actsWith, attempted, left, type Act, type ActParts, type Mended } from './repair-acts.js';
import type { RepairLog } from './repair-log.repository.js';
import { distinct } from './visibility.js';
import type { Finding } from '../platform/finding.js';
import { REPORT_ALL, type RepairPolicies, type RepairPolicy } from './repair-policies.js';

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
const CLIENT_TIME = 10_000;

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
   * Goes through everything, however long that takes.
   *
   * @throws {AppError} FORBIDDEN; POSTGRES_UNAVAILABLE, MONGO_UNAVAILABLE and OUTCOME_UNKNOWN when it is to be made again
   */
  async run(request: RepairRequest, { onProgress, ...limits }: RepairOptions = {}): Promise<RepairRun> {
    this.#parts.access.refuseOperation('repair');
    const scan = this.#parts.audit.scan();
    const run = new Run(request);
    const within = { ...UNLIMITED, batch: BATCH, ...limits };
    let examined = 0;
    for await (const step of scan.steps(within)) {
      onProgress?.((examined += step.examined));
      const isMended = await this.#mendAll(scan, run, step.found, within.until);
      if (step.isCut || step.unjudged > 0 || step.unproved.length > 0 || !isMended) run.isComplete = false;
      run.leave(step);
    }
    return run.told();
  }

  /** The same for a client, who does not wait for long. @throws {AppError} as {@link run} does */
  runBriefly(request: RepairRequest): Promise<RepairRun> {
    return this.run(request, { rows: CLIENT_ROWS, until: performance.now() + CLIENT_TIME });
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
    if (policy === 'REPORT' || run.id === null) {
      run.add(finding, policy === 'REPORT' ? null : 'planned');
      return;
    }
    const still = await scan.again(finding);
    if (still === null) {
      // Another act has mended it, or somebody else.
      if (run.isWithAnother(finding)) run.add(finding, { kind: 'repaired' });
      return;
    }
    if (still.doubt !== undefined) {
      run.add(still, left(still.doubt.problem));
      return;
    }
    const { before, run: act } = this.#acts[still.kind];
    const about = { runId: run.id, kind: still.kind, subject: still.id, policy, before: await before(still) };
    const entry = await this.#parts.log.begin(about);
    run.begin(still);
    const mended = await this.#verified(scan, still, await attempted(() => act(still)));
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
  readonly #acts: RepairAct[] = [];
  #unproved: readonly Finding[] = [];
  /** Users whose orders are all brought up to date with one of them. */
  readonly #users = new Set<unknown>();
  readonly #counts = new Map(KINDS.map((kind) => [kind, { found: 0, repaired: 0, underWay: 0, left: 0 }]));

  constructor({ isDry, ...policies }: RepairRequest) {
    this.id = isDry ? null : randomUUID();
    this.policies = { ...REPORT_ALL, ...policies };
  }

  begin({ kind, reference }: Inconsistency): void {
    if (kind === 'staleOrderCopies') this.#users.add(reference);
  }

  /** Whether it is mended with another one. */
  isWithAnother({ kind, reference }: Inconsistency): boolean {
    return kind === 'staleOrderCopies' && this.#users.has(reference);
  }

  /** Leaves what is not proved, and says why. What is only reported is not counted: it may be none. */
  leave({ doubted, unproved }: Pick<ScanStep, 'doubted' | 'unproved'>): void {
    this.#unproved = distinct([...this.#unproved, ...unproved]);
    for (const finding of doubted)
      if (this.policies[finding.kind] !== 'REPORT') this.add(finding, left(finding.doubt?.problem ?? finding.problem));
  }

  /** @param mended null where nothing is to be done */
  add(finding: Inconsistency, mended: Mended | 'planned' | null): void {
    const counts = this.#counts.get(finding.kind);
    if (counts === undefined) return;
    counts.found += 1;
    if (mended === null) return;
    const outcome = mended === 'planned' ? mended : mended.kind;
    if (outcome !== 'planned') counts[outcome] += 1;
    if (this.#acts.length >= TOLD) return;
    const { kind, reason, id, reference, problem } = finding;
    const because = mended !== 'planned' && mended.kind === 'left' ? mended.because : null;
    this.#acts.push({ kind, reason, id, reference, problem, policy: this.policies[kind], outcome, because });
  }

  told(): RepairRun {
    const results = [...this.#counts].map(([kind, counts]) => ({ kind, policy: this.policies[kind], ...counts }));
    const { id: runId, isComplete } = this;
    return { runId, isDry: runId === null, isComplete, unproved: this.#unproved, results, acts: this.#acts };
  }
}
