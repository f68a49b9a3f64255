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

/**
 * Reports a statement; called by the two drivers' instrumentation and by nobody else. Its text is made only when
 * somebody records.
 */
export function reportStatement(database: DatabaseName, text: () => string): void {
  recording.getStore()?.push({ database, text: text() });
}
