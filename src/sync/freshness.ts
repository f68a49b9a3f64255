import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { standingOf } from '../platform/mongo/standing.js';
import { TIMINGS } from '../platform/timings.js';

/**
 * Tells when the copy was as late as MongoDB: a stream gives what the majority has, and the majority may be behind. So
 * MongoDB is asked for its last write, and once the stream has passed that, all was covered that there was when it was
 * asked.
 */
export class Freshness {
  readonly #mongo: MongoDatabase;
  #asked: { readonly at: Date; readonly lastWrite: ClusterTime } | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(mongo: MongoDatabase) {
    this.#mongo = mongo;
  }

  /** Before the next changes are read. @throws {AppError} MONGO_UNAVAILABLE */
  async ask(): Promise<void> {
    if (this.#asked !== null || performance.now() - this.#askedAt < TIMINGS.userSync.freshness) return;
    this.#askedAt = performance.now();
    const at = new Date();
    const { lastWrite, committed } = await standingOf(this.#mongo);
    const last = lastWrite ?? committed;
    this.#asked = last === null ? null : { at, lastWrite: last };
  }

  /** @returns when there was no more than what is covered; null while that is not known */
  of(coveredTo: ClusterTime | null): Date | null {
    if (this.#asked === null || coveredTo === null || coveredTo < this.#asked.lastWrite) return null;
    const { at } = this.#asked;
    this.#asked = null;
    return at;
  }
}
