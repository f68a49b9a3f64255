import { defineSource } from '../../join/source.js';
import type { Transaction } from './transaction.type.js';

/** Transactions, as they lie in MongoDB. `orderId` is the UUID of a PostgreSQL order as a string. */
export const transactions = defineSource<Transaction>({
  name: 'transactions',
  database: 'mongo',
  from: 'transactions',
  key: 'id',
  fields: {
    id: { kind: 'objectId', stored: '_id' },
    orderId: { kind: 'uuid' },
    userId: { kind: 'objectId' },
    amount: { kind: 'decimal' },
    createdAt: { kind: 'dateTime' },
  },
  orderBy: [
    { field: 'createdAt', direction: 'desc' },
    { field: 'id', direction: 'desc' },
  ],
});
