import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { TransactionDocuments } from './transactions-documents.js';
import type { Found } from './transactions-findings.js';
import { paymentId } from '../ordering/payment-id.js';

/** What a client was told of an order, and whether the order is there. */
export interface Outcome {
  readonly actor: string;
  readonly key: string;
  readonly orderId: string;
  /** Null while nobody was told anything. */
  readonly kind: string | null;
  readonly isDeleted: boolean;
  readonly isThere: boolean;
}

/** Reads what clients were told, and judges it by what is there. */
export class OutcomeAudit {
  readonly #postgres: PostgresDatabase;
  readonly #documents: TransactionDocuments;

  constructor(postgres: PostgresDatabase, documents: TransactionDocuments) {
    this.#postgres = postgres;
    this.#documents = documents;
  }

  /** All that is remembered about orders, in stretches of this size. */
  async *all(size: number): AsyncGenerator<readonly Outcome[]> {
    let last: Outcome | undefined;
    do {
      const found: readonly Outcome[] = await this.#read(
        `($1::text IS NULL OR ("actor", "key") > ($1::text, $2::text)) ORDER BY "actor", "key" LIMIT ${Math.trunc(size)}`,
        last?.actor ?? null,
        last?.key ?? null,
      );
      if (found.length > 0) yield found;
      last = found.length < size ? undefined : found.at(-1);
    } while (last !== undefined);
  }

  /** What is remembered about the orders with these ids. */
  ofOrders(orderIds: readonly string[]): Promise<readonly Outcome[]> {
    return this.#read('"orderId" = ANY($1::uuid[])', orderIds);
  }

  /** What is not as clients were told. */
  async judge(outcomes: readonly Outcome[]): Promise<readonly Found[]> {
    const refused = outcomes.filter(isRefused).map(({ orderId }) => orderId);
    const documents = await this.#documents.withIds(refused.map(paymentId));
    const recorded = new Set(documents.map(({ id }) => id));
    return outcomes.flatMap((outcome) =>
      isRefused(outcome) ? leftover(outcome, recorded.has(paymentId(outcome.orderId))) : missing(outcome),
    );
  }

  /** The key and the order are of one moment: they were committed together. */
  async #read(which: string, ...parameters: unknown[]): Promise<readonly Outcome[]> {
    const rows = await this.#postgres.query(
      `SELECT "actor", "key", "orderId"::text AS "orderId", "outcome" ->> 'kind' AS "kind",
         "deletedAt" IS NOT NULL AS "isDeleted",
         EXISTS (SELECT FROM "orders" WHERE "orders"."id" = "keys"."orderId") AS "isThere"
       FROM "tandem_idempotency_keys" AS "keys" WHERE "orderId" IS NOT NULL AND ${which}`,
      ...parameters,
    );
    return rows as unknown as readonly Outcome[];
  }
}

function isRefused({ kind }: Outcome): boolean {
  return kind !== null && kind !== 'created';
}

function missing({ orderId, kind, isDeleted, isThere }: Outcome): Found[] {
  if (isThere || isDeleted) return [];
  const about = { id: orderId, orderId, transactionIds: [] };
  if (kind !== null)
    return [{ ...about, kind: 'missingOrders', problem: 'the order was acknowledged, and is not there' }];
  return [{ ...about, kind: 'lost', problem: 'the order is to be completed, and is not there' }];
}

function leftover({ orderId, kind, isThere }: Outcome, isRecorded: boolean): Found[] {
  if (!isThere && !isRecorded) return [];
  const left = [...(isThere ? ['the order'] : []), ...(isRecorded ? ['its transaction'] : [])];
  const problem = `the client was told ${String(kind)}, and there is ${left.join(' and ')}`;
  const transactionIds = isRecorded ? [paymentId(orderId)] : [];
  return [{ kind: 'leftovers', id: orderId, orderId, transactionIds, problem }];
}
