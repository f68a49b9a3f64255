import { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseName } from '../join/source.js';

/** One statement that a database was really sent. */
export interface Statement {
  readonly database: DatabaseName;
  /** SQL with its placeholders, or a MongoDB command in the shell's notation with long lists cut. */
  readonly text: string;
}

const recording = new AsyncLocalStorage<Statement[]>();

/**
 * Runs `work` and gives its result together with every statement that it, and whatever it awaited, sent to either
 * database. The drivers report them, so nothing is counted that did not go out. Recordings that run at the same time do
 * not see each other's statements; a nested one hides its own from the outer.
 */
export async function recordStatements<T>(
  work: () => Promise<T>,
): Promise<{ result: T; statements: readonly Statement[] }> {
  const statements: Statement[] = [];
  const result = await recording.run(statements, work);
  return { result, statements };
}

const sending = new AsyncLocalStorage<{ sent: boolean }>();

/**
 * Runs `work`; what it fails with is made into what `explain` says, who is told whether any statement had gone out by
 * then: only that tells a write that was never made from one that may have been. (What a driver throws does not: it
 * looks for a server again before it repeats a write, and then says that it found none.)
 */
export function whetherSent<T>(
  work: () => Promise<T>,
  explain: (error: unknown, sent: boolean) => unknown,
): Promise<T> {
  const state = { sent: false };
  return sending.run(state, async () => {
    try {
      return await work();
    } catch (error) {
      throw explain(error, state.sent);
    }
  });
}

/**
 * Reports a statement; called by the two drivers' instrumentation and by nobody else. Its text is made only when
 * somebody records.
 */
export function reportStatement(database: DatabaseName, text: () => string): void {
  const state = sending.getStore();
  if (state !== undefined) state.sent = true;
  recording.getStore()?.push({ database, text: text() });
}
