import { setTimeout as rest } from 'node:timers/promises';
import type { Logger } from 'pino';
import { TIMINGS } from '../platform/timings.js';

/** What has gone wrong, told once for as long as it lasts, and the rests after it, which grow. */
export class Setbacks {
  readonly #logger: Logger;
  readonly #stopping: AbortSignal;
  /** What was said in the log, and has not passed yet. */
  #told: string | null = null;
  #failedAt: number | null = null;
  #rest = TIMINGS.userSync.firstRest;
  #restAfterLoss = TIMINGS.userSync.firstRest;
  #isSettled = true;
  #lostAt = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger, stopping: AbortSignal) {
    this.#logger = logger;
    this.#stopping = stopping;
  }

  /** The failure that has not passed yet, in words; null where there is none. */
  get current(): string | null {
    return this.#told;
  }

  /** Warns of a failure, once for as long as it lasts; of one that comes while the process stops, it says nothing. */
  tell(message: string, error: unknown): void {
    if (this.#stopping.aborted) return;
    const words = wordsOf(error);
    if (this.#told !== words) this.#logger.warn({ err: error }, `${message}: ${words}`);
    this.#told = words;
  }

  /** Told of a failure that may pass by itself: whether nothing but failures has come for a while. */
  isLasting(): boolean {
    this.#failedAt ??= performance.now();
    return performance.now() - this.#failedAt > TIMINGS.userSync.lasting;
  }

  /** @param isSettled whether it is not about to begin anew with all users */
  passed(isSettled: boolean): void {
    if (this.#told !== null) this.#logger.warn('the changes of users are followed again');
    this.#told = null;
    this.#failedAt = null;
    this.#rest = TIMINGS.userSync.firstRest;
    this.#isSettled ||= isSettled;
  }

  async pause(): Promise<void> {
    await this.#sleep(this.#rest);
    this.#rest = Math.min(this.#rest * 2, TIMINGS.userSync.longestRest);
  }

  /** Each backfill reads all users: one that is of no use is not made again and again. */
  async pauseAfterLoss(): Promise<void> {
    const isAgain = !this.#isSettled || performance.now() - this.#lostAt < TIMINGS.userSync.longestRest * 2;
    this.#isSettled = false;
    this.#restAfterLoss = isAgain
      ? Math.min(this.#restAfterLoss * 2, TIMINGS.userSync.longestRest)
      : TIMINGS.userSync.firstRest;
    await this.#sleep(this.#restAfterLoss);
    this.#lostAt = performance.now();
  }

  async #sleep(milliseconds: number): Promise<void> {
    await rest(milliseconds, undefined, { signal: this.#stopping }).catch(() => undefined);
  }
}

/** An error in words, and what is behind it, where that says more. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
