import { expect } from 'vitest';
import type { DatabaseName } from '../../src/join/source.js';
import type { Statement } from '../../src/platform/statements.js';

/** How many statements something cost; a database that is not named cost none. */
export type Cost = Partial<Record<DatabaseName, number>>;

/** Anything that knows the statements it took: what `recordStatements` or a test's `execute` gives. */
interface Recorded {
  readonly statements: readonly Statement[];
}

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-explicit-any -- vitest's own names
  interface Matchers<T = any> {
    /** Passes when each database was sent exactly so many statements, as its driver reported them. */
    toHaveCost(expected: Cost): void;
  }
}

expect.extend({
  toHaveCost(received: Recorded, expected: Cost) {
    const actual = {
      postgres: received.statements.filter(({ database }) => database === 'postgres').length,
      mongo: received.statements.filter(({ database }) => database === 'mongo').length,
    };
    const wanted = { postgres: 0, mongo: 0, ...expected };
    return {
      pass: this.equals(actual, wanted),
      actual,
      expected: wanted,
      message: () =>
        [
          `expected ${JSON.stringify(wanted)} statements${this.isNot ? ' not' : ''} to be sent, got ${JSON.stringify(actual)}:`,
          ...received.statements.map(({ database, text }) => `  ${database}: ${text}`),
        ].join('\n'),
    };
  },
});
