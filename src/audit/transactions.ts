import { JobQueue } from '../platform/jobs/job-queue.js';
import type { Finding } from '../platform/finding.js';
import type { Platform } from '../platform/platform.js';
import { TransactionDocuments } from './transactions-documents.js';
import { lasting, Tally, type Findings } from './transactions-findings.js';
import { isPromised, OrderAudit } from './transactions-orders.js';
import { OutcomeAudit } from './transactions-outcomes.js';
import { PartnerAudit } from './transactions-partners.js';
import { TIMINGS } from '../platform/timings.js';
import { distinct, Visibility } from './visibility.js';

/**
 * What orders in PostgreSQL and transactions in MongoDB are to each other. A database in which it is not sound has lost
 * something that a client was promised, or holds something twice, or something that a client was told is not there.
 */
export interface TransactionAudit {
  /** Rows, seen by readers or not. */
  readonly orders: number;
  /** Documents, without tombstones. */
  readonly transactions: number;
  /** Orders that were promised a transaction. */
  readonly promised: number;
  /** Hidden orders that a job completes. */
  readonly unfinished: number;
  /** Orders whose transaction could not be recorded. */
  readonly failed: number;
  /** Jobs that are worked on, or will be. */
  readonly waiting: number;
  /** Jobs that wait for people. */
  readonly parked: number;
  /** Orders whose transaction is not there, although it was recorded, or although nobody will record it any more. */
  readonly lost: Findings;
  /** Orders that were promised a transaction, and have more than one. */
  readonly doubles: Findings;
  /** Transactions recorded by Tandem whose order is not there. */
  readonly orphans: Findings;
  /** Orders whose transaction has another amount. */
  readonly wrongAmounts: Findings;
  /** Orders that clients were told of, that nobody has deleted, and that are not there. */
  readonly missingOrders: Findings;
  /** Refused orders of which something is there. */
  readonly leftovers: Findings;
  /** Other transactions without an order: people's own data, and no fault. */
  readonly strangers: Findings;
  /** Why rows may be hidden from this audit. Then what rests on their absence is not counted, and nothing is sound. */
  readonly unproved: readonly Finding[];
  /** Whether nothing was found but strangers, and no row may be hidden. */
  readonly isSound: boolean;
}

export interface TransactionAuditOptions {
  /** Rows in one statement. */
  readonly size?: number;
  /** After how many milliseconds a finding is looked at again. */
  readonly pause?: number;
}

const SIZE = 2_000;

type Databases = Pick<Platform, 'postgres' | 'mongo'>;

/** What reads, where it is counted, and how. */
interface Parts {
  readonly postgres: Databases['postgres'];
  readonly documents: TransactionDocuments;
  readonly tally: Tally;
  readonly size: number;
  readonly pause: number;
}

/**
 * Checks every order, every transaction, and everything that clients were told, also while they are written: what is
 * found is looked at once more before it counts. Reads only, stretch by stretch, so that memory is bounded; one
 * statement in each database for a stretch.
 *
 * @throws {AppError} POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE
 */
export async function auditTransactions(
  { postgres, mongo }: Databases,
  { size = SIZE, pause = TIMINGS.audit.pause }: TransactionAuditOptions = {},
): Promise<TransactionAudit> {
  const tally = new Tally();
  const visibility = new Visibility({ postgres, mongo });
  const parts = { postgres, documents: new TransactionDocuments(mongo), tally, size, pause };
  const unread: Finding[] = [];
  const readable = async <T>(check: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await check();
    } catch (error) {
      unread.push(...(await visibility.explain(error, 'orders and transactions')));
      return otherwise;
    }
  };
  const orders = await readable(() => checkOrders(parts), NO_ORDERS);
  const transactions = await readable(() => checkTransactions(parts), 0);
  await readable(() => checkOutcomes(parts), undefined);
  const hidden = await visibility.look();
  const unproved = distinct([...hidden.orders, ...hidden.transactions, ...unread]);
  if (hidden.orders.length > 0) tally.forget('orphans', 'strangers', 'missingOrders', 'lost');
  if (hidden.transactions.length > 0) tally.forget('lost');
  const jobs = await new JobQueue(postgres).counts();
  const faults = {
    lost: tally.of('lost'),
    doubles: tally.of('doubles'),
    orphans: tally.of('orphans'),
    wrongAmounts: tally.of('wrongAmounts'),
    missingOrders: tally.of('missingOrders'),
    leftovers: tally.of('leftovers'),
  };
  const isSound = unproved.length === 0 && Object.values(faults).every(({ count }) => count === 0);
  return { ...orders, transactions, ...jobs, ...faults, strangers: tally.of('strangers'), unproved, isSound };
}

const NO_ORDERS = { orders: 0, promised: 0, unfinished: 0, failed: 0 };

async function checkOrders({ postgres, documents, tally, size, pause }: Parts) {
  const audit = new OrderAudit(postgres, documents);
  const counts = { ...NO_ORDERS };
  for await (const rows of audit.all(size)) {
    counts.orders += rows.length;
    counts.promised += rows.filter(isPromised).length;
    counts.unfinished += rows.filter(({ unfinished, job }) => unfinished !== null && job === 'waiting').length;
    counts.failed += rows.filter(({ transactionState }) => transactionState === 'FAILED').length;
    const again = async (ids: readonly string[]) => audit.judge(await audit.withIds(ids));
    tally.add(await lasting(await audit.judge(rows), again, pause));
  }
  return counts;
}

async function checkTransactions({ postgres, documents, tally, size, pause }: Parts): Promise<number> {
  const audit = new PartnerAudit(postgres);
  let transactions = 0;
  for await (const stretch of documents.all(size)) {
    transactions += stretch.length;
    const found = await audit.judge(stretch);
    // People's data may hold any number of them, and they are no fault: nobody waits for each to be looked at again.
    tally.add(found.filter(({ kind }) => kind === 'strangers'));
    const orphans = found.filter(({ kind }) => kind === 'orphans');
    const again = async (ids: readonly string[]) => audit.judge(await documents.withIds(ids));
    tally.add(await lasting(orphans, again, pause));
  }
  return transactions;
}

async function checkOutcomes({ postgres, documents, tally, size, pause }: Parts): Promise<void> {
  const audit = new OutcomeAudit(postgres, documents);
  for await (const outcomes of audit.all(size)) {
    const again = async (ids: readonly string[]) => audit.judge(await audit.ofOrders(ids));
    tally.add(await lasting(await audit.judge(outcomes), again, pause));
  }
}
