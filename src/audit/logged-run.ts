import type { InconsistencyKind } from './inconsistency.js';

/** The policy of an entry that brings back what another run did. */
export const UNDO = 'UNDO';

/** A run of `repair`, or of its undo, as the log has it. */
export interface LoggedRun {
  readonly runId: string;
  readonly at: Date;
  /** Who asked for it; null in runs that were logged before that was noted. */
  readonly actor: string | null;
  /** Which run it has undone; null where it is a repair. */
  readonly undoes: string | null;
  /** How many acts of each kind. */
  readonly kinds: readonly { readonly kind: InconsistencyKind; readonly policy: string; readonly acts: number }[];
  readonly acts: number;
  /** Acts that were begun and never noted as done: their process died. */
  readonly unfinished: number;
  /** Rows and documents that can be brought back. */
  readonly rows: number;
  /** Acts of a version that kept no whole rows. */
  readonly notKept: number;
}
