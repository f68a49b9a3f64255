import { randomUUID } from 'node:crypto';
import { AppError, badUserInput, isPassing } from '../errors/app-error.js';
import { checkedId } from '../graph/arguments.js';
import type { Access } from '../security/access.js';
import { KINDS, type InconsistencyKind } from './inconsistency.js';
import type { RepairLog } from './repair-log.repository.js';
import type { LoggedRun } from './logged-run.js';
import type { LoggedAct, RepairRuns } from './repair-runs.repository.js';
import type { UndoingCopies } from './undoing-copies.repository.js';
import type { UndoingDocuments } from './undoing-documents.repository.js';
import type { UndoingOrders } from './undoing-orders.repository.js';
import type { KeptRow, Undone } from './undoing.js';
import { TIMINGS } from '../platform/timings.js';

/** What became of one row or document of an undone run. */
export interface UndoneRow {
  readonly kind: InconsistencyKind;
  /** The table or collection; null of an act whose rows were not kept. */
  readonly place: KeptRow['place'] | null;
  readonly id: string;
  readonly outcome: UndoOutcome;
  /** Why it is left, or what is not as it was; null for neither. */
  readonly because: string | null;
}

/** `notKept` is an act of a version that kept no whole rows. */
export type UndoOutcome = Undone['kind'] | 'notKept';

/** How many rows of one kind had which outcome. */
export interface UndoResult {
  readonly kind: InconsistencyKind;
  readonly planned: number;
  readonly broughtBack: number;
  readonly alreadyThere: number;
  readonly left: number;
  readonly notKept: number;
}

export interface UndoRun {
  /** The undo's own run in the log; null of a dry one. */
  readonly runId: string | null;
  /** The run that it undoes. */
  readonly undoes: string;
  readonly isDry: boolean;
  /** Whether every act of the run was looked at. */
  readonly isComplete: boolean;
  /** Acts of the run. */
  readonly acts: number;
  readonly results: readonly UndoResult[];
  /** The first ones; those that are left before the others. */
  readonly rows: readonly UndoneRow[];
}

export type UndoRunOutcome =
  | { readonly kind: 'undone'; readonly run: UndoRun }
  | { readonly kind: 'runNotFound'; readonly runId: string }
  /** The run is itself an undo: `repair` does again what it has taken back. */
  | { readonly kind: 'isUndo'; readonly runId: string; readonly undoes: string };

export interface UndoOptions {
  readonly isDry?: boolean;
  /** When to stop, by `performance.now()`. */
  readonly until?: number;
  readonly onProgress?: (acts: number) => void;
}

/** What brings rows back, by where they are. */
interface Undoing {
  readonly orders: UndoingOrders;
  readonly documents: UndoingDocuments;
  readonly copies: UndoingCopies;
}

export interface UndoParts {
  readonly runs: RepairRuns;
  readonly undoing: Undoing;
  readonly log: RepairLog;
  readonly access: Access;
}

/** Rows that are told. */
const TOLD = 100;

/** Acts that are undone at the same time. */
const LANES = 4;

const MOST_RUNS = 100;

type Undo = (undoing: Undoing, row: KeptRow, isDry: boolean) => Promise<Undone>;

const document: Undo = ({ documents }, row, isDry) => documents.document(row, isDry);
const copy: Undo = ({ copies }, row, isDry) => copies.copy(row, isDry);

/** How rows of each kind come back, by the table or collection that they are of. */
const UNDOS: Readonly<Record<InconsistencyKind, Partial<Record<KeptRow['place'], Undo>>>> = {
  danglingOrders: { orders: ({ orders }, row, isDry) => orders.order(row, isDry), transactions: document },
  orphanTransactions: { transactions: document },
  wrongAmounts: {
    orders: ({ orders }, row, isDry) => orders.settledOrder(row, isDry),
    transactions: ({ documents }, row, isDry) => documents.amount(row, isDry),
  },
  staleCopies: { users: copy },
  conflictingCopies: { users: copy },
  staleOrderCopies: { orders: ({ orders }, row, isDry) => orders.names(row, isDry) },
  // No repair changes these.
  wrappedReferences: {},
  otherTypeReferences: {},
};

/**
 * Brings back what a run of `repair` has deleted or changed. Each row is looked at just before it is written: one that is
 * there already stays, one whose place another has taken is left. A run can be undone again, and goes on where it was cut.
 */
export class UndoService {
  readonly #parts: UndoParts;

  constructor(parts: UndoParts) {
    this.#parts = parts;
  }

  /** The newest runs in the log. @throws {AppError} BAD_USER_INPUT, FORBIDDEN, POSTGRES_UNAVAILABLE */
  async runs(first: number): Promise<readonly LoggedRun[]> {
    this.#parts.access.refuseOperation('repairRuns');
    if (first < 1 || first > MOST_RUNS) throw badUserInput('first', `first takes 1 to ${MOST_RUNS}, got ${first}`);
    return this.#parts.runs.newest(first);
  }

  /**
   * Undoes a run, however long that takes.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no UUID; FORBIDDEN; POSTGRES_UNAVAILABLE, MONGO_UNAVAILABLE and
   * OUTCOME_UNKNOWN when it is to be undone again
   */
  async undo(
    runId: string,
    { isDry = false, until = Infinity, onProgress }: UndoOptions = {},
  ): Promise<UndoRunOutcome> {
    this.#parts.access.refuseOperation('undoRepair');
    const id = checkedId('uuid', runId, 'runId');
    const logged = await this.#parts.runs.find(id);
    if (logged === null) return { kind: 'runNotFound', runId };
    if (logged.undoes !== null) return { kind: 'isUndo', runId, undoes: logged.undoes };
    const tally = new Tally(logged, isDry);
    let done = 0;
    for await (const acts of this.#parts.runs.acts(id)) {
      for (let at = 0; at < acts.length; at += LANES) {
        if (performance.now() > until) return { kind: 'undone', run: tally.told(false) };
        const lanes = acts.slice(at, at + LANES);
        await Promise.all(lanes.map((act) => this.#undoAct(act, tally)));
        onProgress?.((done += lanes.length));
      }
    }
    return { kind: 'undone', run: tally.told(true) };
  }

  /** Undoes a run for a client, who does not wait for long. @throws {AppError} as {@link undo} does */
  undoBriefly(runId: string, isDry: boolean): Promise<UndoRunOutcome> {
    return this.undo(runId, { isDry, until: performance.now() + TIMINGS.audit.clientRepair });
  }

  async #undoAct(act: LoggedAct, tally: Tally): Promise<void> {
    if (!act.keepsRows) {
      if (act.mayHaveActed) tally.add({ ...aboutAct(act), outcome: 'notKept', because: NOT_KEPT });
      return;
    }
    const counts = { broughtBack: 0, alreadyThere: 0, left: 0, planned: 0 };
    let entry: string | null = null;
    let orderIsLeft = false;
    for await (const rows of this.#parts.runs.keptRows(act.id)) {
      for (const row of rows) {
        if (tally.runId !== null) entry ??= await this.#begin(act, tally.runId, tally.undoes);
        const undone =
          orderIsLeft && row.place === 'transactions' ? ORDER_IS_LEFT : await this.#undoRow(act, row, tally);
        if (row.place === 'orders' && undone.kind === 'left') orderIsLeft = true;
        counts[undone.kind] += 1;
        const because = 'because' in undone ? (undone.because ?? null) : null;
        tally.add({ kind: act.kind, place: row.place, id: shownKey(row), outcome: undone.kind, because });
      }
    }
    if (entry !== null) await this.#parts.log.end(entry, { kind: 'undone', ...counts });
  }

  #begin({ id, kind, subject }: LoggedAct, runId: string, undoes: string): Promise<string> {
    return this.#parts.log.begin({ runId, kind, subject, policy: 'UNDO', before: { undoes, repairId: id } });
  }

  async #undoRow({ kind }: LoggedAct, row: KeptRow, { runId }: Tally): Promise<Undone> {
    const undo = UNDOS[kind][row.place];
    if (undo === undefined) return { kind: 'left', because: `${row.place} of ${kind} cannot be brought back` };
    try {
      return await undo(this.#parts.undoing, row, runId === null);
    } catch (error) {
      if (isPassing(error) || !(error instanceof AppError)) throw error;
      return { kind: 'left', because: `${error.code}: ${error.message}` };
    }
  }
}

const NOT_KEPT = 'the run was made by a version that kept no whole rows';
const ORDER_IS_LEFT: Undone = { kind: 'left', because: 'its order was not brought back' };

function aboutAct({ kind, subject }: LoggedAct): Pick<UndoneRow, 'kind' | 'place' | 'id'> {
  return { kind, place: null, id: subject };
}

/** An ObjectId as its digits; any other `_id` as extended JSON. */
function shownKey({ place, key }: KeptRow): string {
  if (place !== 'transactions') return key;
  return /^\{"_id":\{"\$oid":"([0-9a-f]{24})"\}\}$/.exec(key)?.[1] ?? key;
}

class Tally {
  readonly runId: string | null;
  readonly undoes: string;
  readonly #acts: number;
  readonly #left: UndoneRow[] = [];
  readonly #others: UndoneRow[] = [];
  readonly #counts = new Map(
    KINDS.map((kind) => [kind, { planned: 0, broughtBack: 0, alreadyThere: 0, left: 0, notKept: 0 }]),
  );

  constructor({ runId, acts }: LoggedRun, isDry: boolean) {
    this.runId = isDry ? null : randomUUID();
    this.undoes = runId;
    this.#acts = acts;
  }

  add(row: UndoneRow): void {
    const counts = this.#counts.get(row.kind);
    if (counts !== undefined) counts[row.outcome] += 1;
    const told = row.outcome === 'left' || row.outcome === 'notKept' ? this.#left : this.#others;
    if (told.length < TOLD) told.push(row);
  }

  told(isComplete: boolean): UndoRun {
    return {
      runId: this.runId,
      undoes: this.undoes,
      isDry: this.runId === null,
      isComplete,
      acts: this.#acts,
      results: [...this.#counts].map(([kind, counts]) => ({ kind, ...counts })),
      rows: [...this.#left, ...this.#others].slice(0, TOLD),
    };
  }
}
