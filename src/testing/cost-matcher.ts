import type {} from 'vitest';
import type { DatabaseName } from '../join/source.js';
import type { Statement } from '../platform/statements.js';

/** How many statements something cost; a database that is not named cost none. */
export type Cost = Partial<Record<DatabaseName, number>>;

/** Anything that knows the statements it took: what `recordStatements` or an `execute` gives. */
export interface Recorded {
  readonly statements: readonly Statement[];
}

/** What vitest and Jest take from a matcher. */
interface Verdict {
  readonly pass: boolean;
  readonly actual: Required<Cost>;
  readonly expected: Required<Cost>;
  readonly message: () => string;
}

/** How many statements each database was sent: for runners whose assertions cannot be extended. */
export function costOf({ statements }: Recorded): Required<Cost> {
  const sentTo = (name: DatabaseName) => statements.filter(({ database }) => database === name).length;
  return { postgres: sentTo('postgres'), mongo: sentTo('mongo') };
}

/**
 * A matcher for `expect.extend({ toHaveCost })`, in vitest and in Jest: passes when each database was sent exactly so
 * many statements. A failure lists them.
 */
export function toHaveCost(this: unknown, received: Recorded, expected: Cost): Verdict {
  const actual = costOf(received);
  const wanted = { postgres: 0, mongo: 0, ...expected };
  const pass = actual.postgres === wanted.postgres && actual.mongo === wanted.mongo;
  // Where it fails although it passes, it stood behind `.not`.
  const message = () =>
    [
      `expected ${JSON.stringify(wanted)} statements${pass ? ' not' : ''} to be sent, got ${JSON.stringify(actual)}:`,
      ...received.statements.map(({ database, text }) => `  ${database}: ${text}`),
    ].join('\n');
  return { pass, actual, expected: wanted, message };
}

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-explicit-any -- vitest's own names
  interface Matchers<T = any> {
    /** Passes when each database was sent exactly so many statements, as its driver reported them. */
    toHaveCost(expected: Cost): void;
  }
}
