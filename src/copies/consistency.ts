import { setTimeout as rest } from 'node:timers/promises';
import { badUserInput, isPassing } from '../errors/app-error.js';
import { before, isClusterTime, type ClusterTime } from '../platform/mongo/cluster-time.js';
import type { SyncStateRepository } from './sync-state.repository.js';
import { TIMINGS } from '../platform/timings.js';

/** The header in which a caller brings the token of a mutation. */
export const CONSISTENCY_HEADER = 'x-consistency-token';

/**
 * Read your own writes, for one request: the position in MongoDB's history that it has written, for its payload to tell,
 * and the one that it brings, which no copy that it reads may be older than. A token is a cluster time.
 */
export class Consistency {
  readonly #state: SyncStateRepository;
  readonly #seen: () => ClusterTime | null;
  readonly #brought: string | null;
  #written: ClusterTime | null = null;
  #areCopiesInStep = false;

  /**
   * @param parts.seen the latest moment of MongoDB's that this process knows of
   * @param parts.brought the token that the caller has brought; null for none
   */
  constructor(parts: { syncState: SyncStateRepository; seen: () => ClusterTime | null; brought: string | null }) {
    this.#state = parts.syncState;
    this.#seen = parts.seen;
    this.#brought = parts.brought;
  }

  /** Notes a write to users, or a copy, of this moment. */
  readonly note = (at: ClusterTime): void => {
    if (this.#written === null || at > this.#written) this.#written = at;
  };

  /** What a payload tells; null where MongoDB has no replica set, and so no copies. */
  get token(): string | null {
    if (this.#written !== null) return this.#written;
    const seen = this.#seen();
    // Of that moment itself there may be more to come, of others.
    return seen === null ? null : before(seen);
  }

  /** The moment that what is read may not be older than; null where any will do. @throws {AppError} BAD_USER_INPUT */
  get after(): ClusterTime | null {
    if (this.#brought === null || isClusterTime(this.#brought)) return this.#brought;
    throw badUserInput(
      CONSISTENCY_HEADER,
      `${CONSISTENCY_HEADER} takes the consistencyToken of a mutation as it is, 16 hex characters`,
    );
  }

  /**
   * Whether all copies, those on orders too, were as late as the caller has to see them when that was looked at, and so
   * is what was read since. Until then they count as late.
   */
  get areCopiesInStep(): boolean {
    return this.#areCopiesInStep;
  }

  /** Looks at that, where the caller has brought a token; before anything is read. */
  async look(): Promise<void> {
    if (this.#brought === null || !isClusterTime(this.#brought)) return;
    // Who cannot find it out reads the source.
    const isInStep = await this.#state.isInStep(this.#brought).catch((error: unknown) => {
      if (isPassing(error)) return false;
      throw error;
    });
    this.#areCopiesInStep = isInStep;
  }

  /** Asks until the answer is yes, for a while; null says that waiting is of no use. */
  async wait(ask: () => Promise<boolean | null>): Promise<boolean> {
    const until = performance.now() + TIMINGS.copies.token;
    let answer = await ask();
    while (answer === false && performance.now() < until) {
      await rest(TIMINGS.copies.tokenPause);
      answer = await ask();
    }
    return answer ?? false;
  }
}
