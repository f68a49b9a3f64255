import { orders, type Order } from '../domains/order/order.source.js';
import { jobStates } from '../platform/jobs/job-queue.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { rowColumns } from '../platform/postgres/rows.js';
import type { RecordedDocument, TransactionDocuments } from './transactions-documents.js';
import type { Found } from './transactions-findings.js';
import { orderJobKey } from '../ordering/order-job.js';
import { paymentId } from '../ordering/payment-id.js';

/** An order as it stands, with what becomes of its job. */
export interface StandingOrder {
  readonly id: string;
  readonly total: string;
  readonly transactionState: Order['transactionState'];
  /** The write that is under way, while nobody sees the order. */
  readonly unfinished: string | null;
  readonly job: 'waiting' | 'parked' | null;
}

/** Reads the orders, and judges what MongoDB has of them. */
export class OrderAudit {
  readonly #postgres: PostgresDatabase;
  readonly #documents: TransactionDocuments;

  constructor(postgres: PostgresDatabase, documents: TransactionDocuments) {
    this.#postgres = postgres;
    this.#documents = documents;
  }

  /** All orders, seen by readers or not, in stretches of this size. */
  async *all(size: number): AsyncGenerator<readonly StandingOrder[]> {
    let last: string | null = null;
    for (;;) {
      const found: readonly StandingOrder[] = await this.#read(
        `WHERE $1::uuid IS NULL OR "id" > $1::uuid ORDER BY "id" LIMIT ${Math.trunc(size)}`,
        last,
      );
      if (found.length > 0) yield found;
      if (found.length < size) return;
      last = found.at(-1)?.id ?? null;
    }
  }

  /** Those that there are of the orders with these ids. */
  withIds(ids: readonly string[]): Promise<readonly StandingOrder[]> {
    return this.#read('WHERE "id" = ANY($1::uuid[])', ids);
  }

  /** What is wrong with these orders. */
  async judge(rows: readonly StandingOrder[]): Promise<readonly Found[]> {
    const documents = await this.#documents.ofOrders(rows.filter(isPromised).map(({ id }) => id));
    const payments = new Map(documents.map((document) => [document.id, document]));
    const byOrder = new Map<string | null, RecordedDocument[]>();
    for (const document of documents) {
      byOrder.set(document.orderId, [...(byOrder.get(document.orderId) ?? []), document]);
    }
    return rows.flatMap((order) => [
      ...lost(order, payments.get(paymentId(order.id))),
      ...doubles(order, byOrder.get(order.id) ?? []),
      ...wrongAmounts(order, payments.get(paymentId(order.id))),
    ]);
  }

  /** The order and its job are of one moment: they were committed together. */
  async #read(which: string, parameter: unknown): Promise<readonly StandingOrder[]> {
    const rows = await this.#postgres.query(
      `SELECT "order".*, "job"."state" AS "job"
       FROM (SELECT ${rowColumns(orders, ['id', 'total', 'transactionState'])}, "unfinished" FROM "orders" ${which}) AS "order"
       LEFT JOIN ${jobStates(this.#postgres.schema)} AS "job" ON "job"."key" = ${orderJobKey('"order"."id"')}
       ORDER BY "order"."id"`,
      parameter,
    );
    return rows as unknown as readonly StandingOrder[];
  }
}

/** Whether an order was promised a transaction. */
export function isPromised({ transactionState }: StandingOrder): boolean {
  return transactionState !== 'NONE';
}

function lost({ id, transactionState, unfinished, job }: StandingOrder, payment?: RecordedDocument): Found[] {
  const found = (problem: string): Found[] => [
    { kind: 'lost', id, orderId: id, transactionIds: [paymentId(id)], problem },
  ];
  if (unfinished !== null) {
    if (job === 'waiting') return [];
    const missing = job === null ? 'there is no job to complete it' : 'its job is parked';
    return found(`the order is hidden (${unfinished}), and ${missing}`);
  }
  switch (transactionState) {
    case 'RECORDED':
      return payment === undefined ? found('the order is RECORDED, and its transaction is not there') : [];
    case 'PENDING':
      if (job === 'parked') return found('the order is PENDING, and its job is parked');
      return job === null ? found('the order is PENDING, and there is no job to record its transaction') : [];
    case 'FAILED':
      return job === null ? found('the order is FAILED, and there is no job to replay') : [];
    default:
      return [];
  }
}

function doubles(order: StandingOrder, documents: readonly RecordedDocument[]): Found[] {
  if (!isPromised(order) || order.unfinished === 'DELETE' || documents.length < 2) return [];
  const { id } = order;
  const problem = `the order has ${documents.length} transactions`;
  return [{ kind: 'doubles', id, orderId: id, transactionIds: documents.map((document) => document.id), problem }];
}

function wrongAmounts(order: StandingOrder, payment?: RecordedDocument): Found[] {
  const { id, transactionState, unfinished } = order;
  if (transactionState !== 'RECORDED' || unfinished !== null || payment === undefined) return [];
  const total = fromStored('decimal', order.total);
  if (payment.amount === total) return [];
  const problem = `the order's total is ${String(total)}, and its transaction's amount ${payment.amount ?? 'no number'}`;
  return [{ kind: 'wrongAmounts', id, orderId: id, transactionIds: [payment.id], problem }];
}
