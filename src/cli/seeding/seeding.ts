import type { Platform } from '../../platform/platform.js';
import type { Progress, Task } from '../../platform/task.js';
import { reasonOf } from '../doctor/reason.js';
import { inWords, persistently, writeAll } from './batches.js';
import { COUNTED, type Destination, type RowCounts } from './destination.js';
import type { Plan } from './plan.js';
import { SeededDocuments } from './seeded-documents.repository.js';
import { SeededOrders } from './seeded-orders.repository.js';

/** What of a seeding is there, of how much, and what of others; null where the database does not answer. */
export interface Standing {
  readonly destination: Destination;
  readonly counts: RowCounts | null;
}

/** A database did not take what was written; the message says what it said. */
export class DatabaseFailedError extends Error {
  readonly code = 'DATABASE_FAILED';

  constructor(database: string, cause: unknown) {
    super(`${database} said: ${reasonOf(cause)}`, { cause });
  }
}

/** One plan and two databases: what is there of it, and writing the rest. */
export class Seeding {
  readonly orders: SeededOrders;
  readonly users: SeededDocuments;
  readonly transactions: SeededDocuments;

  constructor({ postgres, mongo }: Pick<Platform, 'postgres' | 'mongo'>, plan: Plan) {
    this.orders = new SeededOrders(postgres, plan);
    this.users = SeededDocuments.users(mongo, plan);
    this.transactions = SeededDocuments.transactions(mongo, plan);
  }

  get destinations(): readonly Destination[] {
    return [this.users, this.orders, this.transactions];
  }

  /** @throws {AppError} POSTGRES_UNAVAILABLE, MONGO_UNAVAILABLE */
  survey(): Promise<(Standing & { readonly counts: RowCounts })[]> {
    const counting = this.destinations.map(async (destination) => ({ destination, counts: await destination.count() }));
    return Promise.all(counting);
  }

  /** The same where a database may be away. */
  async surveyWhatAnswers(): Promise<Standing[]> {
    const counts = await Promise.allSettled(this.destinations.map((destination) => destination.count()));
    return this.destinations.map((destination, at) => {
      const outcome = counts[at];
      return { destination, counts: outcome?.status === 'fulfilled' ? outcome.value : null };
    });
  }

  /**
   * Writes what is not there, both databases side by side. Returns, or throws, when no write is under way any more.
   *
   * @throws {DatabaseFailedError} for the first write that fails
   * @throws {DOMException} AbortError when the signal says so
   */
  async write(task: Task, signal: AbortSignal): Promise<void> {
    const failure = new AbortController();
    const either = AbortSignal.any([signal, failure.signal]);
    const side = (database: string, work: (update: Progress) => Promise<void>) =>
      task(`Seed ${database}`, work).catch((error: unknown) => {
        failure.abort(signal.aborted ? signal.reason : new DatabaseFailedError(database, error));
      });
    await Promise.all([
      side('PostgreSQL', async (update) => {
        await writeAll(this.orders, update, either);
        await persistently(() => this.orders.analyze(), either);
      }),
      side('MongoDB', async (update) => {
        const share = this.users.planned / Math.max(1, this.users.planned + this.transactions.planned);
        await writeAll(this.users, partOf(update, 0, share), either);
        await writeAll(this.transactions, partOf(update, share, 1), either);
      }),
    ]);
    failure.signal.throwIfAborted();
  }
}

/** The progress of a part of a task, which goes from one fraction to another. */
function partOf(update: Progress, from: number, to: number): Progress {
  return (fraction = 0, detail) => {
    update(from + fraction * (to - from), detail);
  };
}

/** `4,000 of 10,000 users, 12,000 of 100,000 orders, ...` */
export function progressOf(standings: readonly Standing[]): string {
  const parts = standings.map(({ destination: { name, planned }, counts }) => {
    const there = counts === null ? 'an unknown number' : inWords(counts.own);
    return `${there} of ${inWords(planned)} ${name}`;
  });
  return parts.join(', ');
}

/** `10,000 users, 100,000 orders, ...`: what is there in the end. */
export function wholeOf({ destinations }: Seeding): string {
  return destinations.map(({ name, planned }) => `${inWords(planned)} ${name}`).join(', ');
}

/** `3 users, more than 1,000,000 orders`: what is there of others; empty when nothing is. */
export function strangersIn(standings: readonly Standing[]): string {
  const parts = standings.map(({ destination: { name }, counts }) => {
    const others = counts?.others ?? 0;
    if (others === 0) return [];
    return others > COUNTED ? `more than ${inWords(COUNTED)} ${name}` : `${inWords(others)} ${name}`;
  });
  return parts.flat().join(', ');
}

/** Whether all rows of the seeding are there. */
export function isWhole(standings: readonly Standing[]): boolean {
  return standings.every(({ destination: { planned }, counts }) => counts !== null && counts.own >= planned);
}
