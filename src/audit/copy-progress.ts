import { setTimeout as rest } from 'node:timers/promises';
import { isCovered, type SyncState } from '../copies/sync-state.js';
import type { SyncStateRepository } from '../copies/sync-state.repository.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';

/** How the copies of users stand to a moment in MongoDB's history. */
export interface Standing {
  readonly kind:
    /** All that was written by then is in them. */
    | 'covered'
    /** They are being brought there: what they lack says nothing. */
    | 'behind'
    /** Nobody does: they are what they are. */
    | 'unkept';
  /** Whether every user was copied once, so that one without a copy lacks one. */
  readonly isWhole: boolean;
}

/** How often the stream is asked how far it is, in milliseconds. */
const INTERVAL = 50;

/** Waits for the change stream to pass what was found, so that a race is not taken for a fault. */
export class CopyProgress {
  readonly #states: SyncStateRepository;
  readonly #pause: number;
  readonly #patience: number;
  /** How it stood when nobody had moved it for all that time: waiting for it once is enough. */
  #atRest: SyncState | null = null;

  /**
   * @param pause how long is waited in any case, in milliseconds: longer than what lies between two commits of one write
   * @param patience how long the stream is waited for
   */
  constructor(states: SyncStateRepository, { pause, patience }: { pause: number; patience: number }) {
    this.#states = states;
    this.#pause = pause;
    this.#patience = patience;
  }

  /**
   * Returns when the copies have passed a moment, or there is no use in waiting.
   *
   * @param moment null where it does not matter
   * @throws {AppError} POSTGRES_UNAVAILABLE
   */
  async pass(moment: ClusterTime | null): Promise<Standing> {
    const until = performance.now() + this.#patience;
    await rest(this.#pause);
    const first = await this.#states.read();
    for (let state = first; ; state = await this.#states.read()) {
      if (moment === null || state?.problem !== null) return standing('unkept', state);
      if (isCovered(state, moment)) return standing('covered', state);
      if (isSame(this.#atRest, state)) return standing('unkept', state);
      if (performance.now() > until) {
        // A stream that lives says so every second, also when nothing happens.
        this.#atRest = isSame(first, state) ? state : null;
        return standing(this.#atRest === null ? 'behind' : 'unkept', state);
      }
      await rest(INTERVAL);
    }
  }
}

function standing(kind: Standing['kind'], state: SyncState | null): Standing {
  return { kind, isWhole: (state?.backfilledAt ?? null) !== null };
}

function isSame(before: SyncState | null, { epoch, token, freshAt, after }: SyncState): boolean {
  if (before === null) return false;
  const isAsFresh = before.freshAt?.getTime() === freshAt?.getTime();
  return before.epoch === epoch && before.token === token && before.after === after && isAsFresh;
}
