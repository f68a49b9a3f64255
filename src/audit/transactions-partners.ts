import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { RecordedDocument } from './transactions-documents.js';
import type { Found } from './transactions-findings.js';
import { paymentId } from '../ordering/payment-id.js';

/** Judges transactions by whether their orders are there. */
export class PartnerAudit {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** The transactions without an order: those that Tandem has recorded, and people's own. */
  async judge(documents: readonly RecordedDocument[]): Promise<readonly Found[]> {
    const present = await this.#present(documents.flatMap(({ orderId }) => orderId ?? []));
    return documents.filter(({ orderId }) => orderId === null || !present.has(orderId)).map(withoutOrder);
  }

  /** Hidden orders are there, too: what becomes of their transactions is not settled yet. */
  async #present(orderIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (orderIds.length === 0) return new Set();
    const sql = 'SELECT "id"::text AS "id" FROM "orders" WHERE "id" = ANY($1::uuid[])';
    const rows = await this.#postgres.query(sql, [...new Set(orderIds)]);
    return new Set(rows.map(({ id }) => String(id)));
  }
}

function withoutOrder({ id, orderId }: RecordedDocument): Found {
  const isOurs = orderId !== null && id === paymentId(orderId);
  const problem = orderId === null ? 'the transaction names no order' : "the transaction's order is not there";
  return { kind: isOurs ? 'orphans' : 'strangers', id, orderId, transactionIds: [id], problem };
}
