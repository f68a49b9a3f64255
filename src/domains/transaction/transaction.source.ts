import { dateTime, decimal, defineSource, nullable, objectId, uuid, type RowOf } from '../../join/source.js';

/** A MongoDB ObjectId as 24 lower-case hex characters. */
export type TransactionId = string & { readonly __brand: 'TransactionId' };

/** Transactions, as they lie in MongoDB. `orderId` is the UUID of a PostgreSQL order as a string. */
export const transactions = defineSource({
  name: 'transactions',
  type: 'Transaction',
  description: 'What was paid for an order, kept in MongoDB. What is missing or odd in a document is null.',
  database: 'mongo',
  // A tombstone: it keeps its key from a transaction that was called off and may still arrive.
  hiddenBy: 'voidedAt',
  fields: {
    id: objectId<TransactionId>("The transaction's id, an ObjectId: 24 hex characters in lower case."),
    orderId: nullable(uuid('The id of the order that was paid, a UUID.')),
    userId: nullable(objectId('The id of the user who paid, an ObjectId.')),
    amount: nullable(decimal('How much was paid.')),
    createdAt: nullable(dateTime('When it was paid.')),
  },
});

export type Transaction = RowOf<typeof transactions>;
