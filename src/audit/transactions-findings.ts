import { setTimeout as pause } from 'node:timers/promises';

/** What can be wrong between orders and transactions. */
export type FindingKind = 'lost' | 'doubles' | 'orphans' | 'wrongAmounts' | 'missingOrders' | 'leftovers' | 'strangers';

export interface TransactionFinding {
  /** The order that it is about, in normal spelling; null where a transaction names none. */
  readonly orderId: string | null;
  /** The transactions that it is about. */
  readonly transactionIds: readonly string[];
  /** What is so, as a sentence without its full stop. */
  readonly problem: string;
}

/** How often one thing was found, and the first few. */
export interface Findings {
  readonly count: number;
  readonly examples: readonly TransactionFinding[];
}

/** A finding before it is known to last. */
export interface Found extends TransactionFinding {
  readonly kind: FindingKind;
  /** What is read again to see whether it is still so: the id of an order, or of a transaction. */
  readonly id: string;
}

/** Findings of one kind that are shown. */
const EXAMPLES = 20;

/** Findings by kind, of which only the first few are kept. */
export class Tally {
  readonly #found = new Map<FindingKind, { count: number; examples: TransactionFinding[] }>();

  add(found: readonly Found[]): void {
    for (const { kind, orderId, transactionIds, problem } of found) {
      const findings = this.#found.get(kind) ?? { count: 0, examples: [] };
      findings.count += 1;
      if (findings.examples.length < EXAMPLES) findings.examples.push({ orderId, transactionIds, problem });
      this.#found.set(kind, findings);
    }
  }

  /** Drops what was found of these kinds: it is not proved. */
  forget(...kinds: readonly FindingKind[]): void {
    for (const kind of kinds) this.#found.delete(kind);
  }

  of(kind: FindingKind): Findings {
    return this.#found.get(kind) ?? { count: 0, examples: [] };
  }
}

/**
 * Those of the findings that are still there after a while: what two databases say at two moments need not have been so
 * at any.
 *
 * @param lookAgain what is found of these ids now
 */
export async function lasting(
  found: readonly Found[],
  lookAgain: (ids: readonly string[]) => Promise<readonly Found[]>,
  after: number,
): Promise<readonly Found[]> {
  if (found.length === 0) return found;
  await pause(after);
  const before = new Set(found.map(identity));
  const now = await lookAgain([...new Set(found.map(({ id }) => id))]);
  return now.filter((one) => before.has(identity(one)));
}

function identity({ kind, id }: Found): string {
  return `${kind} ${id}`;
}
