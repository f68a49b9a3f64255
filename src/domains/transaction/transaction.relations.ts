import { defineRelation } from '../../join/relation.js';
import { orders } from '../order/order.source.js';
import { users } from '../user/user.source.js';
import { transactions } from './transaction.source.js';

export const transactionOrder = defineRelation({
  from: transactions,
  field: 'orderId',
  to: orders,
  name: 'order',
  description: 'The order that was paid, from PostgreSQL; null when there is none.',
  inverse: { name: 'transactions', description: "The order's transactions, from MongoDB; newest first." },
});

export const transactionUser = defineRelation({
  from: transactions,
  field: 'userId',
  to: users,
  name: 'user',
  description: 'The user who paid; null when nobody is there.',
  inverse: { name: 'transactions', description: "The user's transactions; newest first." },
});
