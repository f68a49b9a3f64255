import Big from 'big.js';
import { orders, type Order } from '../domains/order/order.source.js';
import { transactions, type Transaction } from '../domains/transaction/transaction.source.js';
import { normalizeKey } from '../join/key.js';
import type { SourceReader } from '../join/reader.js';
import { KEY } from '../join/source.js';
import { paymentId } from '../ordering/payment-id.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { MongoReferences } from '../platform/mongo/references.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { rowColumns } from '../platform/postgres/rows.js';
import { readAhead, type ConsistencyWalk, type JudgedRows } from './consistency-walk.js';
import { found, stillAmong, type Found, type Inconsistency } from './inconsistency.js';
import { orderProblem, type MeantPartners } from './meant-partners.js';
import type { Meant } from '../platform/wrapped-reference.js';
import { TransactionDocuments, type RecordedDocument } from './transactions-documents.js';

/** What is looked at of a transaction, as the graph reads it. */
type Row = Pick<Transaction, 'id' | 'orderId' | 'amount'>;

type OrderRow = Pick<Order, 'id' | 'total' | 'transactionState'> & { readonly unfinished: string | null };

const FIELDS = new Set([KEY, 'orderId', 'amount']);

/** What comes of an order is certain in these states; in the others its transaction is still to come, or to be changed. */
const SETTLED: ReadonlySet<string> = new Set(['NONE', 'RECORDED']);

/** Goes through the transactions: whether the orders that they name are there, and cost what was paid. */
export class TransactionWalk implements ConsistencyWalk {
  readonly name = 'transactions';
  readonly #postgres: PostgresDatabase;
  readonly #references: MongoReferences;
  readonly #documents: TransactionDocuments;
  readonly #partners: MeantPartners;
  readonly #primary: Pick<SourceReader, 'findByKeys'>;

  constructor(parts: {
    postgres: PostgresDatabase;
    mongo: MongoDatabase;
    mongoPrimary: Pick<SourceReader, 'findByKeys'>;
    partners: MeantPartners;
  }) {
    this.#postgres = parts.postgres;
    this.#references = new MongoReferences(parts.mongo);
    this.#documents = new TransactionDocuments(parts.mongo);
    this.#primary = parts.mongoPrimary;
    this.#partners = parts.partners;
  }

  async *stretches(after: string | null, size: number): AsyncGenerator<JudgedRows> {
    const read = async (behind: string | null) => {
      const { rows, next } = await this.#references.stretch(transactions, FIELDS, behind, size);
      return { rows: rows as readonly Row[], next };
    };
    for await (const { rows, start, next } of readAhead(read, after))
      yield { examined: rows.length, found: await this.#judge(rows), start, next };
  }

  async lasting(before: readonly Found[]): Promise<readonly Found[]> {
    const ids = before.map(({ id }) => id);
    const keys = ids.filter(isKey);
    const there = await this.#primary.findByKeys<Row>(transactions, KEY, keys, FIELDS, null);
    // The others cannot be asked for by their ids; whether they are wrong can be asked again all the same.
    const others = before.filter(({ id }) => !isKey(id)).map(({ expected }) => expected as Row);
    return stillAmong(before, await this.#judge([...there, ...others]));
  }

  async #judge(rows: readonly Row[]): Promise<readonly Found[]> {
    const references = new Set(rows.flatMap(({ orderId }) => orderKey(orderId) ?? []));
    const there = await this.#orders([...references]);
    const partnered = rows.map((row) => [row, there.get(orderKey(row.orderId) ?? '')] as const);
    const differing = partnered.filter(([row, order]) => order !== undefined && isOther(row, order));
    const shares = await this.#shares(differing.flatMap(([row, order]) => (isPayment(row) ? [] : [order?.id ?? ''])));
    const lost = partnered.flatMap(([{ orderId }, order]) =>
      order === undefined && orderId !== null ? [orderId] : [],
    );
    const meant = await this.#partners.orders(lost);
    return partnered.flatMap(([row, order]) => {
      if (row.orderId === null) return [];
      const partner = meant.get(row.orderId);
      if (order === undefined && partner !== undefined) return partner.how === 'plain' ? [] : [unjoined(row, partner)];
      if (order === undefined) return [{ ...found(orphan(row)), expected: row }];
      const isWrong = isOther(row, order) && !isPaidInParts(order, shares);
      return isWrong ? [{ ...found(wrongAmount(row, order)), expected: row }] : [];
    });
  }

  async #orders(ids: readonly string[]): Promise<ReadonlyMap<string, OrderRow>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#postgres.query(
      `SELECT ${rowColumns(orders, ['id', 'total', 'transactionState'])}, "unfinished" FROM "orders"
       WHERE "id" = ANY($1::uuid[])`,
      ids,
    );
    return new Map((rows as unknown as readonly OrderRow[]).map((row) => [row.id, row]));
  }

  /** What was paid in all for orders that others have several transactions of. */
  async #shares(ids: readonly string[]): Promise<ReadonlyMap<string, Big>> {
    const sums = new Map<string, Big[]>();
    for (const document of await this.#documents.ofOrders([...new Set(ids)])) {
      const amounts = amountsOf(document);
      if (document.orderId !== null) sums.set(document.orderId, [...(sums.get(document.orderId) ?? []), ...amounts]);
    }
    return new Map(
      [...sums].filter(([, of]) => of.length > 1).map(([id, of]) => [id, of.reduce((sum, one) => sum.plus(one))]),
    );
  }
}

function amountsOf({ amount }: RecordedDocument): readonly Big[] {
  return amount === null ? [] : [new Big(amount)];
}

function isKey(id: string): boolean {
  return normalizeKey('objectId', id) !== null;
}

function orderKey(orderId: string | null): string | null {
  return normalizeKey('uuid', orderId);
}

/** Whether Tandem has recorded it, under a key that is made from the order's. */
function isPayment({ id, orderId }: Row): boolean {
  const key = orderKey(orderId);
  return key !== null && id === paymentId(key);
}

function isOther({ amount }: Row, { total, transactionState, unfinished }: OrderRow): boolean {
  return SETTLED.has(transactionState) && unfinished === null && amount !== fromStored('decimal', total);
}

function isPaidInParts({ id, total }: OrderRow, shares: ReadonlyMap<string, Big>): boolean {
  const costs = fromStored('decimal', total);
  return typeof costs === 'string' && shares.get(id)?.eq(costs) === true;
}

/** A transaction whose order is there, although the graph does not find it. */
function unjoined(row: Row, meant: Meant): Found {
  const about = { id: row.id, reference: row.orderId, problem: orderProblem(meant) };
  const inconsistency: Inconsistency =
    meant.how === 'otherType'
      ? { ...about, kind: 'otherTypeReferences', reason: 'ORDER_OF_OTHER_TYPE' }
      : { ...about, kind: 'wrappedReferences', reason: 'ORDER_WRAPPED' };
  return { ...found(inconsistency), expected: row, meant };
}

function orphan({ id, orderId }: Row): Inconsistency {
  const [reason, problem] =
    orderKey(orderId) === null
      ? (['MALFORMED', 'the id of its order is none'] as const)
      : (['NO_ORDER', 'no order has the id that it names'] as const);
  return { kind: 'orphanTransactions', reason, id, reference: orderId, problem };
}

function wrongAmount({ id, orderId, amount }: Row, { total }: OrderRow): Inconsistency {
  const problem = `its amount is ${amount ?? 'no number'}, and its order's total ${String(fromStored('decimal', total))}`;
  return { kind: 'wrongAmounts', reason: 'OTHER_AMOUNT', id, reference: orderId, problem };
}
