import { isAppError, isPassing, type AppError } from '../errors/app-error.js';

/** Whether every write that was sent to MongoDB has been answered. */
export interface Certainty {
  isCertain: boolean;
}

const FIRST_PAUSE = 50;
/** What a healthy server does not need, in milliseconds. */
const LEAST_PATIENCE = 500;

/**
 * Makes a write again, which does no harm, until it is known whether it was done. From the first answer that does not
 * come, an earlier one may arrive late: `state.isCertain` is false then.
 *
 * @param write is told how long the server may take, in milliseconds
 * @throws the last error when the time is up
 */
export async function certain<T>(write: (patience: number) => Promise<T>, until: number, state: Certainty): Promise<T> {
  for (let pause = FIRST_PAUSE; ; pause *= 2) {
    try {
      return await write(Math.max(LEAST_PATIENCE, Math.round(until - performance.now())));
    } catch (error) {
      const isUnknown = isAppError(error, 'OUTCOME_UNKNOWN');
      if (isUnknown) state.isCertain = false;
      const mayPass = isUnknown || (isAppError(error, 'MONGO_UNAVAILABLE') && !state.isCertain);
      if (!mayPass || performance.now() + pause > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/**
 * The same for a write to PostgreSQL, which comes again with the same keys and so meets what it has written: until it is
 * known whether it was done.
 *
 * @param write is told whether an attempt before has had no answer
 * @throws {AppError} OUTCOME_UNKNOWN when the time is up; what the first attempt is refused with, as it comes
 */
export async function untilKnown<T>(write: (isRepeated: boolean) => Promise<T>, until: number): Promise<T> {
  let unknown: AppError | null = null;
  for (let pause = FIRST_PAUSE; ; pause *= 2) {
    try {
      return await write(unknown !== null);
    } catch (error) {
      if (isAppError(error, 'OUTCOME_UNKNOWN')) unknown = error;
      // That PostgreSQL is away by now, or will not have it any more, says nothing of what was sent before.
      if (unknown === null || !(isPassing(error) || isRefusal(error))) throw error;
      if (performance.now() + pause > until) throw unknown;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** Whether MongoDB will not have it, or was never asked: nothing was written, and nothing of it can be on its way. */
export function isFinal(error: unknown, { isCertain }: Readonly<Certainty>): error is AppError {
  return isRefusal(error) || (isAppError(error, 'MONGO_UNAVAILABLE') && isCertain);
}

const REFUSALS = ['WRITE_REFUSED', 'READ_ONLY', 'NOT_UNIQUE'] as const;

/** Whether a database refused a write, by its own rules or because it could not be done once. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.some((code) => isAppError(error, code));
}
