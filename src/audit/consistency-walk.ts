import type { Found, InconsistencyKind } from './inconsistency.js';
import type { Standing } from './copy-progress.js';

/** Some rows of what is walked through, judged. */
export interface JudgedRows {
  readonly examined: number;
  /** In the order of the rows. */
  readonly found: readonly Found[];
  /** Behind what place the rows are; null for the first. */
  readonly start: string | null;
  /** Where to go on; null after the last row. */
  readonly next: string | null;
}

/** Goes through one table or collection, and says what is wrong there. It reads only, and any row once. */
export interface ConsistencyWalk {
  readonly name: WalkName;
  /** @throws {AppError} POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE */
  stretches(after: string | null, size: number): AsyncGenerator<JudgedRows>;
  /**
   * Those of its findings that are still so, given how the copies stand by now.
   *
   * @throws {AppError} as {@link stretches} does
   */
  lasting(found: readonly Found[], standing: Standing): Promise<readonly Found[]>;
}

/** What each walk looks for. */
export const KINDS_OF = {
  orders: ['danglingOrders', 'staleOrderCopies', 'wrappedReferences', 'otherTypeReferences'],
  transactions: ['orphanTransactions', 'wrongAmounts', 'wrappedReferences', 'otherTypeReferences'],
  users: ['staleCopies', 'conflictingCopies'],
  copies: ['staleCopies', 'conflictingCopies'],
} as const satisfies Record<string, readonly InconsistencyKind[]>;

export type WalkName = keyof typeof KINDS_OF;

/** Rows behind a place. */
export interface ReadRows<R> {
  readonly rows: readonly R[];
  readonly next: string | null;
}

/** All that there is behind a place. The next rows are read while the last ones are judged: they are two databases' work. */
export async function* readAhead<R>(
  read: (after: string | null) => Promise<ReadRows<R>>,
  after: string | null,
): AsyncGenerator<ReadRows<R> & { readonly start: string | null }> {
  let start = after;
  let reading: Promise<ReadRows<R>> | null = read(after);
  while (reading !== null) {
    const { rows, next }: ReadRows<R> = await reading;
    reading = next === null ? null : read(next);
    // Should judging fail first, nobody is left to hear of this one.
    reading?.catch(() => undefined);
    yield { rows, start, next };
    start = next;
  }
}

/** Rows of a table in the order of a column: where the next ones begin, if there may be any. */
export function nextBehind<R>(rows: readonly R[], size: number, place: (row: R) => string): ReadRows<R> {
  const last = rows.length < size ? undefined : rows.at(-1);
  return { rows, next: last === undefined ? null : place(last) };
}
